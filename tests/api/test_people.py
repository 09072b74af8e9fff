"""People and a whole fleet: a parked prompt is asked again, a cancelled job is gone on from, work changes hands."""

import asyncio
from collections.abc import Callable
from uuid import UUID

import httpx

from domain.job import JobStatus
from tests.api.test_main_path import answer, prompt, status
from tests.support.fleet import TASK, Fleet
from tests.support.provider_models import FaultKind

ADA, BOB = {"X-User-Id": "ada"}, {"X-User-Id": "bob"}


async def started(client: httpx.AsyncClient, **options: object) -> str:
    body = {"task_description": TASK, "options": options}
    job: str = (await client.post("/api/v1/skills", json=body, headers=ADA)).json()["job_id"]
    return job


async def until(client: httpx.AsyncClient, job: str, holds: Callable[[dict[str, object]], bool]) -> dict[str, object]:
    """The job's light view, once this holds."""
    async with asyncio.timeout(40):
        while True:
            view: dict[str, object] = (await client.get(f"/api/v1/jobs/{job}/status")).json()
            if holds(view):
                return view
            await asyncio.sleep(0.02)


async def told(fleet: Fleet, job: str, kind: str) -> None:
    """Once such an event was told of the job."""
    async with asyncio.timeout(40):
        while True:
            if kind in [event.type for event in await fleet.events(UUID(job))]:
                return
            await asyncio.sleep(0.02)


async def test_a_prompt_that_nobody_answered_is_asked_again_and_can_then_be_answered(
    fleet: Fleet, client: httpx.AsyncClient
) -> None:
    job = await started(client, hitl_timeout=1, remind_after=[], max_questions=0)
    await until(client, job, lambda view: view["parked_at"] is not None and view["hitl_type"] == "preview")
    first = (await client.get(f"/api/v1/hitl/{job}/prompt")).json()
    reopened = await client.post(f"/api/v1/jobs/{job}/reopen", headers=ADA)
    assert reopened.status_code == 202
    await told(fleet, job, "reopened")
    again = (await client.get(f"/api/v1/hitl/{job}/prompt")).json()
    assert again["interaction_id"] == first["interaction_id"]
    assert again["timeout_at"] > first["timeout_at"]
    await answer(client, job, again, action="proceed")
    await status(client, job, JobStatus.COMPLETED)


async def test_a_cancelled_job_is_gone_on_from_its_revision_by_somebody_else(
    fleet: Fleet, client: httpx.AsyncClient
) -> None:
    job = await started(client, max_questions=0)
    shown = await prompt(client, job, "preview")
    await client.post(f"/api/v1/jobs/{job}/cancel", json={"reason": "no time"}, headers=ADA)
    await status(client, job, JobStatus.CANCELLED)
    paid = (await client.get(f"/api/v1/jobs/{job}/usage")).json()["calls"]

    begun = await client.post("/api/v1/skills", json={"from_job": job}, headers=BOB)
    successor = begun.json()["job_id"]
    taken = await prompt(client, successor, "preview")
    assert isinstance(taken["prompt_data"], dict) and isinstance(shown["prompt_data"], dict)
    assert taken["prompt_data"]["content"] == shown["prompt_data"]["content"]
    view = (await client.get(f"/api/v1/jobs/{successor}")).json()
    assert (view["user_id"], view["origin"]["job_id"], view["task_description"]) == ("bob", job, TASK)
    assert (await client.get(f"/api/v1/jobs/{successor}/usage")).json()["calls"] < paid
    await answer(client, successor, taken, action="proceed")
    await status(client, successor, JobStatus.COMPLETED)


async def test_a_job_that_waits_on_a_problem_is_not_reopened_but_can_be_cancelled(
    fleet: Fleet, client: httpx.AsyncClient
) -> None:
    fleet.provider.fail(FaultKind.UNAUTHORIZED, times=1)
    job = await started(client)
    await until(client, job, lambda view: view["parked_at"] is not None)
    [problem] = (await client.get("/api/v1/jobs/pending")).json()["problems"]
    assert (problem["job_id"], problem["error"] != "") == (job, True)
    assert (await client.post(f"/api/v1/jobs/{job}/reopen", headers=ADA)).json()["code"] == "nothing_to_reopen"
    await client.post(f"/api/v1/jobs/{job}/cancel", json={"reason": "no key to be had"}, headers=ADA)
    await status(client, job, JobStatus.CANCELLED)
    assert (await client.get("/api/v1/jobs/pending")).json()["problems"] == []


async def test_a_job_cancelled_before_any_worker_runs_ends_as_soon_as_one_does(
    fleet: Fleet, client: httpx.AsyncClient
) -> None:
    job = await started(client)
    assert (await client.post(f"/api/v1/jobs/{job}/cancel", json={"reason": "typo"}, headers=ADA)).status_code == 202
    await status(client, job, JobStatus.CANCELLED)
    assert (await client.post(f"/api/v1/jobs/{job}/cancel", headers=ADA)).status_code == 200


async def test_an_assignee_answers_cancels_and_is_on_record(fleet: Fleet, client: httpx.AsyncClient) -> None:
    job = await started(client)
    await prompt(client, job, "clarify")
    await client.put("/api/v1/groups/reviewers", json={"members": ["bob"]}, headers=BOB)
    await client.put(f"/api/v1/jobs/{job}/assignee", json={"assignee": "group:reviewers"}, headers=ADA)
    mine = (await client.get("/api/v1/jobs/pending", params={"mine": True}, headers=BOB)).json()["items"]
    assert [item["job_id"] for item in mine] == [job]
    done = await client.post(f"/api/v1/jobs/{job}/cancel", json={"reason": "twice the same"}, headers=BOB)
    assert done.status_code == 202
    await status(client, job, JobStatus.CANCELLED)
    story = (await client.get(f"/api/v1/jobs/{job}/events")).text
    assert "event: assigned" in story and "twice the same" in story
