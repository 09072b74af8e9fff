"""How long a request may go without an answer: a database that hangs must not hang its callers.

Pure ASGI. Only the time until the answer begins is bounded, so that streams run on; time that the caller takes to send
the body does not count. Must not know any route.
"""

import asyncio

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import TimedOut
from api.problems import Told

WITHIN = 15.0
"""Seconds. Longer than the longest honest wait (a promotion: 10 s), shorter than clients wait (30 s)."""

AGAIN = 2
"""Seconds after which to send the request again."""


class Patience:
    """Wraps the routes: after `seconds` without an answer the request is given up with a 503."""

    def __init__(self, app: ASGIApp, told: Told, seconds: float = WITHIN) -> None:
        self._app = app
        self._told = told
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, one way or the other."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        watch = _Watch(receive, send)
        work = asyncio.ensure_future(self._app(scope, watch.receive, watch.send))
        try:
            await self._until_answered(work, watch)
            if watch.begun or work.done():
                await work
                return
        finally:
            # Given up, or the server itself gives us up. What hangs may need seconds to notice: nobody waits for it.
            work.cancel()
        watch.closed = True
        work.add_done_callback(_noticed)
        error = TimedOut(
            f"No answer within {self._seconds:g} s: PostgreSQL or Temporal hangs. What was accepted before is safe. "
            "See `skill-fleet doctor`, then repeat the request; with the same Idempotency-Key it is done once.",
            AGAIN,
        )
        await self._told(Request(scope), error)(scope, receive, send)

    async def _until_answered(self, work: "asyncio.Future[None]", watch: "_Watch") -> None:
        while not work.done() and not watch.answered.done():
            left = watch.since + self._seconds - asyncio.get_running_loop().time()
            if left <= 0 and not watch.receiving:
                return
            await asyncio.wait({work, watch.answered}, timeout=max(left, 0.05), return_when=asyncio.FIRST_COMPLETED)


class _Watch:
    """Sees when the body comes in and when the answer begins."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.since = asyncio.get_running_loop().time()
        self.receiving = False
        self.complete = False
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False

    @property
    def begun(self) -> bool:
        return self.answered.done()

    async def receive(self) -> Message:
        self.receiving = not self.complete
        try:
            message = await self._receive()
        finally:
            self.receiving = False
        if not self.complete:
            self.since = asyncio.get_running_loop().time()
            self.complete = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if self.closed:
            return  # it was given up, and its caller has been answered
        if not self.answered.done():
            self.answered.set_result(None)
        await self._send(message)


def _noticed(work: "asyncio.Future[None]") -> None:
    """Take note of how given-up work ended, so that the loop does not complain of it."""
    if not work.cancelled():
        work.exception()
