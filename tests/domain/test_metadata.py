"""`metadata.json`: one shape, checked against its schema, the frontmatter and the row."""

import json
from datetime import UTC, datetime

import pytest
from jsonschema import Draft202012Validator

from domain.errors import SkillFileError
from domain.metadata import OriginKind, Publishing, SkillMetadata, SkillOrigin, metadata_of, rendered, schema
from domain.metadata_check import metadata_from, metadata_problems
from domain.skill import SKILL_FILE, Frontmatter, SkillFileEntry
from domain.skill_file import digest, render
from store.library_tables import Skill

FRONT = Frontmatter(
    name="notes", description="Writes notes.", metadata={"tags": "git, git writing", "requires": "base>=1.0.0"}
)
FILES = [SkillFileEntry(path=SKILL_FILE, data=render(FRONT, "# Notes"))]


@pytest.fixture
def metadata() -> SkillMetadata:
    origin = SkillOrigin(kind=OriginKind.FOLDER)
    at = datetime(2026, 1, 2, tzinfo=UTC)
    return metadata_of(FRONT, FILES, Publishing(version="1.0.0", category="data", origin=origin, by="ada", at=at))


def row(**more: object) -> Skill:
    told = {
        "name": "notes",
        "category": "data",
        "version": "1.0.0",
        "digest": digest(FILES),
        "description": "Writes notes.",
        "tags": ["git", "writing"],
        "requires": ["base>=1.0.0"],
    }
    return Skill(**told | more)


def test_what_is_written_fits_the_schema_and_is_read_again(metadata: SkillMetadata) -> None:
    data = rendered(metadata).data
    Draft202012Validator.check_schema(schema())
    Draft202012Validator(schema()).validate(json.loads(data))
    assert metadata_from(data) == metadata
    assert not Draft202012Validator(schema()).is_valid({**json.loads(data), "version": 1})


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b"[" * 100_000, b'{"shape": 2}', b"null"])
def test_what_is_no_metadata_is_told_not_raised_through(data: bytes) -> None:
    with pytest.raises(SkillFileError, match=r"metadata\.json cannot be read"):
        metadata_from(data)


def test_what_agrees_has_no_problems(metadata: SkillMetadata) -> None:
    assert metadata_problems(metadata, FRONT, row()) == []
    assert metadata_problems(metadata, FRONT, None) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("name", "x"), ("category", "x"), ("version", "2.0.0"), ("digest", "x"), ("description", "y")],
        *[("tags", ["git"]), ("requires", [])],
    ],
)
def test_each_difference_from_the_row_is_named(metadata: SkillMetadata, field: str, value: object) -> None:
    [finding] = metadata_problems(metadata, FRONT, row(**{field: value}))
    assert (finding.code, finding.field, finding.file) == ("metadata-row", field, "metadata.json")


def test_each_difference_from_the_frontmatter_is_named(metadata: SkillMetadata) -> None:
    changed = FRONT.model_copy(update={"description": "x" * 500, "license": "MIT", "metadata": {}})
    found = metadata_problems(metadata, changed, row())
    assert [finding.field for finding in found] == ["description", "license", "tags", "requires"]
    assert all(finding.code == "metadata-frontmatter" and len(finding.message) < 260 for finding in found)
