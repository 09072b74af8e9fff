"""`metadata.json`: one shape, checked against its schema and against the skill's other files."""

import json
from datetime import UTC, datetime

import pytest
from jsonschema import Draft202012Validator

from domain.library.metadata import OriginKind, Publishing, SkillMetadata, SkillOrigin, metadata_of, rendered, schema
from domain.rules.metadata_check import metadata_file
from domain.skill import METADATA_FILE, SKILL_FILE, Finding, Frontmatter, SkillFileEntry
from domain.skill_file import parse, render
from domain.validation import validate

FRONT = Frontmatter(
    name="notes", description="Writes notes.", metadata={"tags": "git, git writing", "requires": "base>=1.0.0"}
)
FILES = [SkillFileEntry(path=SKILL_FILE, data=render(FRONT, "# Notes"))]


@pytest.fixture
def metadata() -> SkillMetadata:
    origin = SkillOrigin(kind=OriginKind.FOLDER)
    at = datetime(2026, 1, 2, tzinfo=UTC)
    return metadata_of(FRONT, FILES, Publishing(version="1.0.0", category="data", origin=origin, by="ada", at=at))


def test_what_is_written_fits_the_schema_and_is_read_again(metadata: SkillMetadata) -> None:
    data = rendered(metadata).data
    Draft202012Validator.check_schema(schema())
    Draft202012Validator(schema()).validate(json.loads(data))
    assert SkillMetadata.model_validate_json(data) == metadata
    assert not Draft202012Validator(schema()).is_valid({**json.loads(data), "version": 1})


def told(*files: SkillFileEntry, text: bytes = FILES[0].data) -> list[Finding]:
    return list(metadata_file(parse(text), [SkillFileEntry(path=SKILL_FILE, data=text), *files]))


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b"[" * 100_000, b'{"shape": 2}', b"null"])
def test_a_file_that_no_library_generated_is_a_hint(data: bytes) -> None:
    [found] = told(SkillFileEntry(path=METADATA_FILE, data=data))
    assert (found.code, found.severity) == ("metadata-file-foreign", "info")


def test_what_agrees_or_is_not_there_is_no_finding(metadata: SkillMetadata) -> None:
    assert told() == told(rendered(metadata)) == []
    assert told(SkillFileEntry(path=f"references/{METADATA_FILE}", data=b"{}")) == []


def test_each_field_in_which_the_file_is_stale_is_named(metadata: SkillMetadata) -> None:
    changed = FRONT.model_copy(update={"description": "x" * 500, "license": "MIT", "metadata": {}})
    found = told(rendered(metadata), text=render(changed, "# Notes"))
    assert [finding.field for finding in found] == ["description", "license", "tags", "requires", "digest"]
    assert all(finding.code == "metadata-file-stale" and len(finding.message) < 260 for finding in found)


def test_an_edited_body_shows_by_the_digest_and_in_the_report(metadata: SkillMetadata) -> None:
    text = render(FRONT, "# Notes\n\nEdited.")
    assert [finding.field for finding in told(rendered(metadata), text=text)] == ["digest"]
    report = validate([SkillFileEntry(path=SKILL_FILE, data=text), rendered(metadata)], "notes")
    assert "metadata-file-stale" in {finding.code for finding in report.findings}
