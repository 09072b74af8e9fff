"""Other names under which skills are found. An alias is never the name of a skill."""

from sqlalchemy.ext.asyncio import AsyncSession

from store.library_tables import SkillAlias


async def get(session: AsyncSession, alias: str) -> SkillAlias | None:
    """What an alias stands for, or None."""
    return await session.get(SkillAlias, alias)


async def put(session: AsyncSession, alias: str, name: str, person: str) -> None:
    """Let an alias stand for a skill; one that stood for another one stands for this one from now on."""
    await session.merge(SkillAlias(alias=alias, name=name, made_by=person))
    await session.flush()


async def remove(session: AsyncSession, alias: str) -> None:
    """An alias that is gone already is fine."""
    if (row := await get(session, alias)) is not None:
        await session.delete(row)
        await session.flush()
