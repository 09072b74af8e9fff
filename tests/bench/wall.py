"""(a) A job's wall time beside the model time it had to wait for; (b) what each durable step adds.

Wall time: from the request to the open preview, and from its answer to the end; what a person would have taken between
is left out. Model time: `arithmetic.model_time`, measured at the provider.
"""

import asyncio
import time
from dataclasses import dataclass

from tests.bench.arithmetic import Goal, Table, links, median, model_time, spread
from tests.bench.ledger import Seen
from tests.bench.peers.job import SHAPES
from tests.bench.site import Site
from tests.bench.systems import System

ALONE, BESIDE = (0.05,), (0.5, 2.0)
"""Seconds a model call takes. Quick ones: one system at a time. Slow ones: all systems side by side (each is idle
nearly all of the time, and the bench would take long otherwise)."""

MARK = "bench-"
"""Begins the name of every job, and so stands in the text of every call of a peer."""


@dataclass(frozen=True)
class Run:
    """One job: seconds by the clock, seconds of model time, durable steps."""

    wall: float
    model: float
    steps: int

    @property
    def ratio(self) -> float:
        """Wall time beside model time."""
        return self.wall / self.model

    @property
    def own(self) -> float:
        """Milliseconds that are the system's own."""
        return 1000 * (self.wall - self.model)


async def do(system: System, name: str) -> float:
    """One whole job; its wall time."""
    began = time.perf_counter()
    await system.start(name, "whole")
    await system.until_waiting(name)
    wall = time.perf_counter() - began
    began = time.perf_counter()
    await system.answer(name)
    await system.until_done(name)
    return wall + time.perf_counter() - began


async def measure(site: Site, system: System, number: int, beside: bool) -> Run:
    """One job and what the provider saw of it."""
    name = f"{MARK}{system.slug}-{number:05d}"
    began = time.time()
    wall = await do(system, name)
    seen = _of(site, system, name, began)
    steps = await system.steps(name)
    assert beside or len(seen) == SHAPES["whole"].calls, f"{system.title} made {len(seen)} calls"
    return Run(wall, model_time(call.interval for call in seen), steps)


def _of(site: Site, system: System, name: str, began: float) -> list[Seen]:
    """The calls of a job. Only peers put its name into every prompt: the calls that name no peer's job are ours."""
    if system is not site.ours:
        return site.calls.of(name, began)
    peers = [f"{MARK}{peer.slug}-" for peer in site.peers]
    return [call for call in site.calls.since(began) if not any(peer in call.text for peer in peers)]


async def check_shape(site: Site) -> None:
    """The peers do the same job only if it has the same calls in the same links as ours."""
    site.slow(0.5)
    began = time.time()
    await do(site.ours, f"{MARK}shape")
    found = links(call.interval for call in site.calls.since(began))
    shape = SHAPES["whole"]
    assert found == shape.before + shape.after, f"our job's links are now {found}: change tests/bench/peers/job.py"


async def rows(site: Site, runs: int) -> list[Table]:
    """Both tables."""
    await check_shape(site)
    site.slow(0.0)
    for peer in site.peers:
        await do(peer, f"{MARK}warm-up")
    found: dict[tuple[float, str], list[Run]] = {}
    for number in range(runs):
        for delay in ALONE:
            site.slow(delay)
            for system in site.systems:
                run = await measure(site, system, 1000 * number, beside=False)
                found.setdefault((delay, system.title), []).append(run)
        for at, delay in enumerate(BESIDE, 1):
            site.slow(delay)
            together = [measure(site, system, 1000 * number + at, beside=True) for system in site.systems]
            for system, run in zip(site.systems, await asyncio.gather(*together), strict=True):
                found.setdefault((delay, system.title), []).append(run)
        site.calls.forget()
    return [_walls(site, found), _steps(site, found)]


def _walls(site: Site, found: dict[tuple[float, str], list[Run]]) -> Table:
    table = Table("(a) Wall time of a job ÷ its critical chain of model calls", ("system", "50 ms", "500 ms", "2 s"))
    for system in site.systems:
        cells = [spread([run.ratio for run in found[delay, system.title]], 3) for delay in (*ALONE, *BESIDE)]
        table.rows.append((system.title, *cells))
    table.rows.append(("model time", *_model_times(site, found)))
    runs = len(found[BESIDE[-1], site.ours.title])
    links_of = SHAPES["whole"].before + SHAPES["whole"].after
    table.notes.append(
        f"Medians (range) of {runs} jobs of {SHAPES['whole'].calls} model calls in {len(links_of)} links; "
        "at 500 ms and 2 s the systems run side by side."
    )
    ratio = median([run.ratio for run in found[BESIDE[-1], site.ours.title]])
    table.goals.append(Goal("(a) wall ÷ model time at 2 s", 1.05, ratio))
    return table


def _model_times(site: Site, found: dict[tuple[float, str], list[Run]]) -> list[str]:
    return [f"{median([run.model for run in found[at, site.ours.title]]):.2f} s" for at in (*ALONE, *BESIDE)]


def _steps(site: Site, found: dict[tuple[float, str], list[Run]]) -> Table:
    head = ("system", "own time of a job, ms", "durable steps", "ms a step", "ms a model call")
    table = Table("(b) Own time at 50 ms a model call", head)
    for system in site.systems:
        runs = found[ALONE[0], system.title]
        calls = SHAPES["whole"].calls
        per_step = median([run.own / run.steps for run in runs])
        per_call = median([run.own / calls for run in runs])
        own = spread([run.own for run in runs])
        table.rows.append((system.title, own, str(runs[0].steps), f"{per_step:.1f}", f"{per_call:.1f}"))
    table.notes.append(
        "Own time: wall − model time. A step: an activity (Temporal), a step (DBOS), a node (LangGraph); with us an "
        "activity, and each model answer that an activity stores by itself. A job of ours also checks, records, tells "
        "and publishes."
    )
    if raw := found.get((ALONE[0], "raw Temporal")):
        mine = found[ALONE[0], site.ours.title]
        step = median([run.own / run.steps for run in mine]) / median([run.own / run.steps for run in raw])
        table.goals.append(Goal("(b) own time a step, ÷ raw Temporal", 1.2, step))
        job = median([run.own for run in mine]) / median([run.own for run in raw])
        table.notes.append(f"Own time of a whole job ÷ raw Temporal: {job:.2f}.")
    return table
