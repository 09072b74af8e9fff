"""Whether three tellings of one version agree: its `metadata.json`, its frontmatter, and the library's row.

They are written from one source, so a difference means that somebody changed a file by hand or a write was cut short.
Says what differs; must not mend it.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from pydantic import ValidationError

from domain.errors import SkillFileError
from domain.metadata import REQUIRES, TAGS, SkillMetadata, words_of
from domain.shape import wrong_with
from domain.skill import METADATA_FILE, Finding, Frontmatter, Severity

LONGEST_SHOWN = 80
GENERATE = "Publish the skill again: metadata.json is generated, never edited."


class Row(Protocol):
    """What the library's row says; `store.library_tables.Skill` is one."""

    @property
    def name(self) -> str:
        """The name."""

    @property
    def category(self) -> str:
        """The shelf."""

    @property
    def version(self) -> str:
        """The version that agents read."""

    @property
    def digest(self) -> str:
        """The digest of that version."""

    @property
    def description(self) -> str:
        """The description."""

    @property
    def tags(self) -> Sequence[str]:
        """The tags."""

    @property
    def requires(self) -> Sequence[str]:
        """The requirements."""


def metadata_from(data: bytes) -> SkillMetadata:
    """Reads a `metadata.json`. Raises SkillFileError (`metadata-unreadable`), also for a later shape."""
    try:
        return SkillMetadata.model_validate_json(data)
    except ValidationError as error:
        raise SkillFileError("metadata-unreadable", f"metadata.json cannot be read: {wrong_with(error)}") from error


def metadata_problems(metadata: SkillMetadata, front: Frontmatter, row: Row | None) -> list[Finding]:
    """One finding of severity error for each field in which the three differ; `row` None: the skill has none."""
    return [*_against("frontmatter", metadata, _of_frontmatter(front)), *_against("row", metadata, _of_row(row))]


def _of_frontmatter(front: Frontmatter) -> dict[str, object]:
    return {
        "name": front.name,
        "description": front.description,
        "license": front.license,
        "compatibility": front.compatibility,
        "allowed_tools": front.allowed_tools,
        TAGS: words_of(front, TAGS),
        REQUIRES: words_of(front, REQUIRES),
    }


def _of_row(row: Row | None) -> dict[str, object]:
    if row is None:
        return {}
    same = {field: getattr(row, field) for field in ("name", "category", "version", "digest", "description")}
    return {**same, TAGS: [*row.tags], REQUIRES: [*row.requires]}


def _against(whose: str, metadata: SkillMetadata, told: dict[str, object]) -> Iterator[Finding]:
    for field, value in told.items():
        stated = getattr(metadata, field)
        if stated != value:
            yield Finding(
                code=f"metadata-{whose}",
                severity=Severity.ERROR,
                message=f"metadata.json says {field} is {_shown(stated)}, the {whose} says {_shown(value)}.",
                field=field,
                file=METADATA_FILE,
                fix=GENERATE,
            )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
