"""Tells a workflow that its prompt has an answer: by the request that claimed it, and again until it got through.

Signalling twice is safe, because the workflow takes the claimed answer whoever signals. The loop runs in the api's
lifespan, so that whatever api process lives delivers what a dead one has claimed.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.dependencies import Services
from api.errors import TemporalUnavailable, WorkflowGone
from domain.errors import JobEnded
from store import audit, prompts
from store.tables import HitlInteraction

PAUSE = 2.0
AGE = timedelta(seconds=2)
"""Younger claims are still being delivered by the request that made them."""

UNDELIVERABLE = "The job had ended before it could be told of this answer."

log = structlog.get_logger("api")


async def deliver(parts: Services, row: HitlInteraction) -> None:
    """Signal a claimed answer. Temporal may be away: the claim stands and is delivered later.

    Raises JobEnded when there is nobody left to be told.
    """
    known = {"job_id": str(row.job_id), "interaction_id": str(row.interaction_id)}
    try:
        await parts.temporal.answer(row.job_id, row.interaction_id)
    except TemporalUnavailable:
        log.warning("an answer waits for Temporal", **known)
        return
    except WorkflowGone as gone:
        if await _reached_nobody(parts, row):
            raise JobEnded("The job has ended meanwhile; your answer is on record, but reached nobody.") from gone
        return
    try:
        async with parts.database.transaction() as session:
            await prompts.mark_delivered(session, row.interaction_id)
    except (SQLAlchemyError, OSError) as error:
        log.warning(
            "an answer was delivered, which could not be noted: it will be again", why=str(error)[:200], **known
        )


async def redeliver_for_ever(parts: Services) -> None:
    """Look every two seconds. A database that is away is waited for."""
    while True:
        try:
            await redeliver(parts)
        except (SQLAlchemyError, OSError) as error:
            log.warning("answers cannot be looked up; trying again", error=str(error)[:200])
        await asyncio.sleep(PAUSE)


async def redeliver(parts: Services, *, age: timedelta = AGE) -> int:
    """Deliver what waits, oldest first; returns how many there were."""
    async with parts.database.transaction() as session:
        waiting = await prompts.undelivered(session, datetime.now(UTC) - age)
    for row in waiting:
        try:
            await deliver(parts, row)
        except JobEnded:
            log.warning("an answer reached nobody", job_id=str(row.job_id), interaction_id=str(row.interaction_id))
    return len(waiting)


async def _reached_nobody(parts: Services, row: HitlInteraction) -> bool:
    """The workflow is gone. Whether it went without this answer: somebody else's signal may have told it."""
    async with parts.database.transaction() as session:
        now = await prompts.get(session, row.interaction_id)
        if now is None or now.applied_at is not None:
            await prompts.mark_delivered(session, row.interaction_id)
            return False
        await prompts.mark_undeliverable(session, row.interaction_id, UNDELIVERABLE)
        await audit.note_claimed(session, now, "ended", UNDELIVERABLE)
    return True
