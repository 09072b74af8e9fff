"""Fifty requests at the same moment, of every kind, at a real api process with the pool as it was decided: no error."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from temporalio.testing import WorkflowEnvironment

from domain.prompt import HitlType, PromptStatus
from store.tables import HitlInteraction
from tests.support.api_server import ApiProcess
from tests.support.fleet import TASK, Fleet

ANSWERED, STARTED, WAVES = 6, 6, 2

READS = ("jobs", "jobs/pending", "jobs/{job}", "jobs/{job}/status", "hitl/{job}/prompt", "jobs/{job}/interactions")
REST = 50 - ANSWERED - STARTED


@pytest.fixture
async def api(
    database_url: str, temporal: WorkflowEnvironment, fleet: Fleet, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """A client, with a new connection for each request, of a process that shares the fleet's servers."""
    process = ApiProcess(
        {
            "SKILL_FLEET_DATABASE_URL": database_url,
            "SKILL_FLEET_LIBRARY": str(fleet.library),
            "TEMPORAL_ADDRESS": temporal.client.service_client.config.target_host,
            "TEMPORAL_CONFIG_FILE": "/dev/null",
        }
    )
    await process.start()
    # None is kept: uvicorn closes one that idled for 5 s, perhaps just as a request is sent on it.
    limits = httpx.Limits(max_connections=50, max_keepalive_connections=0)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{process.port}/api/v1/", limits=limits, timeout=60
    ) as client:
        yield client
    await process.kill()


async def test_fifty_requests_at_once_without_an_error(api: httpx.AsyncClient, fleet: Fleet) -> None:
    jobs = [await fleet.start() for _ in range(ANSWERED * WAVES)]
    asked = await asyncio.gather(*(fleet.prompt(job, HitlType.CLARIFY, within=120) for job in jobs))
    answers: Counter[int] = Counter()
    for wave in range(WAVES):
        mine = asked[wave * ANSWERED : (wave + 1) * ANSWERED]
        responses = await asyncio.gather(*wave_of(api, mine, jobs[0]))
        assert [response.text for response in responses if not response.is_success] == []
        answers.update(response.status_code for response in responses)
        fleet.started.extend(UUID(found.json()["job_id"]) for found in responses[ANSWERED : ANSWERED + STARTED])
    assert answers == {202: (ANSWERED + STARTED) * WAVES, 200: REST * WAVES}
    given = [(await fleet.interactions(job))[0] for job in jobs]
    assert {prompt.status for prompt in given} == {PromptStatus.RESPONDED}
    health = (await api.get("health/db")).json()
    assert (health["limit"], health["size"]) == (50, 20)


def wave_of(api: httpx.AsyncClient, asked: list[HitlInteraction], job: UUID) -> "list[asyncio.Task[httpx.Response]]":
    """Fifty requests that are on their way."""
    reads = [api.get(READS[n % len(READS)].format(job=job)) for n in range(REST)]
    starts = [api.post("skills", json={"task_description": TASK}) for _ in range(STARTED)]
    return [asyncio.create_task(request) for request in (*[answer(api, row) for row in asked], *starts, *reads)]


async def answer(api: httpx.AsyncClient, asked: HitlInteraction) -> httpx.Response:
    """A whole answer to a round of questions."""
    given = {question["id"]: "you decide" for question in asked.prompt_data["questions"]}
    body = {"interaction_id": str(asked.interaction_id), "action": "proceed", "answers": given}
    return await api.post(f"hitl/{asked.job_id}/response", json=body)
