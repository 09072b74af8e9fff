"""What is done to a stack under load, and what was seen. Must not judge times: whoever runs it does."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from temporalio.client import Client

from domain.job import JobStatus
from tests.load.crowd import Asked, Crowd, say
from tests.load.machine import PARTS, Taken, kill_worker, taken, temporal_bytes
from tests.support.provider import Provider
from tests.support.terminal import up

QUIET = 10.0
"""Seconds over which the CPU of a waiting crowd is taken."""

AGENT = "Do the task with what you are given"
"""Words of the prompt that the agent under test gets."""


@dataclass
class Seen:
    """What a scene showed, line by line, for people; and what a test asks about."""

    lines: list[str] = field(default_factory=list)
    taken_up: list[float] = field(default_factory=list)
    asked_again: list[float] = field(default_factory=list)
    by_status: dict[JobStatus, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def note(self, name: str, words: str) -> None:
        """Add a line, and show it at once: a run takes long."""
        self.lines.append(f"{name:<34}{words}")
        say.now(self.lines[-1])


@asynccontextmanager
async def crowded(folder: Path) -> AsyncIterator[tuple[Crowd, Client]]:
    """A whole stack with a fast provider."""
    async with Provider.spawn(folder) as provider:
        provider.when(contains=AGENT).answer("Done.")  # an agent that never passes: else no skill may be needed
        async with (
            up(folder, **provider.settings) as terminal,
            httpx.AsyncClient(timeout=60, trust_env=False) as http,
        ):
            yield Crowd(terminal, http), await Client.connect(terminal.stack.temporal_address)


async def waiting(crowd: Crowd, client: Client, count: int, answered: int, quiet: float = QUIET) -> Seen:
    """`count` jobs wait for people; the worker is killed and comes back; `answered` of them are answered at once."""
    seen, empty = Seen(), taken(crowd.stack.pids)
    took = await crowd.start(count, confirm=True)  # so that the plan is the next question
    seen.note("started", f"{count} jobs in {took:.1f} s, {count / took:.1f} a second; told to come later {crowd.later}")
    took += await crowd.until(JobStatus.PENDING_HITL, count)
    seen.note("all wait for people", f"after {took:.1f} s, {count / took:.1f} jobs a second")
    await _resting(crowd, seen, empty, quiet)
    await _lists(crowd, seen)
    asked = await crowd.asked(spread(crowd.jobs, answered))
    seen.note("worker killed, another one polls", f"after {await kill_worker(crowd.terminal, client):.1f} s")
    seen.note("memory of the new worker", f"{taken(crowd.stack.pids).memory['worker']:.0f} MB")
    await _answered(crowd, seen, asked)
    seen.note("memory after that", _memory(taken(crowd.stack.pids)))
    return await _ended(crowd, seen)


async def together(crowd: Crowd, count: int, beside: int) -> Seen:
    """`count` jobs from request to published skill at once; meanwhile people answer `beside` others, one at a time."""
    seen = Seen()
    await crowd.start(beside)
    await crowd.until(JobStatus.PENDING_HITL, beside)
    asked = await crowd.asked(crowd.jobs)
    began = time.monotonic()
    starting = asyncio.create_task(crowd.start(count, auto_approve=True, promote=True))
    told_after = [await _one_by_one(crowd, one) for one in asked]
    await starting
    await crowd.until(JobStatus.COMPLETED, count)
    took = time.monotonic() - began
    seen.note("from request to published", f"{count} jobs in {took:.1f} s, {count / took:.2f} jobs a second")
    seen.note("answer taken (HTTP) meanwhile", told(told_after))

    async def heard() -> int:
        return len(await crowd.taken_up(asked))

    await crowd.until_all(beside, heard, "answers are taken up")
    seen.taken_up = await crowd.taken_up(asked)
    seen.note("taken up by its job meanwhile", f"{len(seen.taken_up)} of {beside}; {told(seen.taken_up)}")
    seen.note("memory", _memory(taken(crowd.stack.pids)))
    return await _ended(crowd, seen)


async def _one_by_one(crowd: Crowd, asked: Asked) -> float:
    """People do not answer all in one moment: a pause lets the crowd work on."""
    await asyncio.sleep(0.5)
    return await crowd.answer_one(asked)


async def _answered(crowd: Crowd, seen: Seen, asked: Sequence[Asked]) -> None:
    """All these answers at once, until each of their jobs has asked the next question."""
    began = time.monotonic()
    seen.note("answer taken (HTTP)", told(await crowd.answer(asked)))

    async def again() -> int:
        return len(await crowd.asked_again(asked))

    await crowd.until_all(len(asked), again, "have asked the next question")
    seen.taken_up, seen.asked_again = await crowd.taken_up(asked), await crowd.asked_again(asked)
    seen.note("answer taken up by its job", f"{len(seen.taken_up)} of {len(asked)}; {told(seen.taken_up)}")
    seen.note("next question asked", f"{len(seen.asked_again)} of {len(asked)}; {told(seen.asked_again)}")
    seen.note("all of them recovered", f"{time.monotonic() - began:.1f} s after the first answer")


async def _resting(crowd: Crowd, seen: Seen, empty: Taken, quiet: float) -> None:
    """A crowd that waits should cost memory only."""
    full = taken(crowd.stack.pids)
    await asyncio.sleep(quiet)
    idle = taken(crowd.stack.pids).since(full)
    seen.note("memory before", _memory(empty))
    seen.note("memory with all waiting", _memory(full))
    seen.note("CPU while all wait", ", ".join(f"{part} {idle[part]:.1f} %" for part in PARTS))
    disk = temporal_bytes(crowd.terminal.data)
    seen.note("on disk", f"our database {await crowd.database_bytes() / 1e6:.0f} MB, Temporal's {disk / 1e6:.0f} MB")


async def _lists(crowd: Crowd, seen: Seen) -> None:
    """What people and operators open all day."""
    for path in ("/api/v1/jobs", "/api/v1/jobs/pending", "/metrics", "/api/v1/health/ready"):
        times = []
        for _ in range(5):
            began = time.monotonic()
            (await crowd.http.get(crowd.stack.api_url + path)).raise_for_status()
            times.append(time.monotonic() - began)
        seen.note(f"GET {path}", told(times))


async def _ended(crowd: Crowd, seen: Seen) -> Seen:
    seen.by_status, seen.refused = await crowd.by_status(), crowd.refused
    found = ", ".join(f"{number} {status}" for status, number in seen.by_status.items() if number)
    seen.note("in the end", f"{found}; {len(crowd.refused)} requests refused")
    return seen


def spread(jobs: Sequence[str], count: int) -> list[str]:
    """So many of them, evenly from first to last."""
    wanted = min(count, len(jobs))
    return [jobs[at * len(jobs) // wanted] for at in range(wanted)]


def told(seconds: Sequence[float]) -> str:
    """50th and 99th percentile in milliseconds."""
    ordered = sorted(seconds)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return f"p50 {statistics.median(ordered) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms"


def _memory(now: Taken) -> str:
    return ", ".join(f"{part} {now.memory[part]:.0f} MB" for part in PARTS)
