"""Uvicorn that ends as soon as it is told to. As it comes it looks every 100 ms whether it is to end, and then waits
as long again: of a thousand tests with a server of their own that is minutes in which nothing is tested.
"""

import asyncio
import socket
from contextlib import suppress

import uvicorn

LOOK = 0.01
"""Seconds between two looks."""


class QuickServer(uvicorn.Server):
    """Starts, serves and ends in the same order as uvicorn's own server."""

    async def main_loop(self) -> None:
        """Serve until `should_exit`."""
        await self.on_tick(0)  # makes the headers of every answer
        while not self.should_exit:  # noqa: ASYNC110 - other threads set it too
            await asyncio.sleep(LOOK)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more, let what runs end within the time that the configuration gives, and cancel what then runs."""
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended(), self.config.timeout_graceful_shutdown)
        for task in self.server_state.tasks:
            task.cancel()
        if not self.force_exit:
            await self.lifespan.shutdown()

    async def _ended(self) -> None:
        while (self.server_state.connections or self.server_state.tasks) and not self.force_exit:  # noqa: ASYNC110
            await asyncio.sleep(LOOK)
