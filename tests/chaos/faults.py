"""What goes wrong, drawn from the seed before anything begins, and done at its moment.

Kills, stops and ends only processes that `stack.json` names as parts of the stack under test, never its supervisor.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Literal

import psutil

from deploy import stack_file
from tests.support.provider import FaultKind, SpawnedProvider

Part = Literal["worker", "api", "postgres", "temporal"]
PARTS: tuple[Part, ...] = ("worker", "api", "postgres", "temporal")
LONGEST_STOP = 10.0
APPEARS_WITHIN = 20.0
"""Seconds in which the supervisor must have brought a dead part back, for it to be hit again."""
PAUSE = 0.02

_NONSENSE = (FaultKind.PROSE, FaultKind.EMPTY, FaultKind.TRUNCATED, FaultKind.NOT_JSON)
_OTHERS = (
    FaultKind.DELAY, FaultKind.RATE_LIMIT, FaultKind.SERVER_ERROR, FaultKind.UNAVAILABLE, FaultKind.HANG,
    FaultKind.DROP, FaultKind.CUT_STREAM,
)  # fmt: skip


class How(StrEnum):
    """What is done to a process."""

    KILL = "kill -9"
    BACKEND = "kill -9 of a backend"
    STOP = "stop"
    END = "SIGTERM"


@dataclass(frozen=True)
class Blow:
    """Something done to a part. `at`: seconds after the beginning of the seed; `seconds`: how long a stop lasts."""

    at: float
    part: Part
    how: How
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """By what its recovery is counted."""
        return f"{self.part} {self.how}"


@dataclass(frozen=True)
class Trouble:
    """Something the provider does for its next calls."""

    at: float
    kind: FaultKind
    times: int
    seconds: float


@dataclass(frozen=True)
class Struck:
    """A blow that was dealt, from when to when the part could not work because of it (a kill takes no time)."""

    blow: Blow
    pid: int
    began: datetime
    ended: datetime


def blows(seed: int) -> list[Blow]:
    """What happens to the parts, in order; a moment apart from each other, so that some come while others heal."""
    rng, at = Random(f"{seed}/blows"), 0.5
    found = []
    for _ in range(rng.randint(2, 5)):
        at += rng.uniform(0.3, 6.0)
        part = rng.choices(PARTS, [4, 2, 2, 2])[0]
        how = rng.choices(_possible(part), [5, 3, 2][: len(_possible(part))])[0]
        seconds = rng.uniform(0.5, LONGEST_STOP) if how is How.STOP else 0.0
        found.append(Blow(at, part, how, seconds))
    return found


def troubles(seed: int) -> list[Trouble]:
    """What the provider does, in order."""
    rng, at = Random(f"{seed}/troubles"), 0.0
    found = []
    for _ in range(rng.randint(2, 6)):
        at += rng.uniform(0.2, 5.0)
        kind = rng.choice([rng.choice(_NONSENSE), *_OTHERS])
        found.append(Trouble(at, kind, rng.randint(1, 3), rng.uniform(0.5, 4.0)))
    return found


def _possible(part: Part) -> tuple[How, ...]:
    if part == "postgres":
        return (How.KILL, How.STOP, How.BACKEND)
    return (How.KILL, How.STOP) if part == "temporal" else (How.KILL, How.STOP, How.END)


@dataclass
class Saboteur:
    """Does what was drawn. `stack` is the file that names the processes; `struck` is what was done, in order."""

    stack: Path
    provider: SpawnedProvider
    struck: list[Struck] = field(default_factory=list)
    said: list[Trouble] = field(default_factory=list)

    async def run(self, seed: int) -> None:
        """Both lists at their moments."""
        loop = asyncio.get_running_loop()
        began = loop.time()

        async def at(moment: float) -> None:
            await asyncio.sleep(max(0.0, began + moment - loop.time()))

        async def parts() -> None:
            for blow in blows(seed):
                await at(blow.at)
                await self.strike(blow)

        async def provider() -> None:
            for trouble in troubles(seed):
                await at(trouble.at)
                await asyncio.to_thread(self.provider.fail, trouble.kind, trouble.times, trouble.seconds)
                self.said.append(trouble)

        await asyncio.gather(parts(), provider())

    async def strike(self, blow: Blow) -> None:
        """Deal one blow. A part that is just dead is waited for. Raises TimeoutError when it does not come back."""
        async with asyncio.timeout(APPEARS_WITHIN + blow.seconds):
            pid = await self._alive(blow.part)
            began = datetime.now(UTC)
            if blow.how is How.STOP:
                await stopped(family(pid) if blow.part == "postgres" else [pid], blow.seconds)
            else:
                sent = signal.SIGTERM if blow.how is How.END else signal.SIGKILL
                send(backend(pid) if blow.how is How.BACKEND else pid, sent)
            self.struck.append(Struck(blow, pid, began, datetime.now(UTC)))

    async def _alive(self, part: Part) -> int:
        while True:
            known = stack_file.read(self.stack)
            pid: int | None = getattr(known.pids, part) if known else None
            if pid is not None and psutil.pid_exists(pid):
                return pid
            await asyncio.sleep(PAUSE)


async def stopped(pids: list[int], seconds: float) -> None:
    """Stop processes, and let them go on after so many seconds, whatever happens meanwhile."""
    try:
        for pid in pids:
            send(pid, signal.SIGSTOP)
        await asyncio.sleep(seconds)
    finally:
        for pid in reversed(pids):
            send(pid, signal.SIGCONT)


def family(pid: int) -> list[int]:
    """A process and what it has started: PostgreSQL's backends leave its group."""
    return [pid, *(child.pid for child in _children(pid))]


def backend(pid: int) -> int:
    """A backend that serves a connection of ours; the server itself when there is none."""
    serving: Callable[[psutil.Process], bool] = lambda child: "skill_fleet" in " ".join(child.cmdline())  # noqa: E731
    with suppress(psutil.Error):
        return next((child.pid for child in _children(pid) if serving(child)), pid)
    return pid


def send(pid: int, number: signal.Signals) -> None:
    """Signal a process that may be gone by now."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
