"""What replaces what among skills that are out of use: a chain that must end."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from store import skills
from store.library_tables import Skill

LOCK = "what replaces what"


async def alone(session: AsyncSession) -> None:
    """One at a time says what replaces what, until the end of the transaction: two halves of a circle never pass each
    other. Taken before any row."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(LOCK, 0))))


async def way(session: AsyncSession, start: Skill, back_to: str) -> list[str]:
    """The names from a skill along what replaces it to another one, both named; empty when it does not lead there."""
    names, at = [start.name], start
    while at.replaced_by is not None and at.replaced_by not in names:
        names.append(at.replaced_by)
        if at.replaced_by == back_to:
            return names
        following = await skills.get(session, at.replaced_by)
        if following is None:
            break
        at = following
    return []
