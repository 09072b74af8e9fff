"""Chaos for answers: many random interleavings, then the books are balanced. `python -m tests.chaos.answers --help`.

Real PostgreSQL, real Temporal, real workflows, the real api; only author and agent are stood in for. Exit code 1 when
anything was lost or doubled.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

from pydantic import JsonValue
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from api.record import Interactions
from deploy import postgres_cluster
from deploy.folder import Folder
from deploy.ports import pick
from deploy.postgres_server import PostgresServer
from deploy.supervisor import Supervisor
from deploy.temporal_server import find_binary
from domain.job import AuditLog
from store.tables import HitlInteraction
from tests.chaos.histories import taken
from tests.chaos.ledger import Aftermath, Ledger
from tests.chaos.scenes import Scene
from tests.chaos.world import World, world
from tests.conftest import migrate
from tests.support.command_line import positive_int, run
from workflows.attributes import HITL_TYPE, PHASE, STATUS, USER

ROUNDS_A_JOB = 14
AT_ONCE = 12
IMPATIENT: dict[str, JsonValue] = {"hitl_timeout": "PT3S", "remind_after": ["PT1S"], "escalate_after": "PT2S"}
STUCK = 90.0
"""Seconds in which every prompt and every job must get somewhere."""


async def unleash(url: str, temporal: Client, folder: Path, *, rounds: int, seed: int) -> tuple[Ledger, list[str]]:
    """At least this many interleavings; returns the books, and what is wrong with them."""
    ledger, rng = Ledger(), Random(seed)
    played: list[UUID] = []
    async with world(url, temporal, folder, ledger, rng) as stage:
        seen: list[UUID] = []

        async def one_after_another(own: Random) -> None:
            while ledger.scenes < rounds:
                job = await started(stage, own)
                played.append(job)
                try:
                    await conversation(stage, own, job, seen, lambda: ledger.scenes >= rounds)
                except TimeoutError:
                    ledger.stuck.append(job)

        await asyncio.gather(*(one_after_another(Random(rng.random())) for _ in range(AT_ONCE)))
        after = {job: await aftermath(stage, job) for job in played}
    return ledger, ledger.faults(after)


async def conversation(stage: World, rng: Random, job: UUID, seen: list[UUID], enough: Callable[[], bool]) -> None:
    """One job until its end; `seen` are prompts of all jobs, to be answered in the wrong place.

    Raises TimeoutError when the job gets nowhere.
    """
    most, rounds, before = rng.randint(3, ROUNDS_A_JOB), 0, None
    while True:
        async with asyncio.timeout(STUCK):
            prompt = await next_prompt(stage, job, before)
        if prompt is None:
            return
        rounds += 1
        others = [one for one in seen[-20:] if one != prompt.interaction_id]
        async with asyncio.timeout(STUCK):
            await Scene(stage, rng, job, prompt, last=rounds >= most or enough(), others=others).play()
        seen.append(prompt.interaction_id)
        before = prompt.interaction_id


async def started(stage: World, rng: Random) -> UUID:
    """A new job; some are impatient: they remind people, and are parked, within seconds."""
    key = {"Idempotency-Key": str(uuid4())}
    options = {"confirm": True, **(IMPATIENT if rng.random() < 0.2 else {})}
    body = {"task_description": "Write release notes", "options": options}
    async with asyncio.timeout(STUCK):
        while True:
            response = await stage.api.post("/api/v1/skills", json=body, headers=key)
            if response.status_code == 202:
                return UUID(response.json()["job_id"])
            assert response.status_code >= 500, response.text
            await asyncio.sleep(0.1)


async def next_prompt(stage: World, job: UUID, before: UUID | None) -> HitlInteraction | None:
    """The open prompt, once it is not the one before; None when the job has ended."""
    while True:
        seen = await stage.watch.next(job)
        if seen is None:
            continue
        if seen.status.final:
            return None
        if seen.stopped:
            await stage.api.post(f"/api/v1/jobs/{job}/retry")
        if seen.prompt is not None and seen.prompt.interaction_id != before:
            return seen.prompt


async def aftermath(stage: World, job: UUID) -> Aftermath:
    """What can be read of an ended job."""
    async with asyncio.timeout(STUCK):
        if job not in stage.ledger.stuck:
            await stage.handle(job).result()
        shown = await read(stage, f"/api/v1/jobs/{job}/interactions")
        logged = await read(stage, f"/api/v1/jobs/{job}/audit")
        status = await read(stage, f"/api/v1/jobs/{job}/status")
    return Aftermath(
        status=str(status["status"]),
        prompts=Interactions.model_validate(shown).interactions,
        audit=AuditLog.model_validate(logged).entries,
        applied=taken(await stage.handle(job).fetch_history()),
    )


async def read(stage: World, address: str) -> dict[str, JsonValue]:
    """A document of the api, whatever breaks meanwhile."""
    while True:
        response = await stage.api.get(address)
        if response.status_code == 200:
            found: dict[str, JsonValue] = response.json()
            return found
        await asyncio.sleep(0.05)


@asynccontextmanager
async def servers(folder: Path) -> AsyncIterator[tuple[str, Client]]:
    """A PostgreSQL and a Temporal of our own."""
    place = Folder(folder)
    place.create()
    cluster = await asyncio.to_thread(postgres_cluster.locate, place)
    flush = await postgres_cluster.ensure(cluster)
    supervisor = Supervisor(lambda _: None, lambda: None)
    postgres = PostgresServer(place.logs, cluster, pick(None, set()))
    supervisor.start(postgres)
    try:
        assert await supervisor.wait_ready([postgres.name], within=30) == set()
        await migrate(postgres.url, place)
        async with await WorkflowEnvironment.start_local(
            data_converter=pydantic_data_converter,
            dev_server_existing_path=str(find_binary()),
            dev_server_log_level="error",
            dev_server_extra_args=["--dynamic-config-value", "history.transferProcessorMaxPollRPS=2000"],
            search_attributes=[STATUS, PHASE, HITL_TYPE, USER],
        ) as temporal:
            yield postgres.url, temporal.client
    finally:
        await supervisor.stop([postgres.name])
        if flush is not None:
            await asyncio.gather(flush, return_exceptions=True)


async def main(folder: Path, rounds: int, seed: int) -> int:
    """Run it, print the counts and how to run it again; 1 when anything was lost or doubled."""
    async with servers(folder) as (url, temporal):
        began = time.monotonic()
        ledger, faults = await unleash(url, temporal, folder, rounds=rounds, seed=seed)
    told = [f"{what:>40}  {number}" for what, number in ledger.counts().items()]
    for kind in ("lost", "doubled"):
        told.append(f"{kind:>40}  {sum(fault.startswith(kind) for fault in faults)}")
    told += [*faults[:50], f"{time.monotonic() - began:.0f} s; again: {again(rounds, seed)}"]
    sys.stdout.write("\n".join(told) + "\n")
    return 1 if faults else 0


def again(rounds: int, seed: int) -> str:
    """The command that makes the same choices. What the machine makes of them still differs from run to run."""
    return f"python -m tests.chaos.answers --rounds {rounds} --seed {seed}"


def parse(arguments: Sequence[str]) -> tuple[int, int]:
    """Rounds and seed from the command line; leaves with 2 when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.answers", description=__doc__)
    parser.add_argument("--rounds", type=positive_int, default=1000, help="interleavings; default 1000")
    parser.add_argument("--seed", type=int, default=Random().randrange(1_000_000), help="default: another each time")
    given = parser.parse_args(arguments)
    return given.rounds, given.seed


if __name__ == "__main__":
    rounds, seed = parse(sys.argv[1:])
    run("answers", lambda folder: main(folder, rounds, seed))
