"""One live stream: the present state, then every event after a position, until the job has ended and all is sent.

Reads in short transactions and holds nothing between them. What wakes it is a hint; the table is the truth. What a
model writes meanwhile comes beside the events, without a number, and may be missing.
"""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.dependencies import Services
from api.errors import TemporalUnavailable
from api.hub import Follower, Hub
from api.reading import KnownJob, find, present
from domain.errors import NotFound
from domain.job import JobEvent, JobStatus
from store import events, jobs
from store.notifications import Look

HEARTBEAT = 15.0
"""Seconds after which a quiet stream says that it lives, and rereads."""

RETRY = 2.0
"""Seconds before rereading when the database was away."""

TOKEN = "token"  # noqa: S105 - no password: the type of an event
"""Type of the event that shows what a model is writing; its data is {label, text}."""

WATCHING = "watching"
"""Type of the event that tells who looks at the job, for who asked for it; its data is {watching: names}."""

BEAT = ": heartbeat\n\n"

UNBUFFERED: Mapping[str, str] = MappingProxyType({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
"""Headers of every stream: nobody keeps it, and a proxy passes each event on at once."""

LINE_END = re.compile(r"\r\n|\r|\n")
"""As Server-Sent Events know them: a lone CR would end a line too."""


def message(text: str, number: str | int | None = None) -> str:
    """A text of any lines as one message without a name. Without a number the reader's place in the story stays."""
    head = "" if number is None else f"id: {number}\n"
    return head + "".join(f"data: {line}\n" for line in LINE_END.split(text)) + "\n"


@dataclass(frozen=True)
class Sent:
    """One event on its way to a client; `position` is where the client stands with it, None for a passing one."""

    event: JobEvent
    position: int | None


@dataclass(frozen=True)
class News:
    """What a reading of the table or a hint brought. `last` is how the job stands by the last event that was read,
    `position` its number; `looks` and `watching` (who looks at the job now; None: as before) have no number."""

    last: JobEvent
    position: int
    events: list[JobEvent] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    watching: list[str] | None = None
    quiet: bool = False


@dataclass(frozen=True)
class Wanted:
    """What a stream shall bring beside events. `tokens`: what models write; `presence`: who looks at the job;
    `watcher`: who is seen looking as long as it runs; `linger`: go on after a job is completed, because it may still
    be published."""

    tokens: bool = False
    presence: bool = False
    watcher: str | None = None
    linger: bool = False


async def frames(
    parts: Services,
    job: KnownJob,
    after: int,
    heartbeat: float = HEARTBEAT,
    *,
    tokens: bool = False,
    presence: bool = False,
    watcher: str | None = None,
) -> AsyncGenerator[str, None]:
    """The text of the stream as Server-Sent Events; see `follow`."""
    following = follow(parts, job, after, heartbeat, tokens=tokens, presence=presence, watcher=watcher)
    async with aclosing(following) as story:
        async for sent in story:
            yield BEAT if sent is None else frame(sent.event, sent.position)


async def follow(
    parts: Services,
    job: KnownJob,
    after: int,
    heartbeat: float = HEARTBEAT,
    *,
    tokens: bool = False,
    presence: bool = False,
    watcher: str | None = None,
) -> AsyncGenerator[Sent | None, None]:
    """A job's events; None where it was quiet for a heartbeat.

    `after` is the number of the last event the client has; 0 replays all. `tokens`: show what models write, too.
    `presence`: tell who looks at the job, when that changes. `watcher` is seen looking as long as this runs.
    """
    wanted = Wanted(tokens=tokens, presence=presence, watcher=watcher)
    async with aclosing(news(parts, job, after, wanted, heartbeat)) as story:
        first = await anext(story)
        # The position is where the client stands, not where the job does: a cut right after this skips nothing.
        yield Sent(first.last, after)
        async for told in story:
            for sent in _told(told):
                yield sent


async def news(
    parts: Services, job: KnownJob, after: int, wanted: Wanted, heartbeat: float = HEARTBEAT
) -> AsyncGenerator[News, None]:
    """How the job stands (the first one), then whatever comes after the event `after`, many events at once.

    One without anything in it says that the table was read and had nothing new.
    """
    hub = parts.hub
    with hub.subscribed(job.job_id, tokens=wanted.tokens, presence=wanted.presence, watcher=wanted.watcher) as follower:
        last = await present(parts.database, job)
        yield News(last, after)
        ended = last.seq == 0 and last.status.final
        while not ended:
            follower.clear()
            follower.news = False
            pause = heartbeat
            try:
                batch, ended, more = await _news(parts, job, after, wanted.linger)
            except (DBAPIError, PoolTimeout, TemporalUnavailable):
                batch, more, pause = [], False, min(RETRY, heartbeat)
            else:
                last, after = (batch[-1], batch[-1].seq) if batch else (last, after)
                yield News(last, after, batch, follower.taken(), _who(hub, job, follower))
            due = time.monotonic() + pause
            while not (ended or more or follower.news):
                quiet = not await woken(follower, due - time.monotonic())
                looks, watching = follower.taken(), _who(hub, job, follower)
                if looks or watching is not None or quiet:
                    yield News(last, after, [], looks, watching, quiet)
                if quiet:
                    break


def _who(hub: Hub, job: KnownJob, follower: Follower) -> list[str] | None:
    """Who looks at the job, if that has changed."""
    met, follower.met = follower.met, False
    return hub.watching(job.job_id) if met else None


def _told(told: News) -> list[Sent | None]:
    """The news one by one, with None for a heartbeat."""
    sent: list[Sent | None] = [Sent(event, event.seq) for event in told.events]
    for look in told.looks:
        sent.append(Sent(_passing(TOKEN, told, {"label": look.label, "text": look.text}, look.label), None))
    if told.watching is not None:
        sent.append(Sent(_passing(WATCHING, told, {"watching": told.watching}), None))
    return [*sent, None] if told.quiet else sent


def frame(event: JobEvent, position: int | None) -> str:
    """One event as Server-Sent Events write it. JSON has no line breaks."""
    number = "" if position is None else f"id: {position}\n"
    return f"{number}event: {event.type}\ndata: {event.model_dump_json()}\n\n"


def _passing(kind: str, told: News, data: dict[str, object], message: str = "") -> JobEvent:
    last = told.last
    return JobEvent(
        seq=told.position,
        type=kind,
        status=last.status,
        phase=last.phase,
        progress=last.progress,
        message=message,
        data=data,
        created_at=datetime.now(UTC),
    )


async def _news(parts: Services, job: KnownJob, after: int, linger: bool) -> tuple[list[JobEvent], bool, bool]:
    """The events after a position; whether they are the last ones; whether there are more to read at once."""
    async with parts.database.transaction() as session:
        batch = await events.since(session, job.job_id, after)
        state = await jobs.present_state(session, job.job_id)
    if state is None:
        return [], await _never_began(parts, job), False
    last = batch[-1].seq if batch else after
    over = state.status.final and not (linger and state.status is JobStatus.COMPLETED)
    return batch, over and last >= state.seq, last < state.seq


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
