"""Events: appended in the transaction of the state they describe, replayed by `seq`, announced by NOTIFY as a hint."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import job as shapes
from store import outbox
from store.tables import METADATA, Job, JobEvent

CHANNEL = "job_events"
"""PostgreSQL notification channel; the payload is the job id."""

ROWS = METADATA.tables[JobEvent.__tablename__]
"""The bare table: an insert by way of the mapped class costs a millisecond more."""


async def append(
    session: AsyncSession, job: Job, key: str, kind: str, message: str, data: Mapping[str, JsonValue] | None = None
) -> None:
    """Add one event to a job whose row this transaction holds locked, describing the row as it is now.

    The lock makes the order of commits the order of `seq`, without gaps. The caller has made sure that `key` is new.
    Where notifications are on, the event is put into the outbox in the same transaction.
    """
    job.last_seq += 1
    row = insert(ROWS).values(
        job_id=job.job_id,
        seq=job.last_seq,
        event_key=key,
        type=kind,
        status=job.status,
        phase=job.current_phase,
        progress=job.progress_percent,
        message=message,
        data=dict(data or {}),
    )
    await session.execute(row.returning(func.pg_notify(CHANNEL, str(job.job_id))))
    if session.info.get("notify"):
        await outbox.put(session, job, key, kind, data or {})


async def known(session: AsyncSession, job_id: UUID, key: str) -> bool:
    """True when an event with this key stands already: what it describes was done before."""
    found = await session.scalar(select(JobEvent.seq).where(JobEvent.job_id == job_id, JobEvent.event_key == key))
    return found is not None


async def since(session: AsyncSession, job_id: UUID, seq: int, limit: int = 500) -> list[shapes.JobEvent]:
    """The events after `seq`, in order."""
    query = select(JobEvent).where(JobEvent.job_id == job_id, JobEvent.seq > seq).order_by(JobEvent.seq).limit(limit)
    return [_to_shape(row) for row in await session.scalars(query)]


def _to_shape(row: JobEvent) -> shapes.JobEvent:
    return shapes.JobEvent(
        seq=row.seq,
        type=row.type,
        status=shapes.JobStatus(row.status),
        phase=shapes.Phase(row.phase) if row.phase else None,
        progress=row.progress,
        message=row.message,
        data=row.data,
        created_at=row.created_at,
    )
