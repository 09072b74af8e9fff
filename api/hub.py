"""Wakes streams when their job has a new event. Only a hint: a stream that hears nothing rereads at its heartbeat."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from uuid import UUID

import psycopg
import structlog

PAUSE = 1.0
"""Seconds before listening again after the connection broke."""

Hints = Callable[[], AsyncGenerator[UUID | None, None]]

log = structlog.get_logger("api")


class Hub:
    """One listener for all streams of a process."""

    def __init__(self) -> None:
        self._waiting: dict[UUID, set[asyncio.Event]] = defaultdict(set)

    @contextmanager
    def subscribed(self, job_id: UUID) -> Iterator[asyncio.Event]:
        """An event that is set whenever this job has something new."""
        wake = asyncio.Event()
        self._waiting[job_id].add(wake)
        try:
            yield wake
        finally:
            self._waiting[job_id].discard(wake)
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    async def listen(self, hints: Hints) -> None:
        """Pass hints on for ever; a broken connection is made again, and everybody rereads."""
        while True:
            try:
                await self._pass_on(hints)
            except (psycopg.Error, OSError) as error:
                log.warning("listening for events broke off; trying again", error=str(error))
            await asyncio.sleep(PAUSE)

    def wake(self, job_id: UUID | None) -> None:
        """Wake the streams of one job, or all."""
        following = list(self._waiting.values()) if job_id is None else [self._waiting.get(job_id, set())]
        for events in following:
            for event in events:
                event.set()

    async def _pass_on(self, hints: Hints) -> None:
        async with aclosing(hints()) as heard:
            async for job_id in heard:
                self.wake(job_id)
