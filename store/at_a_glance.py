"""What a list of skills says of each beside its row: what it was found to be worth, and how often it is used.

Two queries for a whole page, whatever its length; the reports themselves, which are large, stay in the database.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Double, cast, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from domain.shape import Shape
from store.evidence_tables import Evaluation
from store.library_tables import Skill
from store.usage_tables import UsageEvent


class Glance(Shape):
    """One skill. `verdict` and `delta` (a difference of two rates) are those of the newest evaluation of the version
    that agents read; None where there is none."""

    verdict: str | None = None
    delta: float | None = None
    uses: int = 0


async def of_skills(session: AsyncSession, names: Sequence[str], since: datetime) -> dict[str, Glance]:
    """These skills, by name; `uses` counts from `since` on."""
    judged = await _judged(session, names)
    used = await _used(session, names, since)
    return {name: judged.get(name, Glance()).model_copy(update={"uses": used.get(name, 0)}) for name in names}


async def _judged(session: AsyncSession, names: Sequence[str]) -> dict[str, Glance]:
    delta = cast(Evaluation.report["numbers"]["delta"].astext, Double)
    query = (
        select(Evaluation.name, Evaluation.verdict, delta)
        .join(Skill, (Skill.name == Evaluation.name) & (Skill.version == Evaluation.version))
        .where(Evaluation.name.in_(names))
        .ext(distinct_on(Evaluation.name))
        .order_by(Evaluation.name, Evaluation.created_at.desc(), Evaluation.evaluation_id)
    )
    rows = (await session.execute(query)).all()
    return {name: Glance(verdict=verdict, delta=gain) for name, verdict, gain in rows}


async def _used(session: AsyncSession, names: Sequence[str], since: datetime) -> dict[str, int]:
    query = select(UsageEvent.skill, func.count()).where(UsageEvent.skill.in_(names), UsageEvent.used_at >= since)
    rows = (await session.execute(query.group_by(UsageEvent.skill))).all()
    return {name: number for name, number in rows}
