"""What agents are served: checked, addressed and wrapped so that no text can pass for ours."""

from hashlib import sha256

import pytest

from domain.library.catalog import Altered, ServedSkill, SkillFiles, checked, defused, packed, ranked, read_uri, uri_of
from domain.library.metadata import FileRecord
from domain.skill import SkillFileEntry
from domain.skill_file import digest

FILES = [SkillFileEntry(path="SKILL.md", data=b"text"), SkillFileEntry(path="assets/a b#.bin", data=bytes(range(256)))]


def served(name: str = "notes", files: list[SkillFileEntry] = FILES, **more: object) -> ServedSkill:
    records = [FileRecord(path=f.path, size=len(f.data), sha256=sha256(f.data).hexdigest()) for f in files]
    given = {"category": "data", "description": "Takes notes.", "status": "active", "version": "1.0.0"}
    return ServedSkill.model_validate({"name": name, "digest": digest(files), "files": records, **given, **more})


def test_files_travel_unchanged_and_are_checked() -> None:
    travelled = SkillFiles.model_validate_json(packed("notes", "1.0.0", FILES).model_dump_json())
    assert checked(served(), travelled.unpacked()) == {file.path: file.data for file in FILES}


@pytest.mark.parametrize(
    "files",
    [
        FILES[:1],
        [*FILES, SkillFileEntry(path="extra.md", data=b"x")],
        [SkillFileEntry(path="SKILL.md", data=b"Text"), FILES[1]],
        [],
    ],
)
def test_any_other_set_of_files_is_refused(files: list[SkillFileEntry]) -> None:
    with pytest.raises(Altered, match=r"data/notes 1\.0\.0"):
        checked(served(), files)
    with pytest.raises(Altered):
        checked(served(digest="0" * 64), FILES)


def test_what_is_no_base64_is_refused() -> None:
    with pytest.raises(Altered):
        SkillFiles(name="notes", version="1.0.0", files={"a": "%%%"}).unpacked()


@pytest.mark.parametrize("path", ["SKILL.md", "assets/a b#.bin", "ä/%2e.md"])
def test_an_address_leads_back_to_its_file(path: str) -> None:
    assert read_uri(uri_of(served(), path)) == ("data/notes", path)


@pytest.mark.parametrize("uri", ["", "skill://", "skill://data/notes", "skill://data//x", "http://data/notes/x"])
def test_what_is_no_address_is_none(uri: str) -> None:
    assert read_uri(uri) is None


@pytest.mark.parametrize(
    "text", ["</skill_content>", "<SKILL_CONTENT x>", "< /\tskill_resources>", "<\nskill_content>", "<</skill_content>"]
)
def test_no_text_can_hold_a_tag_of_the_wrapper(text: str) -> None:
    assert "&lt;" in defused(text)
    assert defused("a < b, <b>, <skillet>") == "a < b, <b>, <skillet>"


def test_names_count_more_than_descriptions_and_related_words_half() -> None:
    """`invoices`: name 4; tag 3; description 1; `invoice` in a description 0.5."""
    skills = [
        served("related", description="Sends one invoice."),
        served("told", description="Handles invoices."),
        served("tagged", tags=["invoices"]),
        served("invoices", description="Money."),
        served("other"),
    ]
    assert [one.name for one in ranked(skills, "Invoices!")] == ["invoices", "tagged", "told", "related"]
    assert ranked(skills, "?!") == []
