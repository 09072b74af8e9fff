"""(j) How long a proof takes beside what it cannot be faster than: its calls by the places, and its longest chain.

A stack of its own that proves as it does by default, and an agent that obeys the skill. The longest chain is measured
with so many places that no call waits for another: then the time in which a call is open is that chain.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from tests.bench.arithmetic import Interval, Table, model_time, spread
from tests.integration.test_evidence import ITEMS, NEAR, WANTED, chooses_all, good
from tests.support import agents
from tests.support.fleet import BY_DEFAULT, TASK
from tests.support.provider import Call, LocalProvider, Provider
from tests.support.terminal import Terminal, up

A_CALL = 0.5
"""Seconds a model call takes."""

PLACES, NO_LIMIT = 8, 256
"""Calls in flight at once: what a worker allows by default, and the most that it can be allowed."""

STEP = "try_cases"
"""The step that runs an arm of the experiment; without the skill it tries descriptions too."""

ARMS = ("without the skill, and descriptions", "with the skill")
MOST = 300.0


@dataclass(frozen=True)
class Arm:
    """One arm: seconds from being asked for to its end, its calls, and seconds in which one of them was open."""

    wall: float
    calls: int
    open: float

    @property
    def floor(self) -> float:
        """Seconds that so many calls take in that many places, were none of them to wait for another."""
        return self.calls * A_CALL / PLACES


def arms_of(events: Sequence[HistoryEvent], calls: Sequence[Call]) -> list[Arm]:
    """The arms of a job's history, in order, each with the calls that began in it."""
    begun = {
        event.event_id: event.event_time.ToMicroseconds() / 1e6
        for event in events
        if event.activity_task_scheduled_event_attributes.activity_type.name == STEP
    }
    ended = {
        event.activity_task_completed_event_attributes.scheduled_event_id: event.event_time.ToMicroseconds() / 1e6
        for event in events
        if event.HasField("activity_task_completed_event_attributes")
    }
    spans = [(start, ended[number]) for number, start in begun.items() if number in ended]
    seen = [
        Interval(start=call.started_at.timestamp(), end=call.ended_at.timestamp())
        for call in calls
        if call.ended_at is not None
    ]
    own = [(span, [call for call in seen if span[0] <= call.start < span[1]]) for span in spans]
    return [Arm(end - start, len(mine), model_time(mine)) for (start, end), mine in own]


def play(provider: LocalProvider) -> None:
    """An author who knows what to ask for, and an agent that obeys; each call takes its time."""
    provider.when(field="cases").answer(ITEMS)
    provider.when(field="wanted").answer([*WANTED])
    provider.when(field="near_misses").answer([*NEAR])
    provider.when(field="choice").answer(chooses_all)
    provider.when(field="verdict").answer("yes")
    agents.play(provider, agents.obeying(good))
    provider.pace(A_CALL, A_CALL)


async def job(terminal: Terminal) -> str:
    """One whole job; its id. Raises TimeoutError, AssertionError when it does not end well."""
    async with httpx.AsyncClient(base_url=f"{terminal.stack.api_url}/api/v1", timeout=60) as http:
        body = {"task_description": TASK, "options": {"auto_approve": True, "max_questions": 0}}
        accepted = await http.post("/skills", json=body)
        name = str(accepted.raise_for_status().json()["job_id"])
        until = time.monotonic() + MOST
        while time.monotonic() < until:
            status = (await http.get(f"/jobs/{name}/status")).raise_for_status().json()["status"]
            if status == "completed":
                return name
            assert status in ("pending", "running", "pending_hitl"), status
            await asyncio.sleep(0.5)
    raise TimeoutError(f"job {name} has not ended in {MOST:.0f} s")


async def measured(places: int, jobs: int) -> list[list[Arm]]:
    """The arms of so many jobs, one after the other, on a stack with that many places."""
    with TemporaryDirectory() as folder:
        async with Provider.start() as provider:
            settings = {
                **provider.settings,
                "SKILL_FLEET_EVALUATION": BY_DEFAULT.evaluation,
                "SKILL_FLEET_EVIDENCE_POLICY": BY_DEFAULT.policy,
                "SKILL_FLEET_MODEL_CONCURRENCY": str(places),
            }
            async with up(Path(folder), **settings) as terminal:
                client = await Client.connect(terminal.stack.temporal_address)
                play(provider)
                found = []
                for _ in range(jobs):
                    name = await job(terminal)
                    history = await client.get_workflow_handle(f"create-skill:{name}").fetch_history()
                    found.append(arms_of(history.events, provider.calls()))
                return found


async def rows(jobs: int) -> list[Table]:
    """The table: an arm a line."""
    found, free = await measured(PLACES, jobs), await measured(NO_LIMIT, 1)
    return [table_of(found, free[0])]


def table_of(found: Sequence[Sequence[Arm]], free: Sequence[Arm]) -> Table:
    """`found`: the arms of each job; `free`: those of a job in which no call waited for a place."""
    head = ("arm", "calls", "wall, s", "calls ÷ places, s", "longest chain, s", "wall ÷ the larger")
    table = Table(f"(j) A proof, {A_CALL} s a model call, {PLACES} places", head)
    for name, chain, *arms in zip(ARMS, free, *found, strict=False):
        least = [max(arm.floor, chain.open) for arm in arms]
        table.rows.append(
            (
                name,
                spread([arm.calls for arm in arms]),
                spread([arm.wall for arm in arms], 1),
                spread([arm.floor for arm in arms], 1),
                f"{chain.open:.1f}",
                spread([arm.wall / most for arm, most in zip(arms, least, strict=True)], 2),
            )
        )
    table.notes.append(f"Medians (range) of {len(found)} jobs; {len(ITEMS)} cases, each run three times in each arm.")
    table.notes.append(f"The chain: the time in which a call was open with {NO_LIMIT} places.")
    return table
