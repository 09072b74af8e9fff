"""Waiting for what another process or task brings about, where nothing here could set an event."""

import asyncio
from collections.abc import Callable


async def until(holds: Callable[[], bool], within: float = 10) -> None:
    """Return as soon as it holds. Raises TimeoutError after `within` seconds."""
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)
