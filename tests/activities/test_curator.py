"""What people do to published skills: files and rows agree after each change, and each is on record."""

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from activities.curator import LibraryCurator, token_of
from activities.shelves import EDITED, Shelves
from domain.errors import LibraryConflict, NotFound
from domain.skill import SKILL_FILE, SkillStatus
from store import aliases, changes, replacing, search, skills
from store.session import Database
from tests.activities.conftest import Run
from tests.support.rows import make_job
from tests.support.wanted import NAME, PLACE, publish, told, wanted
from workflows import library_messages as lib
from workflows.library_messages import Curation


@pytest.fixture
async def curator(database: Database, tmp_path: Path) -> LibraryCurator:
    """A library with one skill of two versions."""
    shelves = Shelves(tmp_path / "library")
    shelves.prepare()
    curator = LibraryCurator(database, shelves)
    await publish(curator.publisher, wanted())
    await publish(curator.publisher, wanted("1.1.0", "Two.", token="two"))
    return curator


def ask(kind: Curation, *, change: UUID | None = None, **how: object) -> lib.CurateRequest:
    given = {"change_id": change or uuid4(), "kind": kind, "name": NAME, "by": "bob", "reason": "because", **how}
    return lib.CurateRequest.model_validate(given)


async def curate(curator: LibraryCurator, run: Run, request: lib.CurateRequest) -> lib.Curated:
    """As the workflow does it, each step twice."""
    curated = await run(curator.decide_curation, request)
    again = await run(curator.decide_curation, request)
    assert again == curated
    for step in (curator.curate_files, curator.curate_files, curator.curate_rows, curator.curate_rows):
        if not curated.done:
            await run(step, curated)
    return curated


async def kinds(database: Database) -> list[str]:
    async with database.transaction() as session:
        return [change.kind for change in await changes.listed(session, NAME)]


async def test_a_rollback_makes_agents_read_the_earlier_version_byte_for_byte(
    curator: LibraryCurator, run: Run
) -> None:
    done = await curate(curator, run, ask(Curation.ROLLBACK, version="1.0.0"))
    assert (done.path, done.version) == (PLACE, "1.0.0")
    expected = ("active", "1.0.0", "1.0.0", ["1.0.0", "1.1.0"], False)
    assert await told(curator.database, curator.shelves) == expected
    assert await kinds(curator.database) == ["rolled_back", "imported", "imported"]


async def test_a_rollback_without_a_version_goes_to_the_one_before(curator: LibraryCurator, run: Run) -> None:
    assert (await curate(curator, run, ask(Curation.ROLLBACK))).version == "1.0.0"


async def test_where_none_is_before_it_the_skill_is_yanked(curator: LibraryCurator, run: Run) -> None:
    await curate(curator, run, ask(Curation.ROLLBACK))
    assert (await curate(curator, run, ask(Curation.ROLLBACK))).status == "yanked"
    assert (await told(curator.database, curator.shelves))[:3] == ("yanked", "1.0.0", None)


async def test_a_rollback_to_what_agents_read_already_does_nothing(curator: LibraryCurator, run: Run) -> None:
    assert (await curate(curator, run, ask(Curation.ROLLBACK, version="1.1.0"))).done
    assert len(await kinds(curator.database)) == 2


async def test_after_a_rollback_the_next_number_is_above_all_versions(curator: LibraryCurator, run: Run) -> None:
    await curate(curator, run, ask(Curation.ROLLBACK))
    with pytest.raises(LibraryConflict, match=r"1\.1\.0 stands with other bytes"):
        await curator.publisher.claim(wanted("1.1.0", "Three.", token="three"))
    await publish(curator.publisher, wanted("1.2.0", "Three.", token="three"))
    assert (await told(curator.database, curator.shelves))[:3] == ("active", "1.2.0", "1.2.0")


async def test_a_yanked_skill_leaves_the_folder_and_the_lists_and_keeps_its_versions(
    curator: LibraryCurator, run: Run
) -> None:
    await curate(curator, run, ask(Curation.YANK))
    expected = ("yanked", "1.1.0", None, ["1.0.0", "1.1.0"], False)
    assert await told(curator.database, curator.shelves) == expected
    async with curator.database.transaction() as session:
        assert (await search.page(session, search.Wanted())).cards == []
        assert await skills.listed(session) == []


async def test_a_yanked_skill_comes_back_as_it_was(curator: LibraryCurator, run: Run) -> None:
    await curate(curator, run, ask(Curation.YANK))
    await curate(curator, run, ask(Curation.RESTORE))
    assert (await told(curator.database, curator.shelves))[:3] == ("active", "1.1.0", "1.1.0")
    assert (await kinds(curator.database))[:2] == ["restored", "yanked"]
    async with curator.database.transaction() as session:
        row = await skills.get(session, NAME)
        assert row is not None
        assert row.note is None


async def test_what_people_edited_is_kept_when_a_skill_is_yanked(curator: LibraryCurator, run: Run) -> None:
    (curator.shelves.root / PLACE / SKILL_FILE).write_text("edited")
    await curate(curator, run, ask(Curation.YANK))
    (kept,) = (curator.shelves.root / EDITED).iterdir()
    assert (kept / SKILL_FILE).read_text() == "edited"
    assert not (curator.shelves.root / PLACE).exists()


async def test_a_deprecated_skill_stays_with_its_note_until_it_is_restored(curator: LibraryCurator, run: Run) -> None:
    await publish(curator.publisher, wanted(name="better-notes", token="three"))
    await curate(curator, run, ask(Curation.DEPRECATE, replaced_by="better-notes"))
    assert (await told(curator.database, curator.shelves))[:3] == ("deprecated", "1.1.0", "1.1.0")
    async with curator.database.transaction() as session:
        row = await skills.get(session, NAME)
        assert row is not None
        assert (row.note, row.replaced_by) == ("because", "better-notes")
    await curate(curator, run, ask(Curation.RESTORE))
    assert (await told(curator.database, curator.shelves)).status == "active"


@pytest.mark.parametrize("other", ["no-such-skill", NAME])
async def test_nothing_is_replaced_by_what_is_no_other_skill(curator: LibraryCurator, run: Run, other: str) -> None:
    with pytest.raises(LibraryConflict, match="replaces nothing"):
        await run(curator.decide_curation, ask(Curation.DEPRECATE, replaced_by=other))


async def test_another_name_finds_the_skill_until_it_is_taken_away(curator: LibraryCurator, run: Run) -> None:
    await curate(curator, run, ask(Curation.ALIAS, alias="protocol-writer"))
    async with curator.database.transaction() as session:
        standing = await aliases.get(session, "protocol-writer")
        assert standing is not None
        assert standing.name == NAME
        assert [card.name for card in (await search.page(session, search.Wanted(words="protocol"))).cards] == [NAME]
    await curate(curator, run, ask(Curation.UNALIAS, alias="protocol-writer"))
    async with curator.database.transaction() as session:
        assert await aliases.get(session, "protocol-writer") is None
        assert (await search.page(session, search.Wanted(words="protocol"))).cards == []
    assert (await kinds(curator.database))[:2] == ["unalias", "alias"]


@pytest.mark.parametrize(("alias", "why"), [("Not legal", "cannot be"), ("a" * 65, "cannot be"), (NAME, "is the name")])
async def test_what_cannot_be_another_name_is_refused(curator: LibraryCurator, run: Run, alias: str, why: str) -> None:
    with pytest.raises(LibraryConflict, match=why):
        await run(curator.decide_curation, ask(Curation.ALIAS, alias=alias))


async def test_another_name_means_one_skill_only(curator: LibraryCurator, run: Run) -> None:
    await publish(curator.publisher, wanted(name="other", token="three"))
    await curate(curator, run, ask(Curation.ALIAS, alias="mine"))
    with pytest.raises(LibraryConflict, match=f"another name of {NAME}"):
        await run(curator.decide_curation, ask(Curation.ALIAS, alias="mine", name="other"))


@pytest.mark.parametrize("kind", [Curation.ROLLBACK, Curation.YANK, Curation.DEPRECATE])
async def test_nothing_is_done_to_a_skill_that_somebody_publishes(
    curator: LibraryCurator, run: Run, kind: Curation
) -> None:
    await curator.publisher.claim(wanted("1.2.0", "Three.", token="three"))
    with pytest.raises(LibraryConflict, match=r"ada is publishing version 1\.2\.0"):
        await run(curator.decide_curation, ask(kind))


@pytest.mark.parametrize("kind", [Curation.ROLLBACK, Curation.YANK])
async def test_a_change_that_is_given_up_leaves_everything_as_it_was(
    curator: LibraryCurator, run: Run, kind: Curation
) -> None:
    curated = await run(curator.decide_curation, ask(kind))
    await run(curator.curate_files, curated)
    await run(curator.undo_curation, curated)
    expected = ("active", "1.1.0", "1.1.0", ["1.0.0", "1.1.0"], False)
    assert await told(curator.database, curator.shelves) == expected
    with pytest.raises(LibraryConflict, match="given up"):
        await run(curator.curate_rows, curated)


async def test_what_is_not_published_cannot_be_curated(curator: LibraryCurator, run: Run) -> None:
    job = await make_job(curator.database)
    async with curator.database.transaction() as session:
        await skills.reserve(session, "draft", "general", "x", "", job)
    for name in ("draft", "nobody"):
        with pytest.raises(NotFound):
            await run(curator.decide_curation, ask(Curation.YANK, name=name))
    with pytest.raises(NotFound, match=r"It has: 1\.1\.0, 1\.0\.0"):
        await run(curator.decide_curation, ask(Curation.ROLLBACK, version="9.9.9"))
    with pytest.raises(NotFound, match="no other name"):
        await run(curator.decide_curation, ask(Curation.UNALIAS, alias="nothing"))


def test_every_change_has_a_claim_of_its_own() -> None:
    assert token_of(ask(Curation.YANK)) != token_of(ask(Curation.YANK))


@pytest.mark.parametrize("kind", [Curation.DEPRECATE, Curation.YANK])
async def test_what_replaces_what_never_goes_round(curator: LibraryCurator, run: Run, kind: Curation) -> None:
    for name in ("second", "third"):
        await publish(curator.publisher, wanted(name=name, token=name))
    await curate(curator, run, ask(Curation.DEPRECATE, replaced_by="second"))
    await curate(curator, run, ask(Curation.DEPRECATE, name="second", replaced_by="third"))
    for name, by in (("second", NAME), ("third", NAME)):
        with pytest.raises(LibraryConflict, match="goes round for ever"):
            await run(curator.decide_curation, ask(kind, name=name, replaced_by=by))
    assert await told(curator.database, curator.shelves, "third") == ("active", "1.0.0", "1.0.0", ["1.0.0"], False)


async def test_of_two_that_replace_each_other_at_once_one_is_refused(curator: LibraryCurator, run: Run) -> None:
    await publish(curator.publisher, wanted(name="second", token="second"))
    back = ask(Curation.DEPRECATE, name="second", replaced_by=NAME)
    async with curator.database.transaction() as session:
        await replacing.alone(session)
        row = await skills.get(session, NAME, lock=True)
        assert row is not None
        row.status, row.replaced_by = SkillStatus.DEPRECATED, "second"
        await session.flush()
        late = asyncio.create_task(run(curator.decide_curation, back))
        done, _ = await asyncio.wait([late], timeout=1)
        assert not done, "it waits until what stands before it is known"
    with pytest.raises(LibraryConflict, match="goes round for ever"):
        await late


@pytest.mark.parametrize("kind", [Curation.DEPRECATE, Curation.YANK])
async def test_nothing_is_replaced_by_what_was_withdrawn_or_is_unknown(
    curator: LibraryCurator, run: Run, kind: Curation
) -> None:
    await publish(curator.publisher, wanted(name="second", token="second"))
    await curate(curator, run, ask(Curation.YANK, name="second"))
    for by in ("second", "nope"):
        with pytest.raises(LibraryConflict, match=f"'{by}' is no other skill in use"):
            await run(curator.decide_curation, ask(kind, replaced_by=by))
