"""The uses of a skill as they are kept: what tests of reporting look at."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from store.usage_tables import UsageEvent


async def of_skill(session: AsyncSession, name: str) -> Sequence[UsageEvent]:
    """Every use of a skill, oldest first."""
    query = select(UsageEvent).where(UsageEvent.skill == name).order_by(UsageEvent.used_at, UsageEvent.event_id)
    return (await session.scalars(query)).all()
