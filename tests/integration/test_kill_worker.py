"""Kill the worker with -9, at any moment: the job goes on, and no model answer that was stored is paid again."""

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from domain.job import JobStatus, Phase
from domain.skill import SKILL_FILE
from store.session import Database
from tests.support.fleet import Fleet
from tests.support.provider import Call, FaultKind, Provider, SpawnedProvider
from worker import DRAIN

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.integration, pytest.mark.slow]


class WorkerProcess:
    """`worker.py` as an operator runs it; may be killed and started again."""

    def __init__(self, environment: dict[str, str], log: Path, drain: timedelta) -> None:
        self.environment = environment
        self.log = log
        self.arguments = ("worker.py", "--drain", str(drain.total_seconds()))
        self.process: Process | None = None

    async def start(self) -> None:
        with self.log.open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, *self.arguments, cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )

    async def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
            await self.process.wait()


@asynccontextmanager
async def killable(
    temporal: WorkflowEnvironment,
    database_url: str,
    provider: Provider,
    library: Path,
    drain: timedelta = DRAIN,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[WorkerProcess]:
    """A worker process that asks this provider; `settings` go before the provider's."""
    worker = WorkerProcess(
        {
            "PATH": os.defpath,
            "HOME": str(library.parent),
            "PYTHONUNBUFFERED": "1",
            "TEMPORAL_ADDRESS": temporal.client.service_client.config.target_host,
            "SKILL_FLEET_DATABASE_URL": database_url,
            "SKILL_FLEET_LIBRARY": str(library),
            **provider.settings,
            **settings,
        },
        library.parent / "worker.log",
        drain,
    )
    await worker.start()
    try:
        yield worker
    finally:
        await worker.kill()


def unsettled(calls: list[Call]) -> int:
    """Calls whose answer the killed worker cannot have stored for certain: open, or answered in its last moment."""
    moment = datetime.now(UTC) - timedelta(seconds=0.5)
    return sum(call.ended_at is None or call.ended_at > moment for call in calls)


def fleet_of(client: Client, database: Database, provider: SpawnedProvider, library: Path) -> Fleet:
    return Fleet(client, database, library, provider)


async def test_a_worker_killed_amid_five_calls_pays_again_only_for_the_call_in_flight(
    temporal: WorkflowEnvironment, database: Database, database_url: str, tmp_path: Path
) -> None:
    library = tmp_path / "skills"
    async with Provider.spawn(tmp_path) as provider:
        provider.when(field="steps").fail(FaultKind.HANG, times=1)
        async with killable(temporal, database_url, provider, library) as worker:
            fleet = fleet_of(temporal.client, database, provider, library)
            job_id = await fleet.start(auto_approve=True)
            await provider.until(lambda calls: any(c.outcome == "open" and "steps" in c.fields for c in calls), 60)
            await asyncio.sleep(1)  # the other calls of this activity run side by side, and end
            before = provider.ledger().total
            await worker.kill()
            await worker.start()
            assert (await fleet.outcome(job_id, within=90)).status is JobStatus.COMPLETED
        usage = (await fleet.job(job_id)).result.usage
        in_flight = [call for call in provider.calls() if call.disconnected]
        assert len(in_flight) == 1 and provider.ledger().total > before
        assert usage and provider.ledger().total == usage.calls + len(in_flight)


@pytest.mark.parametrize("seed", [20261121])
async def test_ten_kills_at_random_moments_lose_nothing_and_tell_each_phase_once(
    temporal: WorkflowEnvironment, database: Database, database_url: str, tmp_path: Path, seed: int
) -> None:
    chance, library = random.Random(seed), tmp_path / "skills"
    async with Provider.spawn(tmp_path) as provider:
        provider.fail(FaultKind.DELAY, times=None, seconds=0.3)
        async with killable(temporal, database_url, provider, library) as worker:
            fleet = fleet_of(temporal.client, database, provider, library)
            job_id = await fleet.start(auto_approve=True, promote=True)
            done = asyncio.create_task(fleet.outcome(job_id, within=240))
            in_flight = 0
            for _ in range(10):
                await asyncio.wait([done], timeout=chance.uniform(2.0, 6.0))
                await worker.kill()
                in_flight += unsettled(provider.calls())
                await worker.start()
            assert (await done).status is JobStatus.COMPLETED
        events = await fleet.events(job_id)
        phases = [event.phase for event in events if event.type == "phase"]
        assert phases == [phase for phase in Phase if phase is not Phase.PROMOTION], f"seed {seed}"
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        job = await fleet.job(job_id)
        assert job.final_path and (library / job.final_path / SKILL_FILE).exists()
        usage = job.result.usage
        assert usage and usage.calls <= provider.ledger().total <= usage.calls + in_flight
