"""One live stream: the present state, then every event after a position, until the job has ended and all is sent.

Reads in short transactions and holds nothing between them. What wakes it is a hint; the table is the truth. What a
model writes meanwhile comes beside the events, without a number, and may be missing.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.dependencies import Services
from api.errors import TemporalUnavailable
from api.hub import Follower
from api.reading import KnownJob, find, present
from domain.errors import NotFound
from domain.job import JobEvent
from store import events, jobs
from store.notifications import Look

HEARTBEAT = 15.0
"""Seconds after which a quiet stream says that it lives, and rereads."""

RETRY = 2.0
"""Seconds before rereading when the database was away."""

TOKEN = "token"  # noqa: S105 - no password: the type of an event
"""Type of the event that shows what a model is writing; its data is {label, text}."""

BEAT = ": heartbeat\n\n"


@dataclass(frozen=True)
class Sent:
    """One event on its way to a client; `position` is where the client stands with it, None for a passing one."""

    event: JobEvent
    position: int | None


async def frames(
    parts: Services,
    job: KnownJob,
    after: int,
    heartbeat: float = HEARTBEAT,
    *,
    tokens: bool = False,
    watcher: str | None = None,
) -> AsyncGenerator[str, None]:
    """The text of the stream as Server-Sent Events; see `follow`."""
    async with aclosing(follow(parts, job, after, heartbeat, tokens=tokens, watcher=watcher)) as story:
        async for sent in story:
            yield BEAT if sent is None else frame(sent.event, sent.position)


async def follow(
    parts: Services,
    job: KnownJob,
    after: int,
    heartbeat: float = HEARTBEAT,
    *,
    tokens: bool = False,
    watcher: str | None = None,
) -> AsyncGenerator[Sent | None, None]:
    """A job's events; None where it was quiet for a heartbeat.

    `after` is the number of the last event the client has; 0 replays all. `tokens`: show what models write, too.
    `watcher` is seen looking at the job as long as this runs.
    """
    with parts.hub.subscribed(job.job_id, tokens=tokens, watcher=watcher) as follower:
        last = await present(parts.database, job)
        # The position is where the client stands, not where the job does: a cut right after this skips nothing.
        yield Sent(last, after)
        ended = last.seq == 0 and last.status.final
        while not ended:
            follower.clear()
            follower.news = False
            pause = heartbeat
            try:
                batch, ended, more = await _news(parts, job, after)
            except (DBAPIError, PoolTimeout, TemporalUnavailable):
                batch, more, pause = [], False, min(RETRY, heartbeat)
            for event in batch:
                yield Sent(event, event.seq)
                last, after = event, event.seq
            due = time.monotonic() + pause
            while not (ended or more or follower.news):
                quiet = not await woken(follower, due - time.monotonic())
                for look in follower.taken():
                    yield Sent(_shown(look, last, after), None)
                if quiet:
                    yield None
                    break


def frame(event: JobEvent, position: int | None) -> str:
    """One event as Server-Sent Events write it. JSON has no line breaks."""
    number = "" if position is None else f"id: {position}\n"
    return f"{number}event: {event.type}\ndata: {event.model_dump_json()}\n\n"


def _shown(look: Look, last: JobEvent, after: int) -> JobEvent:
    """A look as an event that has no number of its own."""
    return JobEvent(
        seq=after,
        type=TOKEN,
        status=last.status,
        phase=last.phase,
        progress=last.progress,
        message=look.label,
        data={"label": look.label, "text": look.text},
        created_at=datetime.now(UTC),
    )


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


async def woken(follower: Follower, within: float) -> bool:
    """Wait for anything new; leaves the follower ready to be woken again."""
    try:
        async with asyncio.timeout(within):
            await follower.wait()
    except TimeoutError:
        return False
    follower.clear()
    return True
