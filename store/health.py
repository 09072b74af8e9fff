"""Questions an operator has about the database itself."""

from sqlalchemy import func, select, text

from store.session import Session
from store.tables import Job, StepResult

RECENT_CALLS = 50


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
