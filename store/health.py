"""Questions an operator has about the database itself, and about how the work in it stands."""

from datetime import datetime

from sqlalchemy import func, select, text

from domain.prompt import PromptStatus
from domain.shape import Shape
from store import outbox
from store.prompts import OVER_HTTP
from store.session import Session
from store.tables import HitlInteraction, Job, StepResult

RECENT_CALLS = 50


class Standing(Shape):
    """How the work stands: jobs by status, seconds the oldest undelivered answer has waited (0: none waits), and
    notifications that will be tried again or were given up."""

    jobs: dict[str, int]
    undelivered_seconds: float
    notifications_waiting: int
    notifications_given_up: int


async def schema_revision(session: Session) -> str | None:
    """The migration the database stands at; None when it has no tables of ours."""
    if await session.scalar(text("SELECT to_regclass('jobs')")) is None:
        return None
    if await session.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return "unversioned"
    return await session.scalar(text("SELECT version_num FROM alembic_version")) or "unversioned"


async def connections(session: Session) -> tuple[int, int]:
    """Connections to the server now, and how many it allows."""
    used = await session.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"))
    allowed = await session.scalar(text("SELECT current_setting('max_connections')::int"))
    return int(used or 0), int(allowed or 0)


async def jobs_by_status(session: Session) -> dict[str, int]:
    """How many jobs are in each state."""
    rows = await session.execute(select(Job.status, func.count()).group_by(Job.status))
    return {status: number for status, number in rows.all()}


async def recent_models(session: Session) -> list[str]:
    """The models that gave the last answers."""
    last = select(StepResult.model).order_by(StepResult.created_at.desc()).limit(RECENT_CALLS).subquery()
    return sorted(set(await session.scalars(select(last.c.model))))


async def standing(session: Session, now: datetime) -> Standing:
    """What somebody may want to be alarmed of."""
    oldest = await oldest_undelivered(session)
    told = await outbox.waiting(session)
    return Standing(
        jobs=await jobs_by_status(session),
        undelivered_seconds=max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
        notifications_waiting=told.waiting,
        notifications_given_up=told.given_up,
    )


async def oldest_undelivered(session: Session) -> datetime | None:
    """When the oldest answer was given that Temporal has not been told of yet; None when none waits."""
    query = select(func.min(HitlInteraction.responded_at)).where(
        HitlInteraction.status == PromptStatus.RESPONDED,
        HitlInteraction.channel.in_(OVER_HTTP),
        HitlInteraction.delivered_at.is_(None),
        HitlInteraction.undeliverable.is_(None),
    )
    return await session.scalar(query)
