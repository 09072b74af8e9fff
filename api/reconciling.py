"""Ends the record of jobs whose workflow was ended behind its back: terminated, timed out or failed in Temporal.

A workflow that ends by itself writes its own end; only here the api writes a job's state, because nobody else is left.
"""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.dependencies import Services
from api.errors import TemporalUnavailable
from api.redelivery import UNDELIVERABLE
from domain.job import JobStatus
from domain.prompt import PromptStatus
from store import audit, jobs, prompts

PAUSE = 15.0
AT_ONCE = 500
"""Jobs looked at in one go: Temporal is asked about each."""

log = structlog.get_logger("api")


async def reconcile_for_ever(parts: Services) -> None:
    """Look every fifteen seconds, at some hundred jobs at a time. A database or Temporal that is away is waited for."""
    last = None
    while True:
        try:
            last = await reconcile(parts, last)
        except (SQLAlchemyError, OSError, TemporalUnavailable) as error:
            log.warning("jobs cannot be reconciled; trying again", error=str(error)[:200])
        await asyncio.sleep(PAUSE)


async def reconcile(parts: Services, after: UUID | None = None) -> UUID | None:
    """Write the end of open jobs whose workflow is closed, of the jobs behind `after`; returns the last one that was
    looked at, None when there are no more behind it."""
    async with parts.database.transaction() as session:
        unfinished = await jobs.unfinished(session, after, AT_ONCE)
    for job_id in unfinished:
        known = await parts.temporal.describe(job_id)
        if known is None or known.status not in (JobStatus.CANCELLED, JobStatus.FAILED):
            continue
        message = f"{known.status}: its workflow was ended in Temporal, not by the job itself"
        async with parts.database.transaction() as session:
            await prompts.close_open(session, job_id, PromptStatus.CANCELLED)
            for row in await prompts.give_up(session, job_id, UNDELIVERABLE):
                await audit.note_claimed(session, row, "ended", UNDELIVERABLE)
            await jobs.change(
                session,
                job_id,
                "end",
                known.status,
                message,
                status=known.status,
                hitl_type=None,
                parked_at=None,
                error=message,
                completed_at=datetime.now(UTC),
            )
    return unfinished[-1] if len(unfinished) == AT_ONCE else None
