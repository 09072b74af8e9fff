"""Who follows which job in this process: wakes them when there is something new, and knows who is looking.

Only hints: a follower that hears nothing rereads at its heartbeat. What a model writes is passed on and never kept.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from uuid import UUID

import psycopg
import structlog

from store.notifications import Hint, Look

PAUSE = 1.0
"""Seconds before listening again after the connection broke."""

Hints = Callable[[], AsyncGenerator[Hint, None]]

log = structlog.get_logger("api")


class Follower(asyncio.Event):
    """Set when there is something: `news` says to read the table, `looks` has the last text of each call in flight,
    `met` says that somebody came to look at the job, or left."""

    def __init__(self, *, tokens: bool = False, presence: bool = False, name: str | None = None) -> None:
        super().__init__()
        self.tokens = tokens
        self.presence = presence
        self.name = name
        self.news = False
        self.met = False
        self.looks: dict[str, Look] = {}

    def read(self) -> None:
        """There may be a new event."""
        self.news = True
        self.set()

    def see(self, look: Look) -> None:
        """A model has written on; the last look at each call is enough."""
        if self.tokens:
            self.looks[look.label] = look
            self.set()

    def meet(self) -> None:
        """Who looks at the job has changed."""
        if self.presence:
            self.met = True
            self.set()

    def taken(self) -> list[Look]:
        """The looks since the last time."""
        looks, self.looks = list(self.looks.values()), {}
        return looks


class Hub:
    """One listener for all followers of a process. Who follows None follows every job."""

    def __init__(self) -> None:
        self._following: dict[UUID | None, set[Follower]] = defaultdict(set)

    @contextmanager
    def subscribed(
        self, job_id: UUID | None, *, tokens: bool = False, presence: bool = False, watcher: str | None = None
    ) -> Iterator[Follower]:
        """A follower that is set whenever this job has something new; `watcher` is seen looking as long as it runs.

        `presence`: it is set, too, when somebody comes to look at the job or leaves it.
        """
        follower = Follower(tokens=tokens, presence=presence, name=watcher)
        self._following[job_id].add(follower)
        self._tell_presence(job_id, watcher)
        try:
            yield follower
        finally:
            self._following[job_id].discard(follower)
            if not self._following[job_id]:
                del self._following[job_id]
            self._tell_presence(job_id, watcher)

    def watching(self, job_id: UUID) -> list[str]:
        """The names of who follows this job at this moment, through this process."""
        return sorted({follower.name for follower in self._following.get(job_id, ()) if follower.name is not None})

    def _tell_presence(self, job_id: UUID | None, name: str | None) -> None:
        """Who looks at a job is shown in inboxes, and to who looks at the same job."""
        if name is None:
            return
        for follower in self._following.get(None, ()):
            follower.read()
        for follower in self._following.get(job_id, ()):
            follower.meet()

    async def listen(self, hints: Hints) -> None:
        """Pass hints on for ever; a broken connection is made again, and everybody rereads."""
        while True:
            try:
                await self._pass_on(hints)
            except (psycopg.Error, OSError) as error:
                log.warning("listening for events broke off; trying again", error=str(error))
            await asyncio.sleep(PAUSE)

    def wake(self, job_id: UUID | None) -> None:
        """Wake who follows one job, or everybody."""
        keys = [*self._following] if job_id is None else [job_id, None]
        for follower in [follower for key in keys for follower in self._following.get(key, ())]:
            follower.read()

    def pass_on(self, look: Look) -> None:
        """Show a look to who follows its job and asked for tokens."""
        for follower in self._following.get(look.job_id, ()):
            follower.see(look)

    async def _pass_on(self, hints: Hints) -> None:
        async with aclosing(hints()) as heard:
            async for hint in heard:
                if isinstance(hint, Look):
                    self.pass_on(hint)
                else:
                    self.wake(hint)
