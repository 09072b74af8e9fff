"""Ends the record of jobs whose workflow was ended behind its back: terminated, timed out or failed in Temporal.

A workflow that ends by itself writes its own end; only here the api writes a job's state, because nobody else is left.
"""

import asyncio
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.dependencies import Services
from api.errors import TemporalUnavailable
from api.redelivery import UNDELIVERABLE
from domain.job import JobStatus
from domain.prompt import PromptStatus
from store import audit, jobs, prompts

PAUSE = 15.0

log = structlog.get_logger("api")


async def reconcile_for_ever(parts: Services) -> None:
    """Look every fifteen seconds. A database or Temporal that is away is waited for."""
    while True:
        try:
            await reconcile(parts)
        except (SQLAlchemyError, OSError, TemporalUnavailable) as error:
            log.warning("jobs cannot be reconciled; trying again", error=str(error)[:200])
        await asyncio.sleep(PAUSE)


async def reconcile(parts: Services) -> int:
    """Write the end of every open job whose workflow is closed; returns how many there were."""
    async with parts.database.transaction() as session:
        unfinished = await jobs.unfinished(session)
    ended = 0
    for job_id in unfinished:
        known = await parts.temporal.describe(job_id)
        if known is None or known.status not in (JobStatus.CANCELLED, JobStatus.FAILED):
            continue
        message = f"{known.status}: its workflow was ended in Temporal, not by the job itself"
        async with parts.database.transaction() as session:
            await prompts.close_open(session, job_id, PromptStatus.CANCELLED)
            for row in await prompts.give_up(session, job_id, UNDELIVERABLE):
                await audit.note_claimed(session, row, "ended", UNDELIVERABLE)
            ended += await jobs.change(
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
    return ended
