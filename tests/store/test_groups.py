"""Groups: a group is exactly the people it was last said to be."""

import asyncio

from store import groups
from store.session import Database


async def make(database: Database, group: str, *users: str) -> None:
    async with database.transaction() as session:
        await groups.set_members(session, group, users)


async def test_a_group_is_whom_it_was_last_said_to_be(database: Database) -> None:
    await make(database, "reviewers", "eve", "ada", "ada")
    await make(database, "writers", "ada")
    await make(database, "reviewers", "bob", "ada")
    async with database.transaction() as session:
        assert await groups.members(session, "reviewers") == ["ada", "bob"]
        assert await groups.all_groups(session) == {"reviewers": ["ada", "bob"], "writers": ["ada"]}
        assert await groups.of_person(session, "ada") == ["reviewers", "writers"]
        assert await groups.of_person(session, "eve") == []


async def test_a_group_without_members_is_not_there(database: Database) -> None:
    await make(database, "reviewers", "ada")
    await make(database, "reviewers")
    async with database.transaction() as session:
        assert await groups.all_groups(session) == {}
        assert await groups.members(session, "reviewers") == []


async def test_two_who_make_the_same_group_at_once_both_succeed(database: Database) -> None:
    await asyncio.gather(*[make(database, "reviewers", "ada", "bob") for _ in range(8)])
    async with database.transaction() as session:
        assert await groups.members(session, "reviewers") == ["ada", "bob"]
