"""What crosses between the evaluation of a published skill and its steps: identities and counts."""

from uuid import UUID

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.shape import Shape
    from workflows.messages import ForJob, Spent


class ForVersion(ForJob):
    """A published version of a skill is to be evaluated again, with the agent `model` (empty: the configured one).

    `version` empty: the newest. `reason`: demand or schedule.
    """

    name: str
    version: str = ""
    model: str = ""
    reason: str = "demand"
    by: str = ""


class TakenUp(Shape):
    """A published version that is ready to be tried: its files are revision 1 of the evaluation's own job."""

    name: str
    version: str
    cases: int


class Concluded(Spent):
    """What an evaluation found: keep, fix or retire."""

    evaluation_id: UUID
    verdict: str
