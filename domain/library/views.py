"""What people and clients see of the library: lists with facets, skills, their versions and the record. Shapes only."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import JsonValue

from domain.compare.diff import DiffRow
from domain.compare.section_changes import SectionChange
from domain.evidence.report import EvaluationSummary
from domain.library.metadata import FileRecord, SkillMetadata
from domain.shape import StrictShape
from domain.skill import Finding, SkillDetail, SkillStatus, SkillSummary


class Shown(StrEnum):
    """Which published skills a list shows; drafts belong to their jobs and are never listed."""

    ACTIVE = "active"
    DEPRECATED = "deprecated"
    YANKED = "yanked"
    ANY = "any"


class Sort(StrEnum):
    """The order of a list. `best`: by how well it fits the words, by path when there are none."""

    BEST = "best"
    NAME = "name"
    NEWEST = "newest"


class SkillCard(SkillSummary):
    """A row of the library with its tags, what it requires, and what stands in for it when it is out of use.

    `score`: how well it fits the words of a search; only to be compared with others of the same answer.
    """

    tags: list[str] = []
    requires: list[str] = []
    note: str | None = None
    replaced_by: str | None = None
    score: float | None = None


class Count(StrictShape):
    """How many of the skills found have this value."""

    value: str
    skills: int


class Facets(StrictShape):
    """What the skills found have in common, most frequent first: over all pages, with every condition applied."""

    categories: list[Count] = []
    tags: list[Count] = []
    statuses: list[Count] = []


class SkillPage(StrictShape):
    """`GET /skills`: one page; `total` counts all pages. `next_cursor` is None on the last one."""

    skills: list[SkillCard]
    total: int = 0
    facets: Facets = Facets()
    next_cursor: str | None = None


class SkillView(SkillDetail):
    """`GET /skills/{path}`. `install_order`: all that it needs before itself, ready to be installed in this order.

    `warning`: it was asked for by another name, or should no longer be used. `problems`: what is wrong with `requires`.
    `evaluation`: what this version was last found to be worth.
    """

    tags: list[str] = []
    requires: list[str] = []
    required_by: list[str] = []
    install_order: list[str] = []
    problems: list[Finding] = []
    aliases: list[str] = []
    note: str | None = None
    replaced_by: str | None = None
    warning: str | None = None
    evaluation: EvaluationSummary | None = None


class VersionSummary(StrictShape):
    """One published version. `current`: it is the one that agents read now."""

    version: str
    digest: str
    published_by: str
    published_at: datetime
    changelog: str = ""
    current: bool = False


class VersionList(StrictShape):
    """`GET /skills/{category}/{name}/versions`, newest first."""

    name: str
    category: str
    status: SkillStatus
    note: str | None = None
    replaced_by: str | None = None
    warning: str | None = None
    versions: list[VersionSummary]


class Forced(StrictShape):
    """Who published a version against what the rules said of it, and why."""

    person: str
    reason: str


class VersionView(VersionSummary):
    """One version for ever: its files, its `metadata.json` and where it came from. `forced`: None when no rule was
    passed over."""

    name: str
    status: SkillStatus
    files: list[FileRecord]
    metadata: SkillMetadata | None = None
    forced: Forced | None = None
    provenance: dict[str, JsonValue] = {}
    content: str
    warning: str | None = None


class Change(StrictShape):
    """One entry of the library's record: who did what to a skill, when and why."""

    number: int
    kind: str
    version: str | None = None
    digest: str | None = None
    person: str
    reason: str | None = None
    data: dict[str, JsonValue] = {}
    changed_at: datetime


class ChangeList(StrictShape):
    """`GET /skills/{category}/{name}/changes`, newest first."""

    name: str
    changes: list[Change]
    warning: str | None = None


class FileChange(StrictShape):
    """One file that differs between two versions; `diff` is unified, None for what is no text or was left out."""

    path: str
    change: Literal["changed", "added", "removed"]
    diff: str | None = None


class VersionDiff(StrictShape):
    """What changed from version `against` (None: nothing was before it) to `version`.

    `diff`: all files in one unified diff. `rows`: the SKILL.md side by side; `rows_left_out` counts those beyond the
    first 5,000. `sections`: of the SKILL.md, by heading.
    """

    name: str
    version: str
    against: str | None = None
    diff: str
    files: list[FileChange] = []
    rows: list[DiffRow] = []
    rows_left_out: int = 0
    sections: list[SectionChange] = []
    warning: str | None = None
