"""One live stream: the present state, then every event after a position, until the job has ended and all is sent.

Reads in short transactions and holds nothing between them. What wakes it is a hint; the table is the truth.
"""

import asyncio
from collections.abc import AsyncGenerator

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.dependencies import Services
from api.errors import TemporalUnavailable
from api.reading import KnownJob, find, present
from domain.errors import NotFound
from domain.job import JobEvent
from store import events, jobs

HEARTBEAT = 15.0
"""Seconds after which a quiet stream says that it lives, and rereads."""

RETRY = 2.0
"""Seconds before rereading when the database was away."""


async def frames(parts: Services, job: KnownJob, after: int, heartbeat: float = HEARTBEAT) -> AsyncGenerator[str, None]:
    """The text of the stream. `after` is the number of the last event the client has; 0 replays all."""
    with parts.hub.subscribed(job.job_id) as wake:
        first = await present(parts.database, job)
        # The id is where the client stands, not where the job does: a cut right after this frame must skip nothing.
        yield frame(first, after)
        ended = first.seq == 0 and first.status.final
        while not ended:
            wake.clear()
            pause = heartbeat
            try:
                batch, ended, more = await _news(parts, job, after)
            except (DBAPIError, PoolTimeout, TemporalUnavailable):
                batch, more, pause = [], False, min(RETRY, heartbeat)
            for event in batch:
                yield frame(event, event.seq)
                after = event.seq
            if not ended and not more and not await _woken(wake, pause):
                yield ": heartbeat\n\n"


def frame(event: JobEvent, position: int) -> str:
    """One event as Server-Sent Events write it. JSON has no line breaks."""
    return f"id: {position}\nevent: {event.type}\ndata: {event.model_dump_json()}\n\n"


async def _news(parts: Services, job: KnownJob, after: int) -> tuple[list[JobEvent], bool, bool]:
    """The events after a position; whether they are the last ones; whether there are more to read at once."""
    async with parts.database.transaction() as session:
        batch = await events.since(session, job.job_id, after)
        state = await jobs.present_state(session, job.job_id)
    if state is None:
        return [], await _never_began(parts, job), False
    last = batch[-1].seq if batch else after
    return batch, state.status.final and last >= state.seq, last < state.seq


async def _never_began(parts: Services, job: KnownJob) -> bool:
    """Whether a job without a row has ended all the same: terminated before its first step, or forgotten."""
    try:
        return (await find(parts.database, parts.temporal, job.job_id)).status.final
    except NotFound:
        return True


async def _woken(wake: asyncio.Event, within: float) -> bool:
    try:
        async with asyncio.timeout(within):
            await wake.wait()
    except TimeoutError:
        return False
    return True
