"""Publishing: files and rows agree at the end, whatever is tried twice, breaks off in between or comes late."""

import asyncio
import json
from pathlib import Path

import pytest

from activities.publishing import Publisher
from activities.shelves import Shelves
from domain.errors import LibraryConflict
from domain.library.metadata import OriginKind, SkillOrigin
from domain.skill import METADATA_FILE, SKILL_FILE
from store import aliases, changes, search, skills, versions
from store.session import Database
from tests.support.rows import make_job
from tests.support.wanted import NAME, PLACE, publish, told, wanted


@pytest.fixture
def publisher(database: Database, tmp_path: Path) -> Publisher:
    shelves = Shelves(tmp_path / "library")
    shelves.prepare()
    return Publisher(database, shelves)


async def test_a_version_is_published_with_its_files_rows_record_and_index(publisher: Publisher) -> None:
    held = await publish(publisher, wanted())
    assert await told(publisher.database, publisher.shelves) == ("active", "1.0.0", "1.0.0", ["1.0.0"], False)
    async with publisher.database.transaction() as session:
        (change,) = await changes.listed(session, NAME)
        found = await search.page(session, search.Wanted(words="meet"))
        kept = await versions.files(session, NAME, "1.0.0")
    assert (change.kind, change.person, change.version, change.entry_key) == ("imported", "ada", "1.0.0", held.token)
    assert [card.name for card in found.cards] == [NAME]
    assert {file.path for file in kept} == {SKILL_FILE, METADATA_FILE}
    lying = json.loads((publisher.shelves.root / PLACE / METADATA_FILE).read_bytes())
    assert (lying["version"], lying["digest"]) == ("1.0.0", held.metadata.digest)


async def test_every_step_may_be_taken_twice(publisher: Publisher) -> None:
    first = await publisher.claim(wanted())
    held = await publisher.claim(wanted())
    assert held is not None
    assert held == first, "a retry gets the time of the first claim, so that it makes the same bytes"
    for _ in range(2):
        await publisher.put(held)
    for _ in range(2):
        await publisher.complete(held)
    assert await publisher.claim(wanted()) is None
    assert await told(publisher.database, publisher.shelves) == ("active", "1.0.0", "1.0.0", ["1.0.0"], False)
    async with publisher.database.transaction() as session:
        assert len(await changes.listed(session, NAME)) == 1


async def test_the_next_version_replaces_the_first_which_stands_for_ever(publisher: Publisher) -> None:
    first = await publish(publisher, wanted(scripts__run=b"#!/bin/sh\n"))
    await publish(publisher, wanted("1.1.0", "Two.", token="two"))
    assert await told(publisher.database, publisher.shelves) == ("active", "1.1.0", "1.1.0", ["1.0.0", "1.1.0"], False)
    async with publisher.database.transaction() as session:
        kept = await versions.files(session, NAME, "1.0.0")
    assert {file.path: file.data for file in kept} == {file.path: file.data for file in first.whole}
    assert not (publisher.shelves.root / PLACE / "scripts").exists()


async def test_of_two_publications_at_once_one_wins_and_the_other_is_told_who(publisher: Publisher) -> None:
    await publish(publisher, wanted())
    rivals = [wanted(f"1.{n}.0", f"Number {n}.", token=f"rival-{n}") for n in range(1, 6)]
    claims = await asyncio.gather(*(publisher.claim(rival) for rival in rivals), return_exceptions=True)
    refused = [claim for claim in claims if isinstance(claim, LibraryConflict)]
    assert len(refused) == 4
    assert all("ada is publishing version 1." in str(why) and "(rival-" in str(why) for why in refused)
    winner = next(claim for claim in claims if not isinstance(claim, BaseException))
    assert winner is not None
    await publisher.put(winner)
    await publisher.complete(winner)
    assert (await told(publisher.database, publisher.shelves)).version == winner.metadata.version


async def test_a_version_is_never_changed(publisher: Publisher) -> None:
    await publish(publisher, wanted())
    with pytest.raises(LibraryConflict, match=r"1\.0\.0 stands with other bytes"):
        await publisher.claim(wanted("1.0.0", "Other.", token="two"))
    assert not (await told(publisher.database, publisher.shelves)).claimed


async def test_the_bytes_of_an_earlier_version_are_no_new_one(publisher: Publisher) -> None:
    await publish(publisher, wanted())
    await publish(publisher, wanted("1.1.0", "Two.", token="two"))
    with pytest.raises(LibraryConflict, match=r"skills rollback meeting-notes 1\.0\.0"):
        await publisher.claim(wanted("1.2.0", "One.", token="three"))


async def test_a_name_that_another_jobs_draft_has_is_refused(publisher: Publisher) -> None:
    job = await make_job(publisher.database)
    async with publisher.database.transaction() as session:
        assert await skills.reserve(session, NAME, "general", "A draft.", "", job)
    with pytest.raises(LibraryConflict, match=str(job)):
        await publisher.claim(wanted())


async def test_a_name_that_is_an_alias_is_refused(publisher: Publisher) -> None:
    await publish(publisher, wanted(name="other"))
    async with publisher.database.transaction() as session:
        await aliases.put(session, NAME, "other", "ada")
    with pytest.raises(LibraryConflict, match="is an alias of other"):
        await publisher.claim(wanted())


async def test_what_people_put_at_the_place_is_left_alone(publisher: Publisher) -> None:
    by_hand = publisher.shelves.root / PLACE / SKILL_FILE
    by_hand.parent.mkdir(parents=True)
    by_hand.write_text("by hand")
    held = await publisher.claim(wanted())
    assert held is not None
    with pytest.raises(LibraryConflict, match="taken by something else"):
        await publisher.put(held)
    assert await publisher.abandon(held.token, NAME)
    assert by_hand.read_text() == "by hand"
    assert not (await told(publisher.database, publisher.shelves)).claimed


async def test_an_edited_version_is_not_overwritten_by_the_next_one(publisher: Publisher) -> None:
    await publish(publisher, wanted())
    edited = publisher.shelves.root / PLACE / SKILL_FILE
    edited.write_text("edited")
    held = await publisher.claim(wanted("1.1.0", "Two.", token="two"))
    assert held is not None
    with pytest.raises(LibraryConflict, match="library check --repair"):
        await publisher.put(held)
    assert await publisher.abandon("two", NAME)
    assert edited.read_text() == "edited"


@pytest.mark.parametrize("reached", ["claim", "put"])
async def test_a_first_version_that_is_given_up_leaves_nothing(publisher: Publisher, reached: str) -> None:
    held = await publisher.claim(wanted())
    assert held is not None
    if reached == "put":
        await publisher.put(held)
    assert await publisher.abandon(held.token, NAME)
    assert not await publisher.abandon(held.token, NAME)
    assert await told(publisher.database, publisher.shelves) == (None, None, None, [], False)
    assert publisher.shelves.digest_at(PLACE) is None


@pytest.mark.parametrize("reached", ["claim", "put"])
async def test_a_later_version_that_is_given_up_leaves_the_one_before(publisher: Publisher, reached: str) -> None:
    await publish(publisher, wanted(references__a=b"\x00"))
    held = await publisher.claim(wanted("1.1.0", "Two.", token="two"))
    assert held is not None
    if reached == "put":
        await publisher.put(held)
        assert publisher.shelves.digest_at(PLACE) == held.metadata.digest
    assert await publisher.abandon("two", NAME)
    assert await told(publisher.database, publisher.shelves) == ("active", "1.0.0", "1.0.0", ["1.0.0"], False)


async def test_what_was_completed_is_never_taken_back(publisher: Publisher) -> None:
    held = await publish(publisher, wanted())
    assert not await publisher.abandon(held.token, NAME)
    assert (await told(publisher.database, publisher.shelves)).lying == "1.0.0"


async def test_a_step_that_comes_after_it_was_given_up_changes_nothing(publisher: Publisher) -> None:
    await publish(publisher, wanted())
    late = await publisher.claim(wanted("1.1.0", "Two.", token="two"))
    assert late is not None
    await publisher.abandon("two", NAME)
    await publish(publisher, wanted("1.2.0", "Three.", token="three"))
    with pytest.raises(LibraryConflict, match="given up"):
        await publisher.put(late)
    with pytest.raises(LibraryConflict, match="given up"):
        await publisher.complete(late)
    assert (await told(publisher.database, publisher.shelves))[:3] == ("active", "1.2.0", "1.2.0")
    assert [entry.name for entry in (publisher.shelves.root / "general").iterdir()] == [NAME]


async def test_rows_that_cannot_be_written_are_not_written_in_part(publisher: Publisher) -> None:
    held = await publisher.claim(wanted())
    assert held is not None
    await publisher.put(held)

    async def breaks(_: object) -> None:
        raise OSError("the record of the job cannot be written")

    with pytest.raises(OSError, match="cannot be written"):
        await publisher.complete(held, breaks)
    assert (await told(publisher.database, publisher.shelves))[:2] == (None, None)
    await publisher.complete(held)
    assert (await told(publisher.database, publisher.shelves))[:3] == ("active", "1.0.0", "1.0.0")


async def test_a_version_on_another_shelf_leaves_the_first_one(publisher: Publisher) -> None:
    await publish(publisher, wanted())
    held = await publish(publisher, wanted("1.1.0", "Two.", token="two", shelf="data"))
    assert publisher.shelves.digest_at(PLACE) is None
    assert publisher.shelves.digest_at(held.path) == held.metadata.digest


async def test_a_folder_that_people_made_on_another_shelf_stays(publisher: Publisher) -> None:
    own = publisher.shelves.root / "data" / NAME / SKILL_FILE
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    await publish(publisher, wanted())
    assert own.read_text() == "mine"


async def test_a_registered_folder_keeps_its_files_untouched(publisher: Publisher) -> None:
    version = wanted(kind="registered")
    folder = publisher.shelves.root / PLACE
    folder.mkdir(parents=True)
    file = folder / SKILL_FILE
    file.write_bytes(version.files[0].data)
    file.chmod(0o640)
    before = (file.stat().st_ino, file.stat().st_mode, file.stat().st_mtime_ns)
    await publish(publisher, version)
    assert (file.stat().st_ino, file.stat().st_mode, file.stat().st_mtime_ns) == before
    assert (await told(publisher.database, publisher.shelves))[:3] == ("active", "1.0.0", "1.0.0")


async def test_a_claim_that_an_earlier_run_left_is_taken_over_by_the_next(publisher: Publisher) -> None:
    await publisher.claim(wanted(words="Before."))
    held = await publish(publisher, wanted())
    assert (await told(publisher.database, publisher.shelves))[:3] == ("active", held.metadata.version, "1.0.0")


async def test_a_first_version_says_where_it_came_from_and_a_later_one_what_it_was_given(publisher: Publisher) -> None:
    first, folder = wanted(), wanted(name="other", token="other")
    lay = folder.metadata.model_copy(update={"origin": SkillOrigin(kind=OriginKind.FOLDER)})
    await publish(publisher, first)
    await publish(publisher, wanted("1.1.0", "Two.", token="two"))
    await publish(publisher, folder.model_copy(update={"metadata": lay}))
    async with publisher.database.transaction() as session:
        said = {one.version: one.changelog for one in await versions.listed(session, NAME)}
        (other,) = await versions.listed(session, "other")
        recorded = [change.data["changelog"] for change in await changes.listed(session, NAME)]
    assert said == {"1.0.0": "first version: from import test", "1.1.0": ""}
    assert recorded == ["", "first version: from import test"]
    assert other.changelog == "first version: from folder general/other"


async def test_the_bytes_that_are_read_now_are_not_put_on_a_second_shelf(publisher: Publisher) -> None:
    await publish(publisher, wanted())
    with pytest.raises(LibraryConflict, match=f"These bytes are {NAME} 1.0.0 already, on the shelf general"):
        await publisher.claim(wanted(shelf="data", token="two"))
