"""An import of skills: what is asked for, and what became of each skill. Shapes only, for every layer."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from domain.shape import Shape
from domain.skill import Severity

MAX_REASON = 2_000
MOST_FINDINGS = 20
"""Findings of one skill that a report names; errors first."""


class Verdict(StrEnum):
    """What became of one skill."""

    IMPORTED = "imported"
    WARNED = "imported with warnings"
    UNCHANGED = "unchanged"
    """The library has it already, byte for byte."""
    CONFLICT = "conflict"
    """The library has another skill of this name; nothing was changed."""
    REFUSED = "refused"


class ImportStatus(StrEnum):
    """How far an import is."""

    REQUESTED = "requested"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class Checkout(Shape):
    """Where the files came from, as a git checkout says: nothing of it is verified."""

    commit: Annotated[str | None, Field(pattern=r"^[0-9a-f]{7,64}$")] = None
    remote: Annotated[str | None, Field(max_length=500)] = None


class ImportWish(Shape):
    """What is asked for. `accept`: codes of safety findings that may stand, for `reason`."""

    category: str | None = None
    dry_run: bool = False
    accept: list[str] = []
    reason: Annotated[str, Field(max_length=MAX_REASON)] = ""
    checkout: Checkout | None = None


class ImportFinding(Shape):
    """One thing said against a skill."""

    code: str
    severity: Severity
    message: str
    file: str
    line: int | None = None
    accepted: bool = False


class SkillLine(Shape):
    """What became of one skill; `folder` is its place in the archive, `path` where it lies in the library.

    `codes` are the reasons of a refusal or conflict.
    """

    folder: str
    verdict: Verdict
    name: str | None = None
    path: str | None = None
    version: str | None = None
    digest: str | None = None
    why: str = ""
    codes: list[str] = []
    findings: list[ImportFinding] = []


class LeftOut(Shape):
    """A file of the archive that was not taken, and why."""

    path: str
    code: str


class ImportReport(Shape):
    """What is known of an import so far; `total` skills were found, each gets its line."""

    total: int = 0
    archive_sha256: str = ""
    skills: list[SkillLine] = []
    left_out: list[LeftOut] = []
    error: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """How many skills of each verdict."""
        return {verdict.value: sum(line.verdict is verdict for line in self.skills) for verdict in Verdict}


class ImportView(Shape):
    """`GET /library/imports/{id}`."""

    import_id: UUID
    status: ImportStatus
    user_id: str
    filename: str
    wish: ImportWish
    report: ImportReport
    counts: dict[str, int] = {}
    created_at: datetime
    completed_at: datetime | None = None


class SourceView(Shape):
    """A file that was sent in: `POST /sources`, `GET /sources/{id}`. `size` in bytes."""

    source_id: UUID
    filename: str
    media_type: str
    size: int
    sha256: str
    created_at: datetime | None = None
