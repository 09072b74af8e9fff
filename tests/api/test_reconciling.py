"""A job whose workflow is ended behind its back gets an honest end in the record, once."""

from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from api import reconciling
from api.reconciling import reconcile
from domain.job import JobStatus, StartJob
from domain.prompt import HitlType, PromptStatus
from store import jobs
from tests.support.fleet import Fleet


async def test_a_terminated_job_is_recorded_as_cancelled_and_its_prompt_closed(
    app: FastAPI, client: httpx.AsyncClient, fleet: Fleet
) -> None:
    job_id = await fleet.start(max_questions=0)
    await fleet.prompt(job_id, HitlType.PREVIEW)
    await reconcile(app.state.services)
    assert not (await fleet.job(job_id)).status.final
    await fleet.handle(job_id).terminate("an operator's decision")
    for _ in range(2):
        await reconcile(app.state.services)
    job = await fleet.job(job_id)
    assert job.status is JobStatus.CANCELLED and job.hitl_type is None and "ended in Temporal" in (job.error or "")
    assert (await fleet.interactions(job_id))[-1].status is PromptStatus.CANCELLED
    assert [event.type for event in await fleet.events(job_id)].count(JobStatus.CANCELLED) == 1


async def test_a_job_that_ended_by_itself_is_left_alone(app: FastAPI, client: httpx.AsyncClient, fleet: Fleet) -> None:
    job_id = await fleet.start(auto_approve=True)
    await fleet.outcome(job_id)
    await reconcile(app.state.services)
    assert (await fleet.job(job_id)).status is JobStatus.COMPLETED


async def test_of_many_jobs_each_has_its_turn(
    app: FastAPI, client: httpx.AsyncClient, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "AT_ONCE", 2)
    async with fleet.database.transaction() as session:
        for number in range(1, 6):
            start = StartJob(job_id=UUID(int=number), user_id="ada", task_description="Write release notes")
            await jobs.open_job(session, start)
    turns = [await reconcile(app.state.services)]
    while turns[-1] is not None:
        turns.append(await reconcile(app.state.services, turns[-1]))
    assert turns == [UUID(int=2), UUID(int=4), None]
