"""(d) Jobs per second with many at once, the answers among that load, and (g) what a job leaves behind."""

import asyncio
import time

from tests.bench.answers import Times
from tests.bench.arithmetic import Goal, Table, halves, median, percentile
from tests.bench.site import Site
from tests.bench.systems import Ours, System, rows_and_bytes
from tests.bench.wall import MARK


async def one(system: System, name: str, times: Times) -> None:
    """A whole job; its person answers as soon as it is asked."""
    await system.start(name, "whole")
    await system.until_waiting(name)
    sent, began = time.time(), time.perf_counter()
    await system.answer(name)
    times.ack.append(1000 * (time.perf_counter() - began))
    await system.until_done(name)
    if isinstance(system, Ours):
        times.step.append(1000 * (await system.next_step(name, "validation") - sent))


async def rows(site: Site, jobs: int) -> list[Table]:
    """Both tables."""
    site.slow(0.0)
    speed = Table(f"(d) {jobs} jobs at once, a provider that answers at once", ("system", "jobs/s", "answer → ack, ms"))
    left = Table("(g) What a job leaves behind", ("system", "Temporal history, KB", "PostgreSQL, KB", "rows"))
    for system in site.systems:
        names = [f"{MARK}many-{system.slug}-{at:04d}" for at in range(jobs)]
        before, times, began = await rows_and_bytes(system.database), Times(), time.perf_counter()
        await asyncio.gather(*(one(system, name, times) for name in names))
        took = time.perf_counter() - began
        after = await rows_and_bytes(system.database)
        speed.rows.append((system.title, f"{jobs / took:.1f}", halves(times.ack)))
        histories = [size for name in names[:20] if (size := await system.history(name)) is not None]
        history = f"{median(histories) / 1000:.1f}" if histories else "–"
        stored, grown = ((b - a) / jobs for a, b in zip(before, after, strict=True))
        left.rows.append((system.title, history, f"{grown / 1000:.1f}" if stored else "–", f"{stored:.0f}"))
        if times.step:
            step = percentile(times.step, 0.99)
            speed.goals.append(Goal(f"(c) answer → next step, {jobs} jobs at once, p99", 300, step, "ms"))
            speed.notes.append(f"Answer → next step among this load: {halves(times.step)} ms (ours).")
        site.calls.forget()
    speed.notes.insert(0, "One run. Each job waits for a person once and is answered as soon as it asks (p50 / p99).")
    left.notes.append("Histories: median of 20 jobs. PostgreSQL: growth of the database with its indexes, by job.")
    return [speed, left]
