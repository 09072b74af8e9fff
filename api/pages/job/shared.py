"""One reading for many: what several connections ask for at once is read once, and given to all of them.

Nobody gets what was read before they asked: whoever comes while a reading is under way gets the next one, together with
all who came since. Keeps nothing when nobody waits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Shared(Generic[K, T]):
    """Readings by key, of one process."""

    def __init__(self) -> None:
        self._next: dict[K, asyncio.Task[T]] = {}
        self._now: dict[K, asyncio.Task[T]] = {}

    async def read(self, key: K, how: Callable[[], Awaitable[T]]) -> T:
        """What `how` gives when it is called from now on. Raises what it raises."""
        waiting = self._next.get(key)
        if waiting is None:
            waiting = self._next[key] = asyncio.create_task(self._after(key, how))
            waiting.add_done_callback(_looked_at)
        # Shielded: others wait for it too, and one of them may leave.
        return await asyncio.shield(waiting)

    async def _after(self, key: K, how: Callable[[], Awaitable[T]]) -> T:
        try:
            if (before := self._now.get(key)) is not None:
                await asyncio.wait([before])
        finally:
            own = self._next.pop(key)
        self._now[key] = own
        try:
            return await how()
        finally:
            if self._now.get(key) is own:
                del self._now[key]

    def __len__(self) -> int:
        """Readings under way or to come."""
        return len(self._next) + len(self._now)


def _looked_at(task: asyncio.Task[T]) -> None:
    """Everybody who waited may have left: then nobody else asks how it ended."""
    if not task.cancelled():
        task.exception()
