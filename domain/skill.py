"""What a skill is once parsed, and what can be said against it. Shapes only."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue

from domain.shape import Shape, StrictShape

SKILL_FILE = "SKILL.md"
METADATA_FILE = "metadata.json"
"""Generated at publication; in the skill's folder, but no part of its digest (`domain/library/metadata.py`)."""
DRAFTS = "_drafts"


class Severity(StrEnum):
    """`error` blocks publishing, `warning` asks for a look, `info` is a hint."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Finding(Shape):
    """One thing said against a skill: what, where, and how to mend it. `line` counts from 1 in the whole file."""

    code: str
    severity: Severity
    message: str
    field: str | None = None
    file: str = SKILL_FILE
    line: int | None = None
    excerpt: str | None = None
    fix: str | None = None
    low_confidence: bool = False


class ValidationReport(Shape):
    """All findings on one revision. `passed`: no finding of severity error stands. `score` between 0 and 1."""

    passed: bool
    score: float
    findings: list[Finding]


class SkillFileEntry(Shape):
    """One file of a skill. `path` is POSIX and relative to the skill's folder."""

    path: str
    data: bytes


class Frontmatter(Shape):
    """The six fields of the Agent Skills format, as they were parsed."""

    name: str
    description: str
    license: str | None = None
    compatibility: str | None = None
    metadata: dict[str, str] = {}
    allowed_tools: Annotated[str | None, Field(alias="allowed-tools")] = None

    model_config = {"populate_by_name": True}


class Section(Shape):
    """A level-two section of the body. `text` excludes the heading line; `line` counts from 1 in the whole file."""

    heading: str
    text: str
    line: int = 1


class SkillStatus(StrEnum):
    """The life of a published skill."""

    DRAFT = "draft"
    ACTIVE = "active"
    DEPRECATED = "deprecated"
    YANKED = "yanked"


class SkillSummary(StrictShape):
    """One row of the library. `path` is `<category>/<name>`."""

    name: str
    description: str
    category: str
    path: str
    status: SkillStatus
    version: str
    digest: str
    job_id: UUID | None = None
    published_at: datetime | None = None


class SkillDetail(SkillSummary):
    """A skill with its text; `files` are paths relative to its folder."""

    content: str
    files: list[str]
    provenance: dict[str, JsonValue] = {}


class Category(Shape):
    """One shelf of the taxonomy."""

    name: str
    title: str
    description: str
    skills: int = 0


class RevisionSummary(StrictShape):
    """One revision of a job's skill. `made_by` names a model or a person."""

    n: int
    digest: str
    made_by: str
    by_person: bool
    feedback: str | None = None
    changes: list[str] = []
    created_at: datetime


class RevisionView(RevisionSummary):
    """A revision with its text."""

    content: str
    files: list[str]


class RevisionFileView(StrictShape):
    """One file of a revision: how many bytes it has, and their SHA-256."""

    path: str
    size: int
    sha256: str
