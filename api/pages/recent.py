"""Answers that may be some seconds old: sums over everything, which cost many queries and change little."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

FRESH = 5.0
"""Seconds for which an answer stands: as long as somebody looks at a page before the next."""

ENTRIES = 64
"""Answers that are kept."""


class Recent(Generic[K, T]):
    """The last answers by what was asked. `clock` gives seconds."""

    def __init__(self, seconds: float = FRESH, entries: int = ENTRIES, clock: Callable[[], float] = time.monotonic):
        self._seconds, self._entries, self._clock = seconds, entries, clock
        self._kept: OrderedDict[K, tuple[float, T]] = OrderedDict()

    async def get(self, key: K, ask: Callable[[], Awaitable[T]]) -> T:
        """A fresh answer, else what `ask` gives. Raises what it raises, and keeps nothing then."""
        known = self._kept.get(key)
        if known is not None and self._clock() - known[0] < self._seconds:
            return known[1]
        asked = self._clock()  # before the answer: it is as old as its oldest part
        answer = await ask()
        self._kept[key] = (asked, answer)
        self._kept.move_to_end(key)
        while len(self._kept) > self._entries:
            self._kept.popitem(last=False)
        return answer

    def __len__(self) -> int:
        """Answers that are kept, stale ones among them."""
        return len(self._kept)
