"""The record of the library: who did what to which skill, when and why. Appended to, never changed."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.shape import Shape
from store.base import Json
from store.library_tables import SkillChange


class Entry(Shape):
    """One change. `key` makes a retried step write nothing; it is unique for a skill."""

    name: str
    key: str
    kind: str
    person: str
    version: str | None = None
    digest: str | None = None
    reason: str | None = None
    data: Json = {}


async def record(session: AsyncSession, entry: Entry) -> bool:
    """Append a change in the transaction that makes it; False when it is on record already."""
    values = {("entry_key" if field == "key" else field): value for field, value in entry}
    row = insert(SkillChange).values(**values).on_conflict_do_nothing(constraint="one_change_per_key")
    return (await session.execute(row.returning(SkillChange.number))).first() is not None


async def known(session: AsyncSession, name: str, key: str) -> bool:
    """Whether a change is on record already."""
    query = select(SkillChange.number).where(SkillChange.name == name, SkillChange.entry_key == key)
    return await session.scalar(query) is not None


async def listed(session: AsyncSession, name: str) -> list[SkillChange]:
    """All that happened to a skill, newest first."""
    query = select(SkillChange).where(SkillChange.name == name).order_by(SkillChange.number.desc())
    return list(await session.scalars(query))
