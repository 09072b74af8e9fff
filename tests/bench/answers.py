"""How fast an answer is taken and acted on, beside raw Temporal with the same waits. `make bench` runs it.

One whole stack of processes. In turn, round by round: a person revises a preview over HTTP; a signal is sent to a
workflow that does nothing but wait for it. `ack` is the time until the sender is told; `next step` the time until the
first step behind the wait has begun. Machines are noisy: read the ratios.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from domain.job import JobEvent
from tests.support.provider import Provider
from tests.support.terminal import up

ROUNDS = 60
QUEUE = "bench-raw"


@activity.defn
async def note_time() -> float:
    """The step behind the wait: says when it began."""
    return time.time()


@workflow.defn(sandboxed=False)  # it does nothing that the sandbox could catch
class RawWait:
    """Raw Temporal with the same wait: a signal, then a step."""

    def __init__(self) -> None:
        self.sent = 0
        self.began: list[float] = []

    @workflow.signal
    def go_on(self) -> None:
        """A person answers."""
        self.sent += 1

    @workflow.query
    def times(self) -> list[float]:
        """When each step began."""
        return self.began

    @workflow.run
    async def run(self) -> None:
        """Wait, do the step, for ever."""
        while True:
            await workflow.wait_condition(lambda: self.sent > len(self.began))
            self.began.append(await workflow.execute_activity(note_time, start_to_close_timeout=timedelta(seconds=10)))


@dataclass
class Times:
    """Seconds from sending to being told, and to the next step."""

    ack: list[float] = field(default_factory=list)
    step: list[float] = field(default_factory=list)


async def prompt(http: httpx.AsyncClient, job: str, after: str) -> str:
    """The open preview that is not the one named."""
    while True:
        asked = (await http.get(f"/hitl/{job}/prompt")).json()
        if asked["hitl_type"] == "preview" and asked["interaction_id"] != after:
            return str(asked["interaction_id"])
        await asyncio.sleep(0.02)


async def ours(http: httpx.AsyncClient, job: str, interaction: str, number: int, sent: list[float]) -> float:
    """Answer once; seconds until the answer to it."""
    body = {"interaction_id": interaction, "action": "revise", "feedback": f"Add example {number} to Quick Start"}
    sent.append(time.time())
    began = time.perf_counter()
    response = await http.post(f"/hitl/{job}/response", json=body)
    assert response.status_code == 202, response.text
    return time.perf_counter() - began


async def raw(handle: WorkflowHandle[RawWait, None], times: Times) -> None:
    """Signal once, and wait until the step behind it has begun."""
    known = len(times.step)
    sent, began = time.time(), time.perf_counter()
    await handle.signal(RawWait.go_on)
    times.ack.append(time.perf_counter() - began)
    while True:
        if len(started := await handle.query(RawWait.times)) > known:
            break
        await asyncio.sleep(0.02)
    times.step.append(started[-1] - sent)


async def next_steps(http: httpx.AsyncClient, job: str, sent: Sequence[float]) -> list[float]:
    """For each answer the seconds until the job told of the phase behind it."""
    events: list[JobEvent] = []
    async with http.stream("GET", f"/jobs/{job}/events") as response:
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                events.append(JobEvent.model_validate_json(line.removeprefix("data: ")))
                if len(events) > 1 and events[-1].seq == events[0].seq:
                    break
    written = [
        _seconds(event.created_at) for event in events[1:] if (event.type, event.phase) == ("phase", "generation")
    ]
    return [began - then for began, then in zip(written[-len(sent) :], sent, strict=True)]


def _seconds(when: datetime | None) -> float:
    assert when is not None
    return when.timestamp()


def told(name: str, times: Times) -> str:
    """One row: 50th and 99th percentile in milliseconds."""
    cells = [value * 1000 for found in (times.ack, times.step) for value in (statistics.median(found), p99(found))]
    return f"{name:<14}" + "".join(f"{cell:>11.0f}" for cell in cells)


def p99(found: Sequence[float]) -> float:
    """The 99th percentile."""
    return sorted(found)[min(len(found) - 1, int(len(found) * 0.99))]


async def measure(http: httpx.AsyncClient, handle: WorkflowHandle[RawWait, None]) -> tuple[Times, Times]:
    """Both in turn, after a round that warms them."""
    body = {"task_description": "Create a skill for handling user data", "options": {"max_questions": 0}}
    job = str((await http.post("/skills", json=body)).json()["job_id"])
    mine, theirs, sent, interaction = Times(), Times(), list[float](), ""
    for number in range(ROUNDS + 1):
        interaction = await prompt(http, job, interaction)
        mine.ack.append(await ours(http, job, interaction, number, sent))
        await raw(handle, theirs)
    await prompt(http, job, interaction)
    mine.step = await next_steps(http, job, sent)
    for times in (mine, theirs):
        del times.ack[0], times.step[0]
    return mine, theirs


async def main() -> None:
    """Start a stack, measure, print the table."""
    folder = Path(tempfile.mkdtemp(prefix="skill-fleet-bench-"))
    async with Provider.spawn(folder) as provider:
        settings = {"MODEL": "openai/stand-in", "MODEL_API_BASE": provider.url, "MODEL_API_KEY": provider.key}
        async with up(folder, **{f"SKILL_FLEET_{name}": value for name, value in settings.items()}) as terminal:
            client = await Client.connect(terminal.stack.temporal_address)
            base = f"{terminal.stack.api_url}/api/v1"
            async with (
                httpx.AsyncClient(base_url=base, timeout=30) as http,
                Worker(client, task_queue=QUEUE, workflows=[RawWait], activities=[note_time]),
            ):
                handle = await client.start_workflow(RawWait.run, id=f"raw-{uuid4()}", task_queue=QUEUE)
                mine, theirs = await measure(http, handle)
                await handle.terminate("measured")
    load = os.getloadavg()[0]
    lines = [
        f"one answer at a time, {ROUNDS} rounds in turn, {os.cpu_count()} cores, load {load:.1f}; milliseconds",
        f"{'':<14}{'ack p50':>11}{'ack p99':>11}{'step p50':>11}{'step p99':>11}",
        told("Skill Fleet", mine),
        told("raw Temporal", theirs),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
