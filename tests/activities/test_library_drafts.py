"""A check of the library among the drafts: what is being removed there belongs to whoever removes it."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from activities import drafts_folder
from activities.library_check import LibraryKeeper
from activities.shelves import EDITED, Shelves
from domain.skill import DRAFTS, SKILL_FILE
from store.session import Database
from tests.activities.conftest import Run
from tests.support.rows import make_job
from workflows import library_messages as lib


async def nothing_runs(_: str) -> bool:
    return False


@pytest.fixture
def keeper(database: Database, tmp_path: Path) -> LibraryKeeper:
    """An empty library."""
    shelves = Shelves(tmp_path / "library")
    shelves.prepare()
    return LibraryKeeper(database, shelves, stale=timedelta(0), running=nothing_runs)


def lies(keeper: LibraryKeeper, name: str) -> Path:
    """A folder among the drafts, with a skill in it."""
    skill = keeper.shelves.root / DRAFTS / name / "a-skill"
    skill.mkdir(parents=True)
    (skill / SKILL_FILE).write_text("# Words\n")
    return skill.parent


async def repaired(keeper: LibraryKeeper, run: Run) -> list[str]:
    report = await run(keeper.check_library, lib.CheckRequest(repair=True, by="ada"))
    assert report.open == []
    return [each.code for each in report.differences]


async def test_a_draft_whose_removal_died_is_half_of_something_and_nobodys_draft(
    keeper: LibraryKeeper, run: Run
) -> None:
    job = await make_job(keeper.database)
    left = lies(keeper, f".{job}.0123abcd.old")
    (left / "a-skill" / ".a-skill.0123abcd.new").mkdir()
    assert await repaired(keeper, run) == ["leftover"]
    assert not list((keeper.shelves.root / DRAFTS).iterdir())
    assert not (keeper.shelves.root / EDITED).exists()


async def test_what_retention_is_removing_is_left_to_it(keeper: LibraryKeeper, run: Run) -> None:
    job = str(uuid4())
    going = lies(keeper, f".{job}{drafts_folder.GONE}")
    assert await repaired(keeper, run) == []
    assert going.exists()
    assert drafts_folder.jobs_in(keeper.shelves.root, "", 10) == [job]


async def test_a_name_that_only_looks_like_it_is_set_aside(keeper: LibraryKeeper, run: Run) -> None:
    lies(keeper, f".by-hand{drafts_folder.GONE}")
    assert await repaired(keeper, run) == ["draft-without-job"]
    assert (keeper.shelves.root / EDITED).exists()


async def test_half_of_a_draft_goes_and_the_draft_stays(keeper: LibraryKeeper, run: Run) -> None:
    job = await make_job(keeper.database)
    draft = lies(keeper, str(job))
    (draft / ".a-skill.0123abcd.new").mkdir()
    assert await repaired(keeper, run) == ["leftover"]
    assert [entry.name for entry in draft.iterdir()] == ["a-skill"]
