"""Groups of people that jobs are assigned to, and whose a job is. A group without members is not there."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, delete, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from store.tables import GroupMember, Job

PREFIX = "group:"
"""How an assignee names a group: `group:<name>`."""


async def lock(session: AsyncSession, group: str) -> None:
    """Nobody else makes or changes this group until the transaction ends: a new one has no row to lock."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(PREFIX + group, 0))))


async def members(session: AsyncSession, group: str) -> list[str]:
    """Who belongs to a group; nobody in one that is not there."""
    query = select(GroupMember.user_id).where(GroupMember.group_name == group)
    return list(await session.scalars(query.order_by(GroupMember.user_id)))


async def set_members(session: AsyncSession, group: str, users: Collection[str]) -> None:
    """Make these people, and nobody else, the group."""
    await session.execute(delete(GroupMember).where(GroupMember.group_name == group))
    for user in sorted(set(users)):
        row = insert(GroupMember).values(group_name=group, user_id=user)
        await session.execute(row.on_conflict_do_nothing())


async def of_person(session: AsyncSession, person: str) -> list[str]:
    """The groups that somebody belongs to."""
    query = select(GroupMember.group_name).where(GroupMember.user_id == person)
    return list(await session.scalars(query.order_by(GroupMember.group_name)))


async def all_groups(session: AsyncSession) -> dict[str, list[str]]:
    """Every group with its members, by name."""
    query = select(GroupMember).order_by(GroupMember.group_name, GroupMember.user_id)
    found: dict[str, list[str]] = {}
    for row in await session.scalars(query):
        found.setdefault(row.group_name, []).append(row.user_id)
    return found


def concerns(person: str) -> ColumnElement[bool]:
    """Jobs assigned to a person or to a group of theirs, and their own that are assigned to nobody."""
    theirs = select(literal(PREFIX).concat(GroupMember.group_name)).where(GroupMember.user_id == person)
    return or_(
        Job.assignee == person,
        Job.assignee.in_(theirs),
        and_(Job.user_id == person, Job.assignee.is_(None)),
    )
