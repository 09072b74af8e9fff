"""(c) How fast an answer is taken and acted on: one at a time, the systems in turn, idle or with many jobs that wait.

`ack`: from sending until the sender is told that the answer is safe. `next step`: until the first step behind the wait
runs; with us that step tells of its phase as it begins, with a peer it is the model call. `next model call`: until the
provider sees the next call, which with us comes after the step has read what it needs and made its prompt.
"""

import asyncio
import time
from dataclasses import dataclass, field

from tests.bench.arithmetic import Goal, Table, halves, percentile
from tests.bench.site import Site
from tests.bench.systems import Ours, System
from tests.bench.wall import MARK


@dataclass
class Times:
    """Milliseconds from sending."""

    ack: list[float] = field(default_factory=list)
    step: list[float] = field(default_factory=list)
    call: list[float] = field(default_factory=list)

    def told(self, title: str) -> tuple[str, ...]:
        """One row."""
        return title, halves(self.ack, 1), halves(self.step, 1), halves(self.call, 1)


async def answer_once(site: Site, system: System, name: str, times: Times) -> None:
    """Answer a job that waits, and follow it to its end."""
    sent, began = time.time(), time.perf_counter()
    await system.answer(name)
    times.ack.append(1000 * (time.perf_counter() - began))
    await system.until_done(name)
    call = site.calls.since(sent)[0].start
    step = await system.next_step(name, "validation") if isinstance(system, Ours) else call
    times.step.append(1000 * (step - sent))
    times.call.append(1000 * (call - sent))


async def rows(site: Site, rounds: int, waiting: int = 0) -> list[Table]:
    """The table. Jobs are brought to their preview first, all of them, and then answered one at a time.

    `waiting`: how many others wait for people meanwhile, in each system.
    """
    site.slow(0.0)
    mark = f"{MARK}{'beside' if waiting else 'idle'}"
    names = {system.title: [f"{mark}-{system.slug}-{at:04d}" for at in range(rounds)] for system in site.systems}
    for system in site.systems:
        await asyncio.gather(*(system.start(name, "whole") for name in names[system.title]))
        await asyncio.gather(*(system.until_waiting(name) for name in names[system.title]))
    times = {system.title: Times() for system in site.systems}
    for at in range(rounds):
        for system in site.systems:
            await answer_once(site, system, names[system.title][at], times[system.title])
        site.calls.forget()
    head = ("system", "ack p50 / p99", "next step p50 / p99", "next model call p50 / p99")
    where, goal = (f"while {waiting:,} jobs wait", 300) if waiting else ("to an idle system", 100)
    table = Table(f"(c) An answer {where}, ms", head)
    table.rows = [found.told(title) for title, found in times.items()]
    table.notes.append(f"{rounds} answers each, over HTTP. Our api and worker are two processes, a peer is one.")
    table.notes.append("LangGraph's ack says only that the run goes on: the answer is stored with its next checkpoint.")
    step = percentile(times[site.ours.title].step, 0.99)
    table.goals.append(Goal(f"(c) answer → next step, {where}, p99", goal, step, "ms"))
    return [table]
