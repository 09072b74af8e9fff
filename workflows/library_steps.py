"""The steps that curate and check the library, as abstract classes; timeouts and retries are those of `steps.py`."""

from abc import ABC, abstractmethod
from datetime import timedelta

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    import workflows.library_messages as lib
    from domain.library.curation import LibraryReport
    from workflows.steps import FILES, StepOptions

WHOLE: StepOptions = {**FILES, "start_to_close_timeout": timedelta(minutes=15)}
"""Looking at all of a library: some thousand folders."""


class Curator(ABC):
    """A person's changes to published skills: files and rows, together or not at all."""

    @activity.defn
    @abstractmethod
    async def decide_curation(self, request: lib.CurateRequest) -> lib.Curated:
        """Say what is to be done and take the name for it; what moves no files is done here, whole."""

    @activity.defn
    @abstractmethod
    async def curate_files(self, curated: lib.Curated) -> None:
        """Bring the library's folder to what was decided."""

    @activity.defn
    @abstractmethod
    async def curate_rows(self, curated: lib.Curated) -> None:
        """Make the rows say so, with an entry in the record."""

    @activity.defn
    @abstractmethod
    async def undo_curation(self, curated: lib.Curated) -> None:
        """Bring the folder back to what the rows say."""


class Keeper(ABC):
    """Compares rows and files."""

    @activity.defn
    @abstractmethod
    async def check_library(self, request: lib.CheckRequest) -> LibraryReport:
        """Find what differs, and mend it if asked to; nothing that people wrote is lost."""

    @activity.defn
    @abstractmethod
    async def commit_skill(self, commit: lib.Commit) -> lib.Committed:
        """Put a published skill into the library's git history, if the settings ask for it. Never fails a promotion."""
