"""Live beside the event stream of a job: the same events over a WebSocket, and the inbox as it changes.

Must hold no database session while it waits.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api import listing
from api.dependencies import PersonDep, Services, ServicesDep, asking_name
from api.described import problems
from api.errors import InvalidRequest, TemporalUnavailable
from api.jobs import position
from api.listing import InboxWanted
from api.permissions import Person, Verb, may
from api.reading import KnownJob, find, no_job
from api.stream import BEAT, HEARTBEAT, RETRY, UNBUFFERED, Sent, follow, woken
from domain.errors import NotFound
from domain.prompt import HitlType

router = APIRouter(tags=["jobs"])

BREATH = 0.5
"""Seconds between two readings of an inbox: many jobs at once shall not make it read for each of their events."""

ENDED, AWAY = 1000, 1013
"""Codes of RFC 6455 and its registry: all is sent; try again later."""

UNFIT, UNKNOWN = 4422, 4404
"""Our own codes, after the HTTP status that says the same."""


@router.websocket("/ws/jobs/{job_id}")
async def watch_job(
    socket: WebSocket, parts: ServicesDep, job_id: str, last_event_id: str | None = None, tokens: bool = False
) -> None:
    """The events of a job as JSON text frames: first the present state (`state`), then every event after
    `last_event_id` or the header `Last-Event-ID` (without one: all), then the close with code 1000. Count `seq` from
    all but `state` and `token`.

    4404: no such job, or not for this person. 4422: `last_event_id` is none. 1013: try again later.
    """
    await socket.accept()
    try:
        job, asking = await _readable(socket, parts, job_id)
        since = socket.headers.get("last-event-id") or last_event_id
        story = follow(parts, job, position(since), tokens=tokens, watcher=asking.name)
        finished = await _send_all(socket, story)
    except (NotFound, InvalidRequest) as error:
        await socket.close(UNKNOWN if isinstance(error, NotFound) else UNFIT, _short(str(error)))
    except (TemporalUnavailable, DBAPIError, PoolTimeout):
        await socket.close(AWAY, "The database or Temporal is away. Nothing is lost; connect again.")
    else:
        if finished:
            await socket.close(ENDED)


def inbox_wanted(
    user_id: Annotated[str | None, Query(max_length=255)] = None,
    assignee: Annotated[str | None, Query(max_length=255)] = None,
    kind: HitlType | None = None,
    mine: bool = False,
) -> InboxWanted:
    """The filters of the inbox, from the address."""
    return InboxWanted(user_id=user_id, assignee=assignee, kind=kind, mine=mine)


@router.get(
    "/jobs/pending/events",
    summary="Follow the inbox",
    response_class=StreamingResponse,
    responses={
        200: {"description": "Server-Sent Events.", "content": {"text/event-stream": {}}},
        **problems(422, 503),
    },
)
async def follow_inbox(
    parts: ServicesDep,
    asking: PersonDep,
    wanted: Annotated[InboxWanted, Depends(inbox_wanted)],
    last_event_id: Annotated[str | None, Header(description="The `id` of the last state seen.")] = None,
) -> StreamingResponse:
    """Server-Sent Events `inbox`: the whole list as `GET /jobs/pending` gives it, now and whenever it has changed.

    A frame's `id` names the state it shows, so that a client that comes back gets one only if it has changed since.
    """
    states = inbox_frames(parts, asking, wanted, last_event_id)
    # Read once before the answer begins, so that what is wrong is a problem document and not a broken stream.
    stream = _continued(await anext(states), states)
    return StreamingResponse(stream, media_type="text/event-stream", headers=UNBUFFERED)


async def inbox_frames(
    parts: Services, asking: Person, wanted: InboxWanted, seen: str | None, heartbeat: float = HEARTBEAT
) -> AsyncGenerator[str, None]:
    """The text of the inbox's stream; never ends by itself. `seen` is the id of the state that the client has.

    Raises what the first reading raises; later ones are tried again.
    """
    with parts.hub.subscribed(None) as follower:
        page, spoke, pause = await listing.inbox(parts, asking, wanted), -heartbeat, heartbeat
        while True:
            text = page.model_dump_json()
            state = hashlib.sha256(text.encode()).hexdigest()[:16]
            if state != seen:
                yield f"id: {state}\nevent: inbox\ndata: {text}\n\n"
                seen, spoke = state, time.monotonic()
            elif time.monotonic() - spoke >= heartbeat:
                yield BEAT
                spoke = time.monotonic()
            if await woken(follower, pause):
                await asyncio.sleep(BREATH)
            try:
                page, pause = await listing.inbox(parts, asking, wanted), heartbeat
            except (DBAPIError, PoolTimeout):
                pause = min(RETRY, heartbeat)


async def _continued(first: str, others: AsyncGenerator[str, None]) -> AsyncIterator[str]:
    async with aclosing(others):
        yield first
        async for text in others:
            yield text


async def _readable(socket: WebSocket, parts: Services, job_id: str) -> tuple[KnownJob, Person]:
    """The job, and who asks for it. Raises NotFound, InvalidRequest, TemporalUnavailable."""
    asking = Person(asking_name(socket))
    try:
        job = await find(parts.database, parts.temporal, UUID(job_id))
    except ValueError:
        raise NotFound("There is no such job: its id is not a job's id.") from None
    if not may(asking, Verb.READ, job):
        raise no_job(job.job_id)
    return job, asking


async def _send_all(socket: WebSocket, story: AsyncGenerator[Sent | None, None]) -> bool:
    """Send until the story ends (True) or the client has gone (False)."""
    sending, leaving = asyncio.create_task(_send(socket, story)), asyncio.create_task(_until_gone(socket))
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return sending.result() if sending.done() else False
    finally:
        for task in (sending, leaving):
            task.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)


async def _send(socket: WebSocket, story: AsyncGenerator[Sent | None, None]) -> bool:
    async with aclosing(story):
        try:
            async for sent in story:
                if sent is not None:
                    await socket.send_text(sent.event.model_dump_json())
        except WebSocketDisconnect:
            return False
    return True


async def _until_gone(socket: WebSocket) -> None:
    """What a client says is not for us; that it goes is."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


def _short(reason: str) -> str:
    """A close frame has room for 123 bytes."""
    return reason.encode()[:120].decode(errors="ignore")
