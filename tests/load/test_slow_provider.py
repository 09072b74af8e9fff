"""A provider that hangs holds up models and nothing else: who answers meanwhile is heard, and records go on."""

import asyncio
from uuid import UUID

import pytest

from domain.job import JobStatus
from domain.prompt import HitlType
from settings import Settings
from tests.support.fleet import TASK, Fleet
from tests.support.provider import FaultKind, LocalProvider

CROWD = 30

pytestmark = [pytest.mark.integration]


async def test_an_answer_is_taken_and_recorded_while_thirty_jobs_wait_for_a_provider_that_hangs(
    fleet: Fleet, provider: LocalProvider
) -> None:
    waiting = await fleet.start(TASK)
    await fleet.prompt(waiting, HitlType.CLARIFY)
    paid = len(provider.calls())
    provider.fail(FaultKind.HANG, times=None)
    crowd = await asyncio.gather(*(fleet.start(f"{TASK} of product {number}") for number in range(CROWD)))
    await provider.until_calls(paid + Settings().model_concurrency, 30)

    await fleet.answer(waiting, HitlType.CLARIFY)
    await heard(fleet, waiting)
    assert (await fleet.job(waiting)).status is JobStatus.RUNNING

    hung = provider.calls()[paid:]
    assert len(hung) == Settings().model_concurrency
    assert all(call.outcome == "open" for call in hung)
    assert {(await fleet.job(job)).status for job in crowd} == {JobStatus.RUNNING}
    provider.reset()
    provider.release()


async def heard(fleet: Fleet, job: UUID) -> None:
    """Until the job has taken its answer, and goes on."""
    async with asyncio.timeout(60):
        while "answered" not in [event.type for event in await fleet.events(job)]:  # noqa: ASYNC110 - the database
            await asyncio.sleep(0.02)
