"""The last event shown: kept across runs, never falling, and never a reason to fail."""

import os
from pathlib import Path
from uuid import uuid4

import pytest

from cli import seen
from cli.seen import Seen


def test_it_is_kept_across_runs(tmp_path: Path) -> None:
    job = uuid4()
    assert Seen(tmp_path / "new").last(job) == 0
    Seen(tmp_path / "new").keep(job, 7)
    assert Seen(tmp_path / "new").last(job) == 7


def test_it_never_falls(tmp_path: Path) -> None:
    job = uuid4()
    Seen(tmp_path).keep(job, 7)
    Seen(tmp_path).keep(job, 3)
    assert Seen(tmp_path).last(job) == 7


@pytest.mark.parametrize("broken", ["", "x", "-3", "\x00"])
def test_a_broken_file_tells_the_story_from_its_beginning(tmp_path: Path, broken: str) -> None:
    job = uuid4()
    (tmp_path / str(job)).write_text(broken)
    assert Seen(tmp_path).last(job) == 0
    Seen(tmp_path).keep(job, 2)
    assert Seen(tmp_path).last(job) == 2


def test_a_folder_that_cannot_be_written_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    Seen(tmp_path / "file" / "below").keep(uuid4(), 1)


def test_what_was_looked_at_longest_ago_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "KEPT", 2)
    jobs = [uuid4() for _ in range(3)]
    for age, job in zip((300, 200, 100), jobs, strict=True):
        Seen(tmp_path).keep(job, 1)
        past = (tmp_path / str(job)).stat().st_mtime - age
        os.utime(tmp_path / str(job), (past, past))
    assert [Seen(tmp_path).last(job) for job in jobs] == [0, 1, 1]
    assert len(list(tmp_path.iterdir())) == 2
