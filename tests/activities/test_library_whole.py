"""What is wrong with the library as a whole is told, with what a person may do, and nothing of it is touched."""

from pathlib import Path

import pytest

from activities.library_check import LibraryKeeper
from activities.publishing import Publisher
from activities.shelves import TAXONOMY, Shelves
from domain.library.curation import LibraryReport
from domain.skill import SkillStatus
from store import skills
from store.session import Database
from tests.activities.conftest import Run
from tests.support.wanted import publish, wanted
from workflows import library_messages as lib


async def nothing_runs(_: str) -> bool:
    return False


@pytest.fixture
def keeper(database: Database, tmp_path: Path) -> LibraryKeeper:
    shelves = Shelves(tmp_path / "library")
    shelves.prepare()
    return LibraryKeeper(database, shelves, running=nothing_runs)


async def check(keeper: LibraryKeeper, run: Run, *, repair: bool = False) -> LibraryReport:
    return await run(keeper.check_library, lib.CheckRequest(repair=repair, by="ada"))


def told(report: LibraryReport) -> list[tuple[str, str]]:
    return [(each.code, each.path) for each in report.open]


async def requiring(keeper: LibraryKeeper, name: str, *requires: str, shelf: str = "general") -> None:
    """A published skill whose version says that it requires these."""
    one = wanted(name=name, token=name, shelf=shelf)
    metadata = one.metadata.model_copy(update={"requires": [*requires]})
    await publish(Publisher(keeper.database, keeper.shelves), one.model_copy(update={"metadata": metadata}))


async def test_requirements_that_cannot_be_met_are_told_and_not_mended(keeper: LibraryKeeper, run: Run) -> None:
    await requiring(keeper, "base")
    await requiring(keeper, "gone")
    await requiring(keeper, "one", "base>=1.0.0", "nowhere")
    await requiring(keeper, "two", "base>=2.0.0", "gone")
    await requiring(keeper, "round", "trip")
    await requiring(keeper, "trip", "round")
    async with keeper.database.transaction() as session:
        row = await skills.get(session, "gone")
        assert row is not None
        row.status = SkillStatus.YANKED
    keeper.shelves.remove("general/gone")
    expected = {
        ("requires-unknown", "general/one"),
        ("requires-version", "general/two"),
        ("requires-yanked", "general/two"),
        ("requires-cycle", "general/round"),
        ("requires-cycle", "general/trip"),
    }
    for repair in (False, True):
        report = await check(keeper, run, repair=repair)
        assert set(told(report)) == expected
        assert all(each.next_step for each in report.open)


async def test_a_skill_out_of_use_may_lack_what_it_requires(keeper: LibraryKeeper, run: Run) -> None:
    await requiring(keeper, "one", "nowhere")
    async with keeper.database.transaction() as session:
        row = await skills.get(session, "one")
        assert row is not None
        row.status = SkillStatus.DEPRECATED
    assert told(await check(keeper, run)) == []


async def test_a_shelf_that_the_taxonomy_lacks_is_told(keeper: LibraryKeeper, run: Run) -> None:
    await requiring(keeper, "one", shelf="attic")
    report = await check(keeper, run, repair=True)
    assert told(report) == [("unknown-shelf", "attic/one")]
    assert TAXONOMY in report.open[0].next_step
    (keeper.shelves.root / TAXONOMY).write_text("categories: nonsense")
    assert told(await check(keeper, run)) == [("taxonomy", TAXONOMY)]


async def test_folders_that_nobody_knows_are_told_and_stay(keeper: LibraryKeeper, run: Run) -> None:
    await requiring(keeper, "one")
    root = keeper.shelves.root
    foreign = [".backup", "_mine", "general/.cache", "general/_old"]
    for path in (*foreign, ".git", "_drafts", "_edited", "_templates"):
        (root / path).mkdir(exist_ok=True)
    (root / ".gitignore").write_text("_drafts/")
    for repair in (False, True):
        report = await check(keeper, run, repair=repair)
        assert told(report) == [("foreign", path) for path in sorted(foreign)]
    assert all((root / path).is_dir() for path in foreign)
