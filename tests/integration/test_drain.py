"""SIGTERM: a worker finishes what it can, hands the rest back at once and is gone, whatever runs."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.testing import WorkflowEnvironment

from domain.job import JobStatus
from domain.prompt import HitlType, PromptStatus
from store.session import Database
from tests.integration.test_kill_worker import WorkerProcess, killable
from tests.support.fleet import Fleet
from tests.support.provider import FaultKind, Provider, SpawnedProvider
from workflows.steps import PLACE_TROUBLE

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SHORT, LONG = timedelta(seconds=1), timedelta(minutes=5)
"""Drains that end before, or after, whatever a test waits for."""


@dataclass(frozen=True)
class Site:
    """A worker process, and what it works for."""

    worker: WorkerProcess
    fleet: Fleet
    provider: SpawnedProvider

    async def hangs(self) -> UUID:
        """A job whose worker waits for a model that does not answer."""
        self.provider.when(field="steps").fail(FaultKind.HANG, times=1)
        job_id = await self.fleet.start(auto_approve=True)
        await self.provider.until(lambda calls: any(c.outcome == "open" and "steps" in c.fields for c in calls), 120)
        return job_id

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> None:
        """Send the worker a signal."""
        assert self.worker.process is not None
        self.worker.process.send_signal(sign)

    async def code(self) -> int:
        """The exit code of the worker, once it is gone."""
        assert self.worker.process is not None
        return await asyncio.wait_for(self.worker.process.wait(), 120)

    async def until_said(self, words: bytes) -> None:
        """Wait for the worker's own words."""
        async with asyncio.timeout(120):
            while words not in self.worker.log.read_bytes():  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)

    async def begun(self, job_id: UUID) -> bool:
        """Whether a worker is at a step of the job."""
        steps = (await self.fleet.handle(job_id).describe()).raw_description.pending_activities
        return any(step.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED for step in steps)

    async def waiting_step(self, job_id: UUID) -> PendingActivityInfo:
        """The one step of a job that Temporal waits for."""
        described = await self.fleet.handle(job_id).describe()
        [step] = described.raw_description.pending_activities
        return step

    async def ended(self, job_id: UUID) -> JobStatus:
        """How the job ended."""
        return (await self.fleet.outcome(job_id, within=240)).status


At = Callable[[timedelta], AbstractAsyncContextManager[Site]]


@pytest.fixture
def draining(temporal: WorkflowEnvironment, database: Database, database_url: str, tmp_path: Path) -> At:
    """A site whose worker drains for so long."""

    @asynccontextmanager
    async def site(drain: timedelta) -> AsyncIterator[Site]:
        library = tmp_path / "skills"
        async with (
            Provider.spawn(tmp_path) as provider,
            killable(temporal, database_url, provider, library, drain) as worker,
        ):
            fleet = Fleet(temporal.client, database, library, provider)
            yield Site(worker, fleet, provider)
            await fleet.end_all()

    return site


async def test_a_model_call_that_hangs_is_handed_back_to_be_made_elsewhere_at_once(draining: At) -> None:
    async with draining(SHORT) as site:
        job_id = await site.hangs()
        site.stop()
        assert await site.code() == 0
        step = await site.waiting_step(job_id)
        assert (step.attempt, step.last_failure.application_failure_info.type) == (2, PLACE_TROUBLE)
        assert not step.last_failure.HasField("timeout_failure_info")
        await site.worker.start()
        assert await site.ended(job_id) is JobStatus.COMPLETED
        assert sum(call.disconnected for call in site.provider.calls()) == 1


async def test_a_model_call_that_ends_in_time_is_kept_and_not_paid_again(draining: At) -> None:
    async with draining(LONG) as site:
        job_id = await site.hangs()
        site.stop()
        await site.until_said(b"the worker drains")
        site.provider.release()
        assert await site.code() == 0
        await site.worker.start()
        assert await site.ended(job_id) is JobStatus.COMPLETED
        usage = (await site.fleet.job(job_id)).result.usage
        assert usage and site.provider.ledger().total == usage.calls


async def test_answers_are_taken_while_a_model_call_drains(draining: At) -> None:
    async with draining(LONG) as site:
        asked = await site.fleet.start()
        await site.fleet.prompt(asked, HitlType.CLARIFY, within=120)
        await site.hangs()
        site.stop()
        await site.until_said(b"the worker drains")
        await site.fleet.answer(asked, HitlType.CLARIFY)
        async with asyncio.timeout(120):
            while (await site.fleet.interactions(asked))[0].status != PromptStatus.RESPONDED:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)
        site.provider.release()
        assert await site.code() == 0


async def test_a_database_that_does_not_answer_holds_nobody_up(draining: At, database: Database) -> None:
    async with draining(SHORT) as site:
        await site.until_said(b"the worker is ready")
        async with database.transaction() as session:
            await session.execute(text("LOCK TABLE jobs"))
            stuck = await site.fleet.start()
            while not await site.begun(stuck):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)
            site.stop()
            assert await site.code() == 0
            step = await site.waiting_step(stuck)
            assert (step.attempt, step.last_failure.application_failure_info.type) == (2, PLACE_TROUBLE)
        await site.worker.start()
        async with asyncio.timeout(120):
            while not await site.fleet.events(stuck):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)


async def test_the_second_signal_ends_it_at_once(draining: At) -> None:
    async with draining(LONG) as site:
        await site.hangs()
        site.stop()
        await site.until_said(b"the worker drains")
        site.stop(signal.SIGINT)
        assert await site.code() == 128 + signal.SIGINT
