"""Jobs that a problem has stopped: a key, a bill or a disk that a person must mend before a retry."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.job import JobStatus
from store.groups import concerns
from store.tables import Job

FINAL = [status for status in JobStatus if status.final]


async def by_a_problem(
    session: AsyncSession,
    person: str | None = None,
    *,
    user_id: str | None = None,
    assignee: str | None = None,
    limit: int = 200,
) -> Sequence[Job]:
    """Jobs that wait for a retry, longest stopped first; all conditions must hold. `person`: what concerns them."""
    query = (
        select(Job)
        .where(Job.error.is_not(None), Job.parked_at.is_not(None), Job.status.not_in(FINAL))
        .order_by(Job.parked_at, Job.job_id)
        .limit(limit)
    )
    if person is not None:
        query = query.where(concerns(person))
    if user_id is not None:
        query = query.where(Job.user_id == user_id)
    if assignee is not None:
        query = query.where(Job.assignee == assignee)
    return list(await session.scalars(query))
