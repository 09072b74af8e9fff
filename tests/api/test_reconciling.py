"""A job whose workflow is ended behind its back gets an honest end in the record, once."""

import httpx
from fastapi import FastAPI

from api.reconciling import reconcile
from domain.job import JobStatus
from domain.prompt import HitlType, PromptStatus
from tests.support.fleet import Fleet


async def test_a_terminated_job_is_recorded_as_cancelled_and_its_prompt_closed(
    app: FastAPI, client: httpx.AsyncClient, fleet: Fleet
) -> None:
    job_id = await fleet.start(max_questions=0)
    await fleet.prompt(job_id, HitlType.PREVIEW)
    assert await reconcile(app.state.services) == 0
    await fleet.handle(job_id).terminate("an operator's decision")
    assert await reconcile(app.state.services) == 1
    job = await fleet.job(job_id)
    assert job.status is JobStatus.CANCELLED and job.hitl_type is None and "ended in Temporal" in (job.error or "")
    assert (await fleet.interactions(job_id))[-1].status is PromptStatus.CANCELLED
    assert (await fleet.events(job_id))[-1].type == JobStatus.CANCELLED
    assert await reconcile(app.state.services) == 0


async def test_a_job_that_ended_by_itself_is_left_alone(app: FastAPI, client: httpx.AsyncClient, fleet: Fleet) -> None:
    job_id = await fleet.start(auto_approve=True)
    await fleet.outcome(job_id)
    assert await reconcile(app.state.services) == 0
    assert (await fleet.job(job_id)).status is JobStatus.COMPLETED
