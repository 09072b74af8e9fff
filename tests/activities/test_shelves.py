"""Folders of skills: whole or not at all, never outside of the library, and nobody else's skill is ever replaced."""

from collections.abc import Callable
from pathlib import Path

import pytest

from activities.shelves import TAXONOMY, Shelves
from domain.errors import LibraryConflict
from domain.skill import SKILL_FILE, SkillFileEntry
from domain.skill_file import digest
from domain.taxonomy import default_taxonomy, parse_taxonomy

PLACE = "data/notes"


def files(text: str, **more: bytes) -> list[SkillFileEntry]:
    extra = [SkillFileEntry(path=path.replace("__", "/"), data=data) for path, data in more.items()]
    return [SkillFileEntry(path=SKILL_FILE, data=text.encode()), *extra]


ONE, TWO = files("# One", references__a=b"\x00\xff"), files("# Two")
UNWRITABLE = [*TWO, SkillFileEntry(path="x" * 300, data=b"")]
"""A file name longer than a file system takes: writing breaks off in the middle."""


@pytest.fixture
def shelves(tmp_path: Path) -> Shelves:
    made = Shelves(tmp_path / "library")
    made.prepare()
    return made


def lying(shelves: Shelves) -> set[str]:
    return {file.relative_to(shelves.root).as_posix() for file in shelves.root.rglob("*") if file.is_file()}


def test_a_library_that_is_missing_gets_a_default_taxonomy(tmp_path: Path) -> None:
    shelves = Shelves(tmp_path / "not" / "yet")
    assert shelves.prepare() == default_taxonomy()
    assert parse_taxonomy((shelves.root / TAXONOMY).read_bytes()).names


def test_a_taxonomy_that_is_there_is_never_touched(tmp_path: Path) -> None:
    own = b"categories:\n  - name: own\n"
    (tmp_path / TAXONOMY).write_bytes(own)
    assert Shelves(tmp_path).prepare() == own
    assert (tmp_path / TAXONOMY).read_bytes() == own


def test_a_skill_lies_with_all_its_files_under_the_digest_of_its_revision(shelves: Shelves) -> None:
    shelves.add(PLACE, ONE, digest(ONE))
    assert lying(shelves) == {TAXONOMY, "data/notes/SKILL.md", "data/notes/references/a"}
    assert (shelves.root / PLACE / "references" / "a").read_bytes() == b"\x00\xff"
    assert shelves.digest_at(PLACE) == digest(ONE)


def test_nothing_lies_at_a_free_place_or_where_a_file_lies(shelves: Shelves) -> None:
    assert shelves.digest_at(PLACE) is None
    assert shelves.digest_at(TAXONOMY) is None


def test_any_change_by_hand_changes_the_digest(shelves: Shelves) -> None:
    shelves.add(PLACE, ONE, digest(ONE))
    (shelves.root / PLACE / "extra.md").write_text("x")
    assert shelves.digest_at(PLACE) != digest(ONE)


def test_adding_the_same_skill_again_is_fine(shelves: Shelves) -> None:
    shelves.add(PLACE, ONE, digest(ONE))
    before = (shelves.root / PLACE / SKILL_FILE).stat().st_mtime_ns
    shelves.add(PLACE, ONE, digest(ONE))
    assert (shelves.root / PLACE / SKILL_FILE).stat().st_mtime_ns == before


def test_a_place_that_is_taken_by_another_skill_is_refused_and_left_alone(shelves: Shelves) -> None:
    shelves.add(PLACE, ONE, digest(ONE))
    with pytest.raises(LibraryConflict, match="taken by another skill"):
        shelves.add(PLACE, TWO, digest(TWO))
    assert shelves.digest_at(PLACE) == digest(ONE)


def test_a_skill_whose_writing_breaks_off_is_not_there_at_all(shelves: Shelves) -> None:
    with pytest.raises(OSError, match="too long"):
        shelves.add(PLACE, UNWRITABLE, digest(UNWRITABLE))
    assert shelves.digest_at(PLACE) is None


def crashed(shelves: Shelves) -> Path:
    """What a worker leaves that was killed while it wrote."""
    left = shelves.root / "data" / ".notes.new"
    left.mkdir(parents=True)
    (left / SKILL_FILE).write_text("half")
    (left / "stray.md").write_text("of the crash")
    return left


def test_a_skill_that_was_only_half_written_has_no_name_in_the_library(shelves: Shelves) -> None:
    crashed(shelves)
    assert shelves.names() == set()


def test_what_a_crash_has_left_beside_a_place_does_no_harm(shelves: Shelves) -> None:
    left = crashed(shelves)
    shelves.add(PLACE, ONE, digest(ONE))
    assert shelves.digest_at(PLACE) == digest(ONE)
    assert not left.exists()


def test_a_replaced_draft_has_only_the_new_files(shelves: Shelves) -> None:
    shelves.replace(PLACE, ONE)
    shelves.replace(PLACE, TWO)
    assert lying(shelves) == {TAXONOMY, "data/notes/SKILL.md"}
    assert shelves.digest_at(PLACE) == digest(TWO)


def test_replacing_a_draft_by_itself_writes_nothing(shelves: Shelves) -> None:
    shelves.replace(PLACE, ONE)
    before = (shelves.root / PLACE / SKILL_FILE).stat().st_ino
    shelves.replace(PLACE, ONE)
    assert (shelves.root / PLACE / SKILL_FILE).stat().st_ino == before


def test_a_draft_whose_replacement_cannot_be_written_stays(shelves: Shelves) -> None:
    shelves.replace(PLACE, ONE)
    with pytest.raises(OSError, match="too long"):
        shelves.replace(PLACE, UNWRITABLE)
    assert shelves.digest_at(PLACE) == digest(ONE)


def test_only_what_was_put_there_is_taken_back(shelves: Shelves) -> None:
    shelves.add(PLACE, ONE, digest(ONE))
    shelves.take_back(PLACE, digest(TWO))
    assert shelves.digest_at(PLACE) == digest(ONE)
    shelves.take_back(PLACE, digest(ONE))
    assert shelves.digest_at(PLACE) is None
    shelves.take_back(PLACE, digest(ONE))


def test_removing_what_is_gone_is_fine(shelves: Shelves) -> None:
    shelves.add(PLACE, ONE, digest(ONE))
    shelves.remove(PLACE)
    shelves.remove(PLACE)
    assert lying(shelves) == {TAXONOMY}


def test_names_are_those_of_published_skills_whoever_put_them_there(shelves: Shelves) -> None:
    shelves.add(PLACE, ONE, digest(ONE))
    by_hand = shelves.root / "general" / "by-hand"
    by_hand.mkdir(parents=True)
    (by_hand / SKILL_FILE).write_text("x")
    shelves.replace("_drafts/4711/draft", TWO)
    (shelves.root / "general" / "no-skill").mkdir()
    assert shelves.names() == {"notes", "by-hand"}


@pytest.mark.parametrize("path", ["../out", "data/../../out", "/tmp/out", "", ".", "data/..", "linked/out"])
def test_no_path_leaves_the_library(shelves: Shelves, tmp_path: Path, path: str) -> None:
    outside = tmp_path / "elsewhere"
    (outside / "out").mkdir(parents=True)
    (outside / "out" / "precious").write_text("x")
    (shelves.root / "linked").symlink_to(outside, target_is_directory=True)
    attempts: list[Callable[[], object]] = [
        lambda: shelves.add(path, ONE, digest(ONE)),
        lambda: shelves.replace(path, ONE),
        lambda: shelves.remove(path),
        lambda: shelves.take_back(path, digest(ONE)),
        lambda: shelves.digest_at(path),
    ]
    for attempt in attempts:
        with pytest.raises(LibraryConflict, match="does not lie inside the library"):
            attempt()
    assert (outside / "out" / "precious").read_text() == "x"
    assert {entry.name for entry in tmp_path.iterdir()} == {"elsewhere", "library"}


@pytest.mark.parametrize("path", ["../../../escaped.md", "../sibling/SKILL.md"])
def test_no_file_of_a_skill_leaves_its_folder(shelves: Shelves, tmp_path: Path, path: str) -> None:
    hostile = [*ONE, SkillFileEntry(path=path, data=b"x")]
    with pytest.raises(LibraryConflict):
        shelves.add(PLACE, hostile, digest(hostile))
    assert lying(shelves) == {TAXONOMY}
    assert {entry.name for entry in tmp_path.iterdir()} == {"library"}
