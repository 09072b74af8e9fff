"""Uses of skills as they were reported: kept once each, counted by `store/usage_counts.py`."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Boolean, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.library.usage import Received, UsageOutcome, UsageReport
from domain.skill import SkillStatus
from store.base import Json
from store.library_tables import Skill, SkillAlias
from store.usage_tables import UsageEvent


async def names_of(session: AsyncSession, words: Collection[str]) -> dict[str, str]:
    """The skill that each word means: `name`, `category/name` or an alias; words that mean none are left out.

    Drafts were never published, so nobody can have used one.
    """
    parts = {word: word.strip().strip("/").rpartition("/") for word in words}
    wanted = {name for _, _, name in parts.values()}
    aliases = select(SkillAlias.alias, SkillAlias.name).where(SkillAlias.alias.in_(wanted))
    other = {alias: name for alias, name in (await session.execute(aliases)).all()}
    query = select(Skill.name, Skill.category).where(Skill.name.in_(wanted | set(other.values())))
    shelves = {name: on for name, on in (await session.execute(query.where(Skill.status != SkillStatus.DRAFT))).all()}
    found = {}
    for word, (category, _, name) in parts.items():
        if name in shelves and category in ("", shelves[name]):
            found[word] = name
        elif not category and other.get(name) in shelves:
            found[word] = other[name]
    return found


async def keep(
    session: AsyncSession, report: UsageReport, skill: str, *, person: str, channel: str, now: datetime
) -> Received:
    """Keep one use. A report under a known id only settles an outcome that was unknown, of the same person's use of the
    same skill; `refused` when the id belongs to another use."""
    row = insert(UsageEvent).values(_values(report, skill, person, channel, now))
    settles = (
        (UsageEvent.outcome == UsageOutcome.UNKNOWN)
        & (row.excluded.outcome != UsageOutcome.UNKNOWN)
        & (UsageEvent.person == row.excluded.person)
        & (UsageEvent.skill == row.excluded.skill)
    )
    query = row.on_conflict_do_update(
        index_elements=[UsageEvent.event_id],
        set_={"outcome": row.excluded.outcome, "note": func.coalesce(row.excluded.note, UsageEvent.note)},
        where=settles,
    ).returning(literal_column("xmax = 0", Boolean))
    made = (await session.scalars(query)).first()
    if made is not None:
        return Received.KEPT if made else Received.SETTLED
    return Received.KNOWN if await _is_theirs(session, report.event_id, skill, person) else Received.REFUSED


async def kept_lately(session: AsyncSession, person: str, now: datetime, within: timedelta) -> int:
    """How many uses a person has reported in the last while."""
    mine = (UsageEvent.person == person) & (UsageEvent.received_at > now - within)
    return await session.scalar(select(func.count()).select_from(UsageEvent).where(mine)) or 0


async def _is_theirs(session: AsyncSession, event_id: UUID, skill: str, person: str) -> bool:
    standing = await session.get(UsageEvent, event_id)
    return standing is not None and (standing.skill, standing.person) == (skill, person)


def _values(report: UsageReport, skill: str, person: str, channel: str, now: datetime) -> Json:
    given = report.model_dump(exclude={"used_at", "skill"})
    return {**given, "skill": skill, "person": person, "channel": channel, "used_at": report.used_at or now}
