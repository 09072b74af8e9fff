"""Where Temporal's Web UI shows the workflow of a job; nowhere when nobody said where that UI is."""

from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

from domain.job import EVALUATE_SKILL


@dataclass(frozen=True)
class WorkflowPages:
    """The Web UI's address, if it is known, and the namespace that jobs run in."""

    address: str | None = None
    namespace: str = "default"

    def of(self, job_id: UUID, job_type: str) -> str | None:
        """The page of a job's workflow; the UI leads on to its newest run (tried with 2.54)."""
        if self.address is None:
            return None
        workflow = f"{'evaluate' if job_type == EVALUATE_SKILL else 'create'}-skill:{job_id}"
        return f"{self.address}/namespaces/{quote(self.namespace, safe='')}/workflows/{quote(workflow, safe='')}"


NOWHERE = WorkflowPages()
