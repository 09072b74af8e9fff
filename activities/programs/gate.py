"""The gate before one provider: how many requests are in flight at once, how many begin a minute, and its pauses.

Whatever a worker asks of a provider passes one gate, in whose name or role ever. Must not know what is asked, and
tries nothing again.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

MINUTE = 60.0


class Gate:
    """Lets `at_once` requests in together, and `per_minute` begin in a minute (None: as many as come), evenly spread.

    Evenly, because providers count in seconds too: a minute's worth at once would be refused. `longest_pause`: seconds
    after which a provider that asked for more is asked again all the same.
    """

    def __init__(self, at_once: int, per_minute: int | None = None, longest_pause: float = math.inf) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._apart = 0.0 if per_minute is None else MINUTE / per_minute
        self._longest_pause = longest_pause
        self._line = asyncio.Lock()
        self._opens = 0.0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Around one call: a place among those in flight, and its turn to begin."""
        async with self._places:
            await self.turn()
            yield

    async def turn(self) -> None:
        """Wait until one more request may begin; who came first goes first, and a cancelled wait costs no turn."""
        async with self._line:
            # A pause may be asked for while this waits.
            while (wait := self._opens - time.monotonic()) > 0:  # noqa: ASYNC110 - time is what is waited for
                await asyncio.sleep(wait)
            self._opens = time.monotonic() + self._apart

    def pause(self, seconds: float) -> None:
        """The provider asked to be left alone: nothing begins until then. What is in flight goes on."""
        self._opens = max(self._opens, time.monotonic() + min(seconds, self._longest_pause))
