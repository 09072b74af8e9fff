"""(f) Resident memory of the process that does the work, before and while many jobs wait for people."""

import asyncio
import time

from tests.bench.arithmetic import Goal, Table
from tests.bench.site import Site
from tests.bench.systems import System
from tests.bench.wall import MARK

SIDE_BY_SIDE = 50
"""Jobs that are on their way to their wait at once."""


async def park(system: System, jobs: int) -> None:
    """Bring jobs to their wait."""
    gate = asyncio.Semaphore(SIDE_BY_SIDE)

    async def one(name: str) -> None:
        async with gate:
            await system.start(name, "parked")
            await system.until_waiting(name)

    await asyncio.gather(*(one(f"{MARK}park-{system.slug}-{at:05d}") for at in range(jobs)))


async def rows(site: Site, jobs: int) -> list[Table]:
    """The table."""
    site.slow(0.0)
    head = ("system", "before, MB", f"{jobs:,} waiting, MB", "KB a job", "parked/s")
    table = Table("(f) Resident memory of the worker while jobs wait for people", head)
    for system in site.systems:
        before, began = system.memory(), time.perf_counter()
        await park(system, jobs)
        took, after = time.perf_counter() - began, system.memory()
        each = 1000 * (after - before) / jobs
        table.rows.append((system.title, f"{before:.0f}", f"{after:.0f}", f"{each:.0f}", f"{jobs / took:.0f}"))
        if system is site.ours:
            table.goals.append(Goal(f"(f) worker with {jobs:,} jobs waiting", 250, after, "MB"))
        site.calls.forget()
    table.notes.append("A LangGraph run that waits is no more than rows: nothing of it is in memory.")
    return [table]
