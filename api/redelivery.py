"""Delivers claimed answers whose signal did not get through. Runs in the api's lifespan, for as long as it lives."""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.answering import deliver
from api.dependencies import Services
from domain.errors import JobEnded
from store import prompts

PAUSE = 2.0
AGE = timedelta(seconds=2)
"""Younger claims are still being delivered by the request that made them."""

log = structlog.get_logger("api")


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
