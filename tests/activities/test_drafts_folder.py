"""Files of old drafts go whole; links are not followed, and nothing outside of a job's own folder is touched."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from activities.drafts_folder import jobs_in, remove
from domain.skill import DRAFTS

NOBODY = 65534


@pytest.fixture
def library(tmp_path: Path) -> Path:
    root = tmp_path / "skills"
    (root / DRAFTS).mkdir(parents=True)
    return root


def draft(library: Path, job: str | None = None) -> str:
    """A job's folder with a skill in it."""
    name = job or str(uuid4())
    skill = library / DRAFTS / name / "release-notes"
    skill.mkdir(parents=True)
    (skill / "SKILL.md").write_text("text")
    return name


def left(library: Path) -> list[str]:
    return sorted(place.name for place in (library / DRAFTS).iterdir())


def test_a_job_loses_its_folder_and_the_others_keep_theirs(library: Path) -> None:
    gone, stays = draft(library), draft(library)
    remove(library, gone)
    assert left(library) == [stays]
    remove(library, gone)
    assert (library / DRAFTS / stays / "release-notes" / "SKILL.md").read_text() == "text"


def test_only_names_of_jobs_are_seen_in_order_and_in_parts(library: Path) -> None:
    jobs = sorted(draft(library) for _ in range(3))
    for name in ("notes", ".git", jobs[0].upper(), f"{jobs[0]}x", f"{{{uuid4()}}}", ".gone"):
        (library / DRAFTS / name).mkdir()
    assert jobs_in(library, "", 10) == jobs
    assert jobs_in(library, "", 2) == jobs[:2]
    assert jobs_in(library, jobs[1], 2) == jobs[2:]


def test_a_library_without_drafts_has_none(tmp_path: Path) -> None:
    assert jobs_in(tmp_path, "", 10) == []


def test_what_a_crash_left_half_emptied_is_found_again(library: Path) -> None:
    job = draft(library)
    (library / DRAFTS / job).rename(library / DRAFTS / f".{job}.gone")
    assert jobs_in(library, "", 10) == [job]
    draft(library, job)
    remove(library, job)
    assert left(library) == []


def test_links_inside_go_and_what_they_lead_to_stays(library: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("mine")
    job = draft(library)
    (library / DRAFTS / job / "folder").symlink_to(outside)
    (library / DRAFTS / job / "file").symlink_to(outside / "precious")
    (library / DRAFTS / job / "up").symlink_to("../../..")
    remove(library, job)
    assert left(library) == []
    assert (outside / "precious").read_text() == "mine"


@pytest.mark.parametrize("kind", ["link", "file", "pipe"])
def test_what_is_no_folder_stays_and_is_said(library: Path, tmp_path: Path, kind: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("mine")
    job = str(uuid4())
    place = library / DRAFTS / job
    if kind == "link":
        place.symlink_to(outside)
    elif kind == "file":
        place.write_text("a file")
    else:
        os.mkfifo(place)
    with pytest.raises(NotADirectoryError, match=job):
        remove(library, job)
    assert left(library) == [job]
    assert (outside / "precious").read_text() == "mine"


def test_a_folder_of_drafts_that_is_a_link_is_left_alone(tmp_path: Path) -> None:
    library, elsewhere = tmp_path / "skills", tmp_path / "elsewhere"
    job = draft(elsewhere)
    library.mkdir()
    (library / DRAFTS).symlink_to(elsewhere / DRAFTS)
    with pytest.raises(OSError, match=DRAFTS):
        jobs_in(library, "", 10)
    with pytest.raises(OSError, match=DRAFTS):
        remove(library, job)
    assert left(elsewhere) == [job]


def test_what_cannot_be_read_is_out_of_sight_at_once_and_goes_when_it_can(open_to_all: Path) -> None:
    job = draft(open_to_all)
    locked = open_to_all / DRAFTS / job / "release-notes"
    for place in (open_to_all, open_to_all / DRAFTS, locked.parent, locked, locked / "SKILL.md"):
        if os.geteuid() == 0:
            os.chown(place, NOBODY, NOBODY)
    locked.chmod(0)
    with nobody(), pytest.raises(PermissionError):
        remove(open_to_all, job)
    assert left(open_to_all) == [f".{job}.gone"]
    (open_to_all / DRAFTS / f".{job}.gone" / "release-notes").chmod(0o700)
    with nobody():
        assert jobs_in(open_to_all, "", 10) == [job]
        remove(open_to_all, job)
    assert left(open_to_all) == []


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A library where others than its owner may come: pytest's own folders are closed."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        root = Path(folder) / "skills"
        (root / DRAFTS).mkdir(parents=True)
        yield root
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def nobody() -> Iterator[None]:
    """Nothing is closed to root: be somebody else."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
