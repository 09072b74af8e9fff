"""Delivers the outbox to the webhook: at least once, under an id that stays. Runs in the api's lifespan.

Several processes may do it at once: a row is leased to one attempt. One that dies between sending and marking leaves
its row to be sent again, with the same `webhook-id`, by which the receiver knows it.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.webhook import Outcome, Webhook
from store import outbox
from store.outbox import Due
from store.session import Database

PAUSE = 2.0
"""Seconds between looks at an empty outbox."""

PARALLEL = 4
"""Notifications in flight at once in one process."""

LEASE = timedelta(seconds=60)
"""How long a row is one attempt's own: far more than the five seconds it takes."""

AGAIN_AFTER = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Pauses after the first, second … failed attempt; after the tenth it is given up (Standard Webhooks)."""

LONGEST_WAIT = timedelta(hours=24)
"""A receiver that asks for more is asked again after a day all the same."""

log = structlog.get_logger("api")


async def notify_for_ever(database: Database, webhook: Webhook) -> None:
    """Deliver what is due, then look every two seconds. A database that is away is waited for."""
    while True:
        taken = 0
        try:
            taken = await notify(database, webhook, datetime.now(UTC))
        except (SQLAlchemyError, OSError) as error:
            log.warning("notifications cannot be looked up; trying again", error=str(error)[:200])
        if taken < PARALLEL:
            await asyncio.sleep(PAUSE)


async def notify(database: Database, webhook: Webhook, now: datetime) -> int:
    """Deliver a few that are due at `now`, side by side; returns how many were tried."""
    async with database.transaction() as session:
        taken = await outbox.claim(session, now, PARALLEL, LEASE)
    await asyncio.gather(*(_deliver(database, webhook, due) for due in taken))
    return len(taken)


async def _deliver(database: Database, webhook: Webhook, due: Due) -> None:
    outcome = await webhook.send(str(due.notification_id), due.payload)
    try:
        await _mark(database, due, outcome, datetime.now(UTC))
    except (SQLAlchemyError, OSError) as error:
        log.warning("a notification is not marked and will be sent again", error=str(error)[:200])


async def _mark(database: Database, due: Due, outcome: Outcome, now: datetime) -> None:
    async with database.transaction() as session:
        if outcome.error is None:
            await outbox.delivered(session, due, now)
            return
        pause = None if outcome.gone else pause_after(due.attempts, outcome.retry_after, due.notification_id)
        await outbox.failed(session, due, None if pause is None else now + pause, outcome.error)
    tell = log.warning if pause else log.error
    tell(
        "a notification was not delivered",
        notification_id=str(due.notification_id),
        type=due.type,
        attempts=due.attempts,
        error=outcome.error,
        again_in=pause.total_seconds() if pause else None,
    )


def pause_after(attempts: int, retry_after: float | None, notification_id: UUID) -> timedelta | None:
    """How long to wait after this many attempts; None: no more.

    Up to a tenth is added, always the same for one notification, so that many do not come back at once.
    """
    if attempts > len(AGAIN_AFTER):
        return None
    pause = AGAIN_AFTER[attempts - 1]
    spread = pause * (notification_id.int % 100 / 1_000)
    asked = timedelta(seconds=min(retry_after or 0.0, LONGEST_WAIT.total_seconds()))
    return max(pause + spread, asked)
