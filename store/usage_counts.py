"""What uses add up to in a window of time: a handful of grouped queries, bounded whatever agents report."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CTE, ColumnElement, Date, Select, and_, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from domain.library.analytics import AgentTally, Counts, DayTally, PairTally, SkillTally, VersionTally, Window
from domain.library.usage import UsageOutcome
from domain.skill import SkillStatus
from store.library_tables import Skill
from store.usage_tables import UsageEvent

MOST_AGENTS, MOST_VERSIONS, MOST_PAIRS = 20, 50, 500
"""Rows of each answer; agents name themselves, so their number is nobody's promise."""

MOST_IN_ONE_SESSION = 40
"""Skills of one session; one that used more is a crawl, not work, and would make thousands of pairs."""

_TALLY = (
    func.count(UsageEvent.event_id).label("uses"),
    func.count().filter(UsageEvent.outcome == UsageOutcome.SUCCESS).label("successes"),
    func.count().filter(UsageEvent.outcome == UsageOutcome.FAILURE).label("failures"),
)


async def counted(session: AsyncSession, window: Window) -> Counts:
    """All counts of a window."""
    inside = _inside(window)
    sessions = _sessions(window)
    return Counts(
        skills=await _skills(session, window, inside),
        agents=[
            AgentTally.model_validate(row, from_attributes=True)
            for row in await _grouped(session, window, [UsageEvent.agent], MOST_AGENTS)
        ],
        versions=[
            VersionTally(name=row.skill, **_tally(row), version=row.version)
            for row in await _grouped(session, window, [UsageEvent.skill, UsageEvent.version], MOST_VERSIONS)
        ],
        days=await _days(session, window),
        sessions=await session.scalar(_number_of_sessions(sessions)) or 0,
        in_sessions=await _in_sessions(session, sessions),
        pairs=await _pairs(session, sessions),
    )


async def used_by(session: AsyncSession, person: str, window: Window) -> set[str]:
    """The skills a person has used in the window."""
    query = select(UsageEvent.skill).where(UsageEvent.person == person, *_inside(window)).distinct()
    return set(await session.scalars(query))


def _inside(window: Window) -> list[ColumnElement[bool]]:
    inside = [UsageEvent.used_at >= window.since, UsageEvent.used_at < window.until]
    if window.category is not None:
        inside.append(UsageEvent.skill.in_(select(Skill.name).where(Skill.category == window.category)))
    if window.skill is not None:
        inside.append(UsageEvent.skill == window.skill)
    return inside


async def _skills(session: AsyncSession, window: Window, inside: list[ColumnElement[bool]]) -> list[SkillTally]:
    """Every published skill, used or not; a yanked one only when it was used."""
    joined = and_(UsageEvent.skill == Skill.name, *inside)
    query = (
        select(Skill.name, Skill.category, Skill.status, *_TALLY, func.max(UsageEvent.used_at).label("last_used"))
        .outerjoin(UsageEvent, joined)
        .where(Skill.status != SkillStatus.DRAFT)
        .group_by(Skill.name)
        .order_by(Skill.name)
    )
    if window.category is not None:
        query = query.where(Skill.category == window.category)
    if window.skill is not None:
        query = query.where(Skill.name == window.skill)
    rows = await session.execute(query)
    return [SkillTally.model_validate(row, from_attributes=True) for row in rows]


async def _grouped(
    session: AsyncSession, window: Window, by: Sequence[InstrumentedAttribute[Any]], most: int
) -> Sequence[Any]:
    query = select(*by, *_TALLY).where(*_inside(window)).group_by(*by)
    found: Sequence[Any] = (await session.execute(query.order_by(_TALLY[0].desc(), *by).limit(most))).all()
    return found


async def _days(session: AsyncSession, window: Window) -> list[DayTally]:
    day = cast(func.timezone("UTC", UsageEvent.used_at), Date).label("day")
    rows = await session.execute(select(day, *_TALLY).where(*_inside(window)).group_by(day).order_by(day))
    return [DayTally.model_validate(row, from_attributes=True) for row in rows]


def _sessions(window: Window) -> CTE:
    """Each skill once for each session of a person, without sessions that used everything."""
    query = select(UsageEvent.person, UsageEvent.session, UsageEvent.skill).where(*_inside(window))
    named = query.where(UsageEvent.session.is_not(None)).distinct().cte("named")
    size = func.count().over(partition_by=(named.c.person, named.c.session)).label("size")
    sized = select(named, size).cte("sized")
    return select(sized).where(sized.c.size <= MOST_IN_ONE_SESSION).cte("sessions")


def _number_of_sessions(sessions: CTE) -> Select[int]:
    distinct = select(sessions.c.person, sessions.c.session).distinct().subquery()
    return select(func.count()).select_from(distinct)


async def _in_sessions(session: AsyncSession, sessions: CTE) -> dict[str, int]:
    query = select(sessions.c.skill, func.count()).group_by(sessions.c.skill)
    return {skill: number for skill, number in (await session.execute(query)).all()}


async def _pairs(session: AsyncSession, sessions: CTE) -> list[PairTally]:
    other = sessions.alias("other")
    same = and_(
        sessions.c.person == other.c.person,
        sessions.c.session == other.c.session,
        sessions.c.skill < other.c.skill,
    )
    number = func.count().label("sessions")
    query = (
        select(sessions.c.skill.label("first"), other.c.skill.label("second"), number)
        .join(other, same)
        .group_by(sessions.c.skill, other.c.skill)
        .order_by(number.desc(), sessions.c.skill, other.c.skill)
        .limit(MOST_PAIRS)
    )
    rows = await session.execute(query)
    return [PairTally.model_validate(row, from_attributes=True) for row in rows]


def _tally(row: Any) -> dict[str, int]:  # noqa: ANN401 - a row of SQLAlchemy's
    return {"uses": row.uses, "successes": row.successes, "failures": row.failures}
