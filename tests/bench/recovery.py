"""(e) kill -9 of the process that does the work: from the start of the next one to progress, seen at the provider.

Two jobs for each kill. One waits for a person, whose answer is sent while the process is dead. The other is amid a
model call: nobody can know that its caller is dead before a heartbeat is missed, unless it is the only one there is.
"""

import asyncio
import time
from dataclasses import dataclass, field

from tests.bench.arithmetic import Goal, Table, halves, percentile
from tests.bench.site import Site
from tests.bench.systems import Ours, System
from tests.bench.wall import MARK
from tests.support.provider import FaultKind

PATIENCE = 60.0
"""Seconds until a job that did not go on is called stuck."""


@dataclass
class Times:
    """Seconds from the start of the new process."""

    waiting: list[float] = field(default_factory=list)
    amid: list[float] = field(default_factory=list)


async def until_call(site: Site, name: str, sent: float, count: int) -> float:
    """When the provider saw this many calls of a job; TimeoutError after `PATIENCE`."""
    async with asyncio.timeout(PATIENCE):
        while len(calls := site.calls.of(name, sent)) < count:  # noqa: ASYNC110 - the calls come to another process
            await asyncio.sleep(0.05)
    return calls[count - 1].start


async def kill_once(site: Site, system: System, at: int, times: Times) -> None:
    """Two jobs, one kill."""
    waits, works = f"{MARK}waits-{system.slug}-{at:04d}", f"{MARK}works-{system.slug}-{at:04d}"
    await system.start(waits, "parked")
    await system.until_waiting(waits)
    site.provider.when(contains=works).fail(FaultKind.HANG)
    began = time.time()
    await system.start(works, "parked")
    await until_call(site, works, began, 1)
    killed = time.time()
    started = await system.kill_and_answer(waits)
    times.waiting.append(await until_call(site, waits, killed, 1) - started)
    times.amid.append(await until_call(site, works, killed, 1) - started)
    site.provider.release()
    if isinstance(system, Ours):
        for name in (waits, works):
            await system.cancel(name)


async def rows(site: Site, kills: int, peer_kills: int) -> list[Table]:
    """The table."""
    site.slow(0.0)
    head = ("system", "kills", "answered while dead, p50 / p99 s", "amid a model call, p50 / p99 s")
    table = Table("(e) From the start of the next process to progress, after kill -9", head)
    times = {system.title: Times() for system in site.systems if system.recovers}
    for at in range(kills):
        for system in site.systems:
            if system.recovers and (at < peer_kills or isinstance(system, Ours)):
                await kill_once(site, system, at, times[system.title])
        site.calls.forget()
    for system in site.systems:
        found = times.get(system.title)
        cells = (str(len(found.waiting)), halves(found.waiting, 2), halves(found.amid, 2)) if found else ("–",) * 3
        table.rows.append((system.title, *cells))
    table.notes.append(
        "Amid a model call a dead worker is noticed by missed heartbeats (2.5 s) with Temporal; DBOS takes up what its "
        "own process had left when it starts."
    )
    if any(not system.recovers for system in site.systems):
        table.notes.append("LangGraph has no worker: the caller must know the dead threads and invoke them again.")
    mine = times[site.ours.title]
    table.goals.append(Goal("(e) recovery, answered while dead, p99", 3, percentile(mine.waiting, 0.99), "s"))
    return [table]
