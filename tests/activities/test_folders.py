"""Folders: exchanged in one step, taken away in one step, and what they are when they are read."""

import errno
import os
from pathlib import Path

import pytest

from activities import exchange as exchanging
from activities import folders
from activities.exchange import exchange
from domain.skill import SkillFileEntry

FILES = [SkillFileEntry(path="a/b.md", data=b"x"), SkillFileEntry(path="run.sh", data=b"#!/bin/sh\n")]


def lying(place: Path) -> dict[str, bytes]:
    return {file.path: file.data for file in folders.read(place).files}


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("new", "standing"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    return tmp_path / "new", tmp_path / "standing"


def test_two_folders_change_places_in_one_step(two: tuple[Path, Path]) -> None:
    new, standing = two
    assert exchange(new, standing), "this kernel and this file system have the call"
    assert ((standing / "file").read_text(), (new / "file").read_text()) == ("new", "standing")


@pytest.mark.parametrize("number", sorted(exchanging.WITHOUT))
def test_where_there_is_no_such_call_it_takes_two_renames(
    two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refused(*_: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(exchanging, "_at_once", refused)
    new, standing = two
    assert not exchange(new, standing)
    assert ((standing / "file").read_text(), (new / "file").read_text()) == ("new", "standing")


def test_another_trouble_is_raised_and_changes_nothing(two: tuple[Path, Path]) -> None:
    new, standing = two
    with pytest.raises(OSError, match="No such file") as raised:
        exchange(new / "missing", standing)
    assert raised.value.errno == errno.ENOENT
    assert (standing / "file").read_text() == "standing"


def test_what_is_staged_is_put_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    place = tmp_path / "shelf" / "skill"
    folders.swap(folders.stage(place, FILES), place)
    folders.swap(folders.stage(place, FILES[:1]), place)
    assert lying(place) == {"a/b.md": b"x"}
    assert [entry.name for entry in place.parent.iterdir()] == ["skill"]


def test_what_begins_as_a_script_may_be_run(tmp_path: Path) -> None:
    place = tmp_path / "skill"
    folders.swap(folders.stage(place, FILES), place)
    assert os.access(place / "run.sh", os.X_OK)
    assert not os.access(place / "a" / "b.md", os.X_OK) or os.geteuid() == 0
    assert not (place / "a" / "b.md").stat().st_mode & 0o111


def test_one_that_cleans_never_takes_what_another_has_put(tmp_path: Path) -> None:
    place = tmp_path / "skill"
    staged = folders.stage(place, FILES)
    folders.stage(place, FILES[:1])
    with pytest.raises(FileNotFoundError):
        folders.swap(staged, place)
    assert not place.exists()


def test_discarding_what_is_gone_is_fine(tmp_path: Path) -> None:
    folders.discard(tmp_path / "nothing")


def test_one_file_is_replaced_and_the_others_keep_their_inodes(tmp_path: Path) -> None:
    place = tmp_path / "skill"
    folders.swap(folders.stage(place, FILES), place)
    before = (place / "run.sh").stat().st_ino
    folders.rewrite(place, SkillFileEntry(path="metadata.json", data=b"{}"))
    assert (place / "run.sh").stat().st_ino == before
    assert lying(place)["metadata.json"] == b"{}"
    assert [entry.name for entry in tmp_path.iterdir()] == ["skill"]


def test_what_is_no_plain_file_is_named_and_not_read(tmp_path: Path) -> None:
    place = tmp_path / "skill"
    place.mkdir()
    (place / "to-file").symlink_to("/etc/passwd")
    (place / "to-folder").symlink_to("/etc")
    (place / "loop").symlink_to("loop")
    os.mkfifo(place / "pipe")
    with (place / "huge").open("wb") as file:
        file.truncate(folders.LARGEST + 1)
    found = folders.read(place)
    assert found.files == []
    assert set(found.odd) == {"to-file", "to-folder", "loop", "pipe", "huge"}
