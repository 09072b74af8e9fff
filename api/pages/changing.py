"""A part of a page as it changes: Server-Sent Events whose data are the parts of `partials.py`.

For lists over all jobs; what changes within one job is streamed beside its page. Holds no database session while it
waits. Must not know what it shows.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from hashlib import sha256

from fastapi.responses import StreamingResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.hub import Hub
from api.stream import BEAT, HEARTBEAT, RETRY, UNBUFFERED, message, woken

Render = Callable[[], Awaitable[str]]
"""Gives the present HTML: one or more partials. It reads what it needs, and holds nothing afterwards."""


async def changing(
    hub: Hub, render: Render, seen: str | None, *, breath: float, heartbeat: float = HEARTBEAT
) -> AsyncGenerator[str, None]:
    """The text of the stream; never ends by itself. `seen` is the id of the state that the browser has.

    `breath`: seconds between two readings at least. Raises what the first reading raises; later ones are tried again.
    """
    with hub.subscribed(None) as follower:
        html, spoke, pause = await render(), -heartbeat, heartbeat
        while True:
            state = sha256(html.encode()).hexdigest()[:16]
            if state != seen:
                yield message(html, state)
                seen, spoke = state, time.monotonic()
            elif time.monotonic() - spoke >= heartbeat:
                yield BEAT
                spoke = time.monotonic()
            if await woken(follower, pause):
                await asyncio.sleep(breath)
            try:
                html, pause = await render(), heartbeat
            except (DBAPIError, PoolTimeout):
                pause = min(RETRY, heartbeat)


async def streamed(frames: AsyncGenerator[str, None]) -> StreamingResponse:
    """The stream as an answer. Raises what the first reading raises: that is a problem, and not a broken stream."""
    first = await anext(frames)
    return StreamingResponse(_continued(first, frames), media_type="text/event-stream", headers=UNBUFFERED)


async def _continued(first: str, others: AsyncGenerator[str, None]) -> AsyncIterator[str]:
    async with aclosing(others):
        yield first
        async for text in others:
            yield text
