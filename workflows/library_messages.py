"""What the workflows of the library take and give. Lenient and small: texts of skills stay in the database."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.shape import Shape


class Curation(StrEnum):
    """What a person does to a published skill."""

    ROLLBACK = "rollback"
    DEPRECATE = "deprecate"
    YANK = "yank"
    RESTORE = "restore"
    ALIAS = "alias"
    UNALIAS = "unalias"


class CurateRequest(Shape):
    """Input of the workflow `curate-skill:{change_id}`.

    `version`: what a rollback goes to; empty for the one before, and where there is none the skill is yanked. `digest`:
    filled in by the first step. `alias` is the other name that is given or taken away.
    """

    change_id: UUID
    kind: Curation
    name: str
    by: str
    reason: str = ""
    version: str = ""
    replaced_by: str | None = None
    alias: str = ""


class Curated(Shape):
    """What was decided: `done` when no files move. `withdrawn`: the files leave the library's folder."""

    request: CurateRequest
    path: str = ""
    version: str = ""
    status: str = ""
    withdrawn: bool = False
    done: bool = False
    at: datetime | None = None


class CheckRequest(Shape):
    """Input of the workflow `check-library`. `register_only`: list what lies there without a row, and nothing else."""

    repair: bool = False
    by: str
    register_only: bool = False


class Commit(Shape):
    """A version that shall be in the library's git history."""

    job_id: UUID
    path: str
    version: str
    digest: str
    by: str


class Committed(Shape):
    """`commit`: its name, or None with `why` not."""

    commit: str | None = None
    why: str = ""
