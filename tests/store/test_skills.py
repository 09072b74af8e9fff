"""The library's rows: a name belongs to one job, versions never change, and searched words are taken literally."""

import asyncio
from uuid import UUID, uuid4

import pytest

from domain.skill import SkillStatus
from store import skills
from store.library_tables import Skill, SkillVersion
from store.session import Database
from tests.support.rows import list_version, make_job


async def reserve(database: Database, name: str, job: UUID, *, category: str = "data", digest: str = "d") -> bool:
    async with database.transaction() as session:
        return await skills.reserve(session, name, category, f"About {name}.", digest, job)


async def publish(database: Database, name: str, job: UUID, digest: str = "d", *, by: str = "ada") -> None:
    async with database.transaction() as session:
        skill = await skills.get(session, name, lock=True)
        assert skill is not None
        version = SkillVersion(
            name=name, version="1.0.0", digest=digest, job_id=job, revision=1, promoted_by=by, provenance={}
        )
        await list_version(session, skill, version)


async def skill(database: Database, name: str) -> Skill | None:
    async with database.transaction() as session:
        return await skills.get(session, name)


async def test_of_two_jobs_that_want_one_name_one_gets_it(database: Database) -> None:
    rivals = [await make_job(database) for _ in range(8)]
    won = await asyncio.gather(*[reserve(database, "notes", job) for job in rivals])
    assert won.count(True) == 1
    standing = await skill(database, "notes")
    assert standing is not None
    assert standing.job_id == rivals[won.index(True)]


async def test_a_job_may_reserve_its_name_again_and_brings_its_draft_up_to_date(database: Database) -> None:
    job = await make_job(database)
    assert await reserve(database, "notes", job, digest="d1")
    assert await reserve(database, "notes", job, digest="d2", category="general")
    standing = await skill(database, "notes")
    assert standing is not None
    assert (standing.digest, standing.category, standing.status) == ("d2", "general", "draft")


async def test_reserving_again_never_touches_what_is_published(database: Database) -> None:
    job = await make_job(database)
    await reserve(database, "notes", job, digest="d1")
    await publish(database, "notes", job, "d1")
    assert await reserve(database, "notes", job, digest="d2", category="general")
    standing = await skill(database, "notes")
    assert standing is not None
    assert (standing.digest, standing.category, standing.status) == ("d1", "data", "active")


async def test_another_jobs_published_name_stays_taken(database: Database) -> None:
    first, second = await make_job(database), await make_job(database)
    await reserve(database, "notes", first)
    await publish(database, "notes", first)
    assert not await reserve(database, "notes", second)


async def test_names_of_earlier_plans_become_free_and_published_ones_do_not(database: Database) -> None:
    job, other = await make_job(database), await make_job(database)
    for name, owner in (("old", job), ("new", job), ("published", job), ("theirs", other)):
        await reserve(database, name, owner)
    await publish(database, "published", job)
    async with database.transaction() as session:
        await skills.drop_drafts(session, job, other_than="new")
    found = {name for name in ("old", "new", "published", "theirs") if await skill(database, name)}
    assert found == {"new", "published", "theirs"}
    assert await reserve(database, "old", other)


async def test_taken_names_are_those_of_all_others_in_any_state(database: Database) -> None:
    job, other = await make_job(database), await make_job(database)
    for name, owner in (("mine", job), ("draft", other), ("published", other)):
        await reserve(database, name, owner)
    await publish(database, "published", other)
    async with database.transaction() as session:
        session.add(
            Skill(name="by-hand", category="data", description="x", status="active", version="1.0.0", digest="d")
        )
        await session.flush()
        assert await skills.names(session, other_than=job) == {"draft", "published", "by-hand"}


async def test_the_library_lists_active_skills_by_path(database: Database) -> None:
    job = await make_job(database)
    for name, category in (("b", "data"), ("a", "general"), ("c", "data"), ("draft", "data")):
        await reserve(database, name, job, category=category)
        if name != "draft":
            await publish(database, name, job)
    async with database.transaction() as session:
        assert [one.path for one in await skills.listed(session)] == ["data/b", "data/c", "general/a"]
        assert [one.path for one in await skills.listed(session, category="general")] == ["general/a"]
        assert [one.name for one in await skills.listed(session, status=SkillStatus.DRAFT)] == ["draft"]
        assert len(await skills.listed(session, status=None)) == 4
        assert await skills.count_by_category(session) == {"data": 2, "general": 1}


@pytest.mark.parametrize(("words", "names"), [("100%", ["per-cent"]), ("_", []), ("ABOUT", ["notes", "per-cent"])])
async def test_searched_words_are_taken_literally_in_name_and_description(
    database: Database, words: str, names: list[str]
) -> None:
    job = await make_job(database)
    for name, description in (("notes", "About release notes, 1000 of them."), ("per-cent", "About 100% of it.")):
        async with database.transaction() as session:
            await skills.reserve(session, name, "data", description, "d", job)
        await publish(database, name, job)
    async with database.transaction() as session:
        assert [one.name for one in await skills.listed(session, words=words)] == names


async def test_a_draft_is_found_with_its_job(database: Database) -> None:
    job, empty = await make_job(database), await make_job(database)
    await reserve(database, "notes", job)
    async with database.transaction() as session:
        found = await skills.draft_of(session, job)
        assert await skills.draft_of(session, empty) is None
        assert await skills.of_job(session, uuid4()) is None
    assert found is not None
    assert (found[0].job_id, found[1].name) == (job, "notes")


async def test_a_drafts_name_is_handed_on_and_a_published_one_is_not(database: Database) -> None:
    old, new = await make_job(database), await make_job(database)
    for name in ("draft", "published"):
        await reserve(database, name, old)
    await publish(database, "published", old)
    async with database.transaction() as session:
        for name in ("draft", "published", "nowhere"):
            await skills.hand_over(session, name, old, new)
    owners = {name: row.job_id for name in ("draft", "published") if (row := await skill(database, name))}
    assert owners == {"draft": new, "published": old}
