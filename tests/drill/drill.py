"""The drill: jobs wait at every kind of prompt while the worker's version changes under them; then all are answered."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path

from deploy.replay import WHAT_TO_DO
from deploy.worker_version import build_id
from domain.job import JobStatus
from tests.drill import checkouts
from tests.drill.jobs import DrillJob, People, planned, prepare
from tests.drill.stage import RolledOut, Stage, stage

AT_ONCE = 6
"""Jobs that are brought or answered at once: people are not a load test."""

Say = Callable[[str], None]


@dataclass
class Result:
    """What was seen."""

    jobs: list[DrillJob]
    older: str = ""
    newer: str = ""
    by: dict[str, str] = field(default_factory=dict)
    """The build that ended each job."""
    stages: dict[str, float] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def table(self) -> str:
        """A row a kind of prompt."""
        rows = [f"{'prompt':<20} {'jobs':>4}  {'answered by':<24} {'finished':>8}"]
        for kind in dict.fromkeys(job.kind for job in self.jobs):
            jobs = [job for job in self.jobs if job.kind is kind]
            builds = Counter(self._named(self.by.get(job.id, "nobody")) for job in jobs)
            done = sum(job.status is JobStatus.COMPLETED for job in jobs)
            by = ", ".join(f"{count} by {name}" for name, count in builds.items())
            rows.append(f"{kind:<20} {len(jobs):>4}  {by:<24} {done:>8}")
        return "\n".join(rows + [f"{name:<44} {took:6.1f} s" for name, took in self.stages.items()])

    def _named(self, build: str) -> str:
        return {self.older: "version N", self.newer: "version N+1"}.get(build, build)


async def drill(root: Path, count: int, *, pause: float, say: Say) -> Result:
    """Do it all on servers of its own; `faults` of the result is empty when nothing was lost."""
    older, newer = checkouts.copy(root / "n"), checkouts.changed(root / "n1")
    result = Result(planned(count), build_id(older), build_id(newer))
    async with stage(root, older) as on:
        await play(on, result, older, newer, checkouts.careless(root / "n2"), pause, say)
    return result


async def play(on: Stage, result: Result, older: Path, newer: Path, bad: Path, pause: float, say: Say) -> None:
    """The acts in their order."""
    prepare(on.provider)
    people = People(on.api)

    say("version N comes up: the first one, made current at once")
    first = await out(on, older, pause)
    note(result, "N: first boot", first)
    await each(result, people.bring, f"{len(result.jobs)} jobs brought to their prompts")

    say(f"{len(result.jobs)} jobs wait; version N+1, with a changed workflow, is rolled out")
    note(result, "N+1: rollout", await out(on, newer, pause, "--stop-old", str(first.report.worker)))

    say("version N+2, whose change is not patched, is rolled out")
    await refused(on, result, bad, pause)

    say("all are answered")
    await each(result, people.finish, "all answered to their end")
    await look(on, result)


async def out(on: Stage, checkout: Path, pause: float, *more: str) -> RolledOut:
    """Start a version's worker and roll it out."""
    log = on.folder / f"worker-{checkout.name}.log"
    told = ("--json", "--pause", str(pause), "--drain", "120", "--log", str(log), *more)
    return await on.rollout(checkout, *told, "--start", sys.executable, "worker.py")


async def refused(on: Stage, result: Result, bad: Path, pause: float) -> None:
    """The gate must name every job, say what to do, and leave version N+1 current."""
    tried = await out(on, bad, pause)
    after = await on.rollout(bad, "status", "--json")
    result.stages["N+2: refused"] = tried.took
    named = {one["workflow_id"] for one in tried.report.broken}
    if missing := [job.id for job in result.jobs if f"create-skill:{job.id}" not in named]:
        result.faults.append(f"the gate did not name {missing}")
    if tried.code != 1 or WHAT_TO_DO not in tried.said:
        result.faults.append(f"the gate let a breaking version pass, or said nothing (exit {tried.code}): {tried.said}")
    if after.report.current != result.newer:
        result.faults.append(f"the current version changed: {after.said}")


def note(result: Result, name: str, done: RolledOut) -> None:
    """Its stages, and whether it went well."""
    result.stages[name] = done.took
    result.stages |= {f"   {name.partition(':')[0]}: {stage}": took for stage, took in done.report.seconds.items()}
    if done.code != 0:
        result.faults.append(f"{name} ended with {done.code}: {done.said}")


Act = Callable[[DrillJob], Coroutine[None, None, None]]


async def each(result: Result, act: Act, name: str) -> None:
    """Do it for all jobs, some at once; one that gets stuck is a fault, not the end of the drill."""
    gate, began = asyncio.Semaphore(AT_ONCE), time.monotonic()

    async def one(job: DrillJob) -> None:
        async with gate:
            try:
                await act(job)
            except (TimeoutError, AssertionError) as failure:
                result.faults.append(f"{job.kind} {job.id}: {failure or 'it got nowhere'}")

    await asyncio.gather(*(one(job) for job in result.jobs))
    result.stages[name] = time.monotonic() - began


async def look(on: Stage, result: Result) -> None:
    """Who ended each job, and whether it took the steps that only the newer version has."""
    for job in result.jobs:
        if job.status.final:
            result.by[job.id] = await on.ended_by(job.id)
        if job.status is not JobStatus.COMPLETED or result.by.get(job.id) != result.newer:
            result.faults.append(f"{job.kind} {job.id}: {job.status}, last by {result.by.get(job.id)}")
    stepped = await on.client.count_workflows(f"TemporalChangeVersion = '{checkouts.PATCH}'")
    if stepped.count != len(result.jobs):
        result.faults.append(f"{stepped.count} of {len(result.jobs)} jobs took the step of the newer version")
