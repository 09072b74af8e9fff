"""Events: appended in the transaction of the state they describe, replayed by `seq`, announced by NOTIFY as a hint."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import job as shapes
from store.tables import METADATA, Job, JobEvent

CHANNEL = "job_events"
"""PostgreSQL notification channel; the payload is the job id."""

ROWS = METADATA.tables[JobEvent.__tablename__]
"""The bare table: an insert by way of the mapped class costs a millisecond more."""


class Told(NamedTuple):
    """An event that is to be told, with the job as it will be by then. `key` is what makes it happen once."""

    key: str
    type: str
    message: str
    data: Mapping[str, JsonValue]
    status: str
    phase: str | None
    progress: int


async def append(session: AsyncSession, job: Job, told: Told) -> bool:
    """Add one event to a job whose row this transaction holds locked; False when its key stands already, so that what
    it describes was done before.

    The lock makes the order of commits the order of `seq`, without gaps.
    """
    seq = job.last_seq + 1
    row = insert(ROWS).values(
        job_id=job.job_id,
        seq=seq,
        event_key=told.key,
        type=told.type,
        status=told.status,
        phase=told.phase,
        progress=told.progress,
        message=told.message,
        data=dict(told.data),
    )
    once = row.on_conflict_do_nothing(index_elements=["job_id", "event_key"]).returning(
        func.pg_notify(CHANNEL, str(job.job_id))
    )
    if (await session.execute(once)).first() is None:
        return False
    job.last_seq = seq
    return True


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
