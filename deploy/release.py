"""Brings one build of the worker to all jobs, in steps that can be taken back: gate, ramp, current, drained.

Starts and stops no worker; whoever runs workers does (`rollout.py` offers it for one machine).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from temporalio.client import Client
from temporalio.service import RPCError

from deploy.errors import StackError
from deploy.failing import failing
from deploy.routing import QUEUES, Deployment, Routing, Standing

FRESH = 75.0
"""Seconds after which a poll counts no more: a worker's poll hangs for at most a minute, then it polls again."""
LOOK = 2.0
"""Seconds between two questions how a build stands."""
ALIVE = 0.5

Say = Callable[[str], None]


@dataclass(frozen=True)
class Pace:
    """How fast, and how long to wait for what; all in seconds but the steps."""

    steps: tuple[float, ...] = (10.0, 50.0)
    """Shares of the workflows in per cent, one after the other; all of them come last by themselves."""
    pause: float = 30.0
    """After each step. A task that fails is tried again after ten seconds, and flagged at its second failure."""
    appear: float = 120.0
    """For the new worker to poll every task queue."""
    drain: float = 900.0
    """For the old build to drain. Temporal waits three minutes and then looks every three (its defaults)."""


@dataclass
class Released:
    """What has come of it so far."""

    build: str
    previous: str = ""
    drained: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each stage took."""


class Release:
    """One build on its way. StackError and RPCError leave the build from before current."""

    def __init__(self, client: Client, routing: Routing, build: str, pace: Pace, say: Say) -> None:
        self._client = client
        self._routing = routing
        self._build = build
        self._pace = pace
        self._say = say
        self.done = Released(build)

    async def run(self, gate: Callable[[], Awaitable[None]], alive: Callable[[], None]) -> Released:
        """Until the build from before has drained. `gate` and `alive` (is the started worker?) raise StackError."""
        with self._timed("worker polls"):
            before = await self._appeared(alive)
        if before.current == self._build:
            self._say(f"build {self._build} is current already")
            return self.done
        with self._timed("replay gate"):
            await gate()
        self.done.previous = before.current
        if not before.current:
            with self._timed("first version"):
                await self._first()
            return self.done
        with self._timed("ramp"):
            await self._ramped(before)
        with self._timed("drained"):
            await self._drained(before.current)
        return self.done

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.done.seconds[stage] = round(time.monotonic() - began, 1)

    async def _appeared(self, alive: Callable[[], None]) -> Deployment:
        """How everything stands once a worker of the build polls every queue."""
        self._say(f"waiting for a worker of build {self._build} to poll every task queue")
        end = time.monotonic() + self._pace.appear
        while not await self._at_work():
            alive()
            if time.monotonic() > end:
                raise StackError(
                    f"no worker of build {self._build} has polled every task queue within "
                    f"{self._pace.appear:.0f} s. Start one with TEMPORAL_DEPLOYMENT_NAME={self._routing.deployment} "
                    f"and TEMPORAL_WORKER_BUILD_ID={self._build}, and look into its log. Nothing was changed."
                )
            await asyncio.sleep(ALIVE)
        before = await self._routing.look()
        if before.ramping not in ("", self._build):
            raise StackError(
                f"build {before.ramping} gets {before.percentage:g} % already: another rollout is on its way, or was "
                "cut off. Wait for it, or end it with `python -m deploy.rollout rollback`. Nothing was changed."
            )
        return before

    async def _at_work(self) -> bool:
        fresh = time.time() - FRESH
        return await self._routing.knows(self._build, QUEUES) and await self._routing.polls(self._build, QUEUES, fresh)

    async def _first(self) -> None:
        await self._routing.make_current(self._build)
        await self._routing.settle()
        self._say(f"build {self._build} is current: the first one, so that nothing was there to ramp from")

    async def _ramped(self, before: Deployment) -> None:
        """Step by step until it is current; whatever fails, the build from before is current again."""
        known = await failing(self._client)
        if known:
            self._say(f"tasks of {len(known)} jobs fail already, before this build gets any work")
        try:
            for share in self._pace.steps:
                if (await self._routing.look()).current == self._build:  # by a rollout beside this one
                    break
                await self._routing.ramp(self._build, share)
                await self._watched(known, f"{share:g} %")
            await self._routing.make_current(self._build)
            await self._watched(known, "all new work: it is current")
        except (StackError, RPCError, asyncio.CancelledError):
            await self._back(before)
            raise

    async def _watched(self, known: set[str], share: str) -> None:
        """Give the step its time; StackError as soon as tasks fail that did not before."""
        await self._routing.settle()
        self._say(f"build {self._build} gets {share}; watching for {self._pace.pause:g} s")
        end = time.monotonic() + self._pace.pause
        while True:
            if new := sorted(await failing(self._client) - known):
                raise StackError(
                    f"tasks of {len(new)} jobs fail since this build gets work: {', '.join(new[:10])}. The build from "
                    "before is current again and they go on with it. Mend the new one; the Temporal Web UI shows why."
                )
            if time.monotonic() >= end:
                return
            await asyncio.sleep(min(LOOK, max(0.0, end - time.monotonic())))

    async def _back(self, before: Deployment) -> None:
        """All work to the build from before. Shielded from the interrupt that may have brought us here."""
        try:
            await asyncio.shield(take_back(self._routing, before.current))
        except RPCError as error:
            raise StackError(
                f"the ramp could not be taken back ({error}): build {self._build} may still get work. As soon as "
                "Temporal answers: `python -m deploy.rollout rollback`."
            ) from error
        self._say(f"build {before.current} gets all work again")

    async def _drained(self, old: str) -> None:
        """Wait until nothing is bound to the old build, so that its worker may stop."""
        if not self._pace.drain:
            return
        self._say(f"waiting up to {self._pace.drain:g} s for build {old} to drain; Temporal looks some minutes later")
        end = time.monotonic() + self._pace.drain
        while (await self._routing.look()).standing(old) is not Standing.DRAINED:
            if time.monotonic() > end:
                raise StackError(
                    f"build {self._build} is current, but {old} has not drained within {self._pace.drain:g} s: "
                    "leave its worker running, and look again with `python -m deploy.rollout status`."
                )
            await asyncio.sleep(LOOK)
        self.done.drained = True
        self._say(f"build {old} has drained: its worker may stop")


async def take_back(routing: Routing, build: str) -> None:
    """End any ramp and make this build current, unless it is. RPCError when Temporal refuses."""
    now = await routing.look()
    if now.ramping:
        await routing.ramp("", 0)
    if now.current != build:
        await routing.make_current(build)
    await routing.settle()
