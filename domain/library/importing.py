"""An import of skills: what is asked for, and what became of each skill. Shapes only, for every layer."""

import re
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
    """Where the files came from, as a git checkout says: nothing of it is verified.

    `path`: where the archive's one top folder lies in the repository; None when the archive is the repository's root
    without a folder around it. `dirty`: the files are not known to be those of a commit, so none is named.
    """

    commit: Annotated[str | None, Field(pattern=r"^[0-9a-f]{7,64}$")] = None
    remote: Annotated[str | None, Field(max_length=500)] = None
    path: Annotated[str | None, Field(max_length=1000)] = None
    dirty: bool = False

    def place(self, folder: str) -> str:
        """Where a folder of the archive lies in the repository, whatever the checkout's own folder is called."""
        if self.path is None:
            return folder
        return "/".join(part for part in (self.path.strip("/"), folder.partition("/")[2]) if part)


class ImportWish(Shape):
    """What is asked for. `accept`: codes of safety findings that may stand, for `reason`.

    `update`: other bytes under a taken name are its next version. `migrate`: each skill is brought into form first.
    """

    category: str | None = None
    dry_run: bool = False
    update: bool = False
    migrate: bool = False
    accept: list[str] = []
    reason: Annotated[str, Field(max_length=MAX_REASON)] = ""
    checkout: Checkout | None = None


def without_login(address: str) -> str:
    """The address of a repository as it may go on record: tokens are often kept in it."""
    if "://" not in address:
        return re.sub(r"^[^/]*@([^@:/]*:)", r"git@\1", address)
    scheme, _, rest = re.split(r"[?#]", address, maxsplit=1)[0].partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def repository(address: str) -> str:
    """What is the same for every address of one repository: host and path, by whichever protocol it is read."""
    plain = without_login(address)
    rest = plain.partition("://")[2] or plain.partition("@")[2].replace(":", "/", 1) or plain
    host, slash, path = rest.rstrip("/").removesuffix(".git").partition("/")
    return f"{host.casefold()}{slash}{path.lstrip('/')}"


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

    `codes` are the reasons of a refusal or conflict, `changes` what was changed in its files before it came in.
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
    changes: list[str] = []


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
