"""The steps of an import as an abstract class, with their timeout and retries. `activities/importer.py` does them."""

from abc import ABC, abstractmethod
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    import workflows.import_messages as im
    from workflows.steps import LIBRARY, StepOptions

IMPORT: StepOptions = {
    "task_queue": LIBRARY,
    "start_to_close_timeout": timedelta(minutes=5),
    "heartbeat_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1),
        maximum_interval=timedelta(minutes=2),
        maximum_attempts=10,
        non_retryable_error_types=["PayloadsTooLarge"],
    ),
}
"""An archive is unpacked and judged in memory, for up to a minute, beside other work of the process: heartbeats may be
late. Ten tries ride out some six minutes without a database or a disk; an archive that kills workers gets no more."""


class Importing(ABC):
    """What becomes of an archive of skills. Each step may run twice, and a second run doubles nothing."""

    @activity.defn
    @abstractmethod
    async def open_archive(self, request: im.ForImport) -> im.Taken:
        """Look at the archive and count its skills. Refuses one that is unsafe or holds no skill."""

    @activity.defn
    @abstractmethod
    async def take_skills(self, batch: im.ImportBatch) -> im.Taken:
        """Judge and publish some skills, each whole or not at all, and note what became of them."""

    @activity.defn
    @abstractmethod
    async def close_import(self, ending: im.ImportEnding) -> None:
        """Note the end, and give back what is still held."""
