"""Revisions: kept once under their number with all their files, whatever bytes those are."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy.exc import SQLAlchemyError

from domain.errors import NotFound
from domain.skill import SKILL_FILE, SkillFileEntry
from store import revisions
from store.revisions import NewRevision
from store.session import Database
from tests.support.rows import SKILL, make_job, new_revision


def with_files(**files: bytes) -> NewRevision:
    entries = [SkillFileEntry(path=path.replace("__", "/"), data=data) for path, data in files.items()]
    return new_revision().model_copy(update={"files": [SkillFileEntry(path=SKILL_FILE, data=b"# A"), *entries]})


async def test_a_revision_kept_again_stays_as_it_was(database: Database) -> None:
    job = await make_job(database)
    first, second = new_revision(text="one", feedback="shorter"), new_revision(text="two", made_by="bob")
    async with database.transaction() as session:
        await revisions.keep(session, job, first)
    async with database.transaction() as session:
        standing = await revisions.keep(session, job, second)
    async with database.transaction() as session:
        assert await revisions.content(session, job, 1) == "one"
    assert (standing.digest, standing.made_by, standing.feedback) == (first.digest, "model", "shorter")


async def test_overlapping_attempts_all_go_on_with_one_revision(database: Database) -> None:
    job = await make_job(database)

    async def attempt(number: int) -> str:
        async with database.transaction() as session:
            return (await revisions.keep(session, job, new_revision(text=f"attempt {number}"))).digest

    digests = await asyncio.gather(*[attempt(number) for number in range(8)])
    assert len(set(digests)) == 1
    async with database.transaction() as session:
        assert len(await revisions.files(session, job, 1)) == 1
        assert new_revision(text=await revisions.content(session, job, 1)).digest == digests[0]


async def test_a_revision_whose_files_cannot_be_kept_is_not_kept_at_all(database: Database) -> None:
    job = await make_job(database)
    with pytest.raises(SQLAlchemyError):
        async with database.transaction() as session:
            new = new_revision()
            await revisions.keep(session, job, new.model_copy(update={"files": [*new.files, *new.files]}))
    async with database.transaction() as session:
        assert await revisions.find(session, job, 1) is None


async def test_files_come_back_byte_for_byte_and_by_path(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        await revisions.keep(session, job, with_files(scripts__run=b"\x00\xff\r\n", assets__a=b""))
        files = await revisions.files(session, job, 1)
        view = await revisions.view(session, job, 1)
    assert {file.path: file.data for file in files} == {
        SKILL_FILE: b"# A",
        "assets/a": b"",
        "scripts/run": b"\x00\xff\r\n",
    }
    assert view.files == sorted(view.files)
    assert view.content == "# A"


async def test_a_text_that_is_no_utf8_can_still_be_looked_at(database: Database) -> None:
    job = await make_job(database)
    broken = new_revision().model_copy(update={"files": [SkillFileEntry(path=SKILL_FILE, data=b"# \xff\xfe A")]})
    async with database.transaction() as session:
        await revisions.keep(session, job, broken)
        assert await revisions.content(session, job, 1) == "# �� A"


async def test_the_history_is_in_order_of_numbers(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        for number in (2, 1, 10):
            await revisions.keep(session, job, new_revision(number))
        assert [one.n for one in await revisions.history(session, job)] == [1, 2, 10]
        assert await revisions.history(session, uuid4()) == []


async def test_a_revision_that_is_not_there_is_said_to_be_missing(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        await revisions.keep(session, job, new_revision(text=SKILL))
        assert await revisions.find(session, job, 2) is None
        for read in (revisions.summary, revisions.content, revisions.view):
            with pytest.raises(NotFound, match="no revision 2"):
                await read(session, job, 2)
