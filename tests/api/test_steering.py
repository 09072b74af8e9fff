"""Cancel, retry, reopen and assign over HTTP: from every state, by whom it is allowed, with words when it is not."""

from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update
from temporalio.testing import WorkflowEnvironment

from domain.job import JobStatus
from domain.prompt import Answer, HitlType
from store import jobs, prompts, revisions
from store.prompts import Channel
from store.session import Database
from store.tables import Job
from tests.api.conftest import Opened
from tests.support.history import signals, started_with
from tests.support.rows import claim_of, kinds, new_revision, told

TASK = "Create a skill for handling user data"
ADA, BOB = {"X-User-Id": "ada"}, {"X-User-Id": "bob"}


@pytest.fixture
async def waiting(client: httpx.AsyncClient) -> UUID:
    """A job of ada's that Temporal runs and no worker has opened."""
    response = await client.post("/api/v1/skills", json={"task_description": TASK}, headers=ADA)
    return UUID(response.json()["job_id"])


@pytest.fixture
async def begun(waiting: UUID, database: Database, temporal: WorkflowEnvironment) -> UUID:
    """The same, with its row."""
    async with database.transaction() as session:
        await jobs.open_job(session, await started_with(temporal.client, waiting))
        await jobs.change(session, waiting, "opened", "started", "the job has begun", status=JobStatus.RUNNING)
    return waiting


async def park(database: Database, job: UUID, error: str | None = None) -> None:
    async with database.transaction() as session:
        await jobs.change(session, job, "parked", "parked", "parked", error=error, parked_at=datetime.now(UTC))


async def post(client: httpx.AsyncClient, job: UUID, what: str, by: dict[str, str] = ADA) -> httpx.Response:
    return await client.post(f"/api/v1/jobs/{job}/{what}", headers=by)


async def test_a_job_is_cancelled_with_a_reason_from_every_state(
    client: httpx.AsyncClient, begun: UUID, asked: Opened, database: Database, temporal: WorkflowEnvironment
) -> None:
    for number, status in enumerate((JobStatus.PENDING, JobStatus.RUNNING, JobStatus.PENDING_REVIEW)):
        async with database.transaction() as session:
            await session.execute(update(Job).where(Job.job_id == begun).values(status=status))
        body = {"reason": f"reason {number}"}
        response = await client.post(f"/api/v1/jobs/{begun}/cancel", json=body, headers=ADA)
        assert (response.status_code, response.json()["status"]) == (202, status)
    await asked(begun)
    assert (await post(client, begun, "cancel")).status_code == 202
    await park(database, begun)
    assert (await post(client, begun, "cancel")).status_code == 202
    async with database.transaction() as session:
        await jobs.change(session, begun, "p", "problem", "a key is missing", error="a key is missing")
    assert (await post(client, begun, "cancel")).status_code == 202
    sent = await signals(temporal.client, begun)
    assert sent[:2] == [("cancel", {"reason": f"reason {n}", "by": "ada"}) for n in (0, 1)]
    assert len(sent) == 6


async def test_a_job_that_no_worker_has_opened_can_be_cancelled(
    client: httpx.AsyncClient, waiting: UUID, temporal: WorkflowEnvironment
) -> None:
    assert (await post(client, waiting, "cancel", BOB)).status_code == 404
    assert (await post(client, waiting, "cancel")).status_code == 202
    assert [name for name, _ in await signals(temporal.client, waiting)] == ["cancel"]


async def test_what_has_ended_stays_ended(client: httpx.AsyncClient, opened: Opened) -> None:
    statuses = {JobStatus.CANCELLED: 200, JobStatus.COMPLETED: 410, JobStatus.FAILED: 410}
    for status, said in statuses.items():
        response = await post(client, await opened(user="ada", status=status), "cancel")
        assert response.status_code == said


async def test_a_failed_job_is_not_retried_but_gone_on_from(
    client: httpx.AsyncClient, opened: Opened, database: Database
) -> None:
    job = await opened(user="ada", status=JobStatus.FAILED)
    empty = await post(client, job, "retry")
    assert (empty.status_code, empty.json()["code"]) == (409, "nothing_to_retry")
    assert "wrote no revision" in empty.json()["detail"]
    async with database.transaction() as session:
        await revisions.keep(session, job, new_revision())
        await jobs.merge_result(session, job, revision=1)
    refused = await post(client, job, "retry")
    assert f'POST /api/v1/skills {{"from_job": "{job}"}}' in refused.json()["detail"]
    assert (await client.post("/api/v1/skills", json={"from_job": str(job)}, headers=ADA)).status_code == 202


async def test_a_parked_prompt_is_asked_again(
    client: httpx.AsyncClient, begun: UUID, asked: Opened, database: Database, temporal: WorkflowEnvironment
) -> None:
    await asked(begun)
    await park(database, begun)
    response = await post(client, begun, "reopen")
    assert (response.status_code, response.json()["hitl_type"]) == (202, "clarify")
    assert await signals(temporal.client, begun) == [("reopen", {"by": "ada"})]


async def test_a_prompt_that_is_open_answered_or_not_there_is_not_asked_again(
    client: httpx.AsyncClient, begun: UUID, asked: Opened, database: Database, temporal: WorkflowEnvironment
) -> None:
    nothing = await post(client, begun, "reopen")
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_to_reopen")
    prompt = await asked(begun, HitlType.CLARIFY)
    assert (await post(client, begun, "reopen")).json()["code"] == "nothing_to_reopen"
    await park(database, begun)
    answer = {"interaction_id": prompt, "action": "proceed"}
    async with database.transaction() as session:
        from_ada = claim_of(Answer.model_validate(answer), "ada", Channel.API)
        await prompts.claim(session, prompt, from_ada)
    assert (await post(client, begun, "reopen")).json()["code"] == "nothing_to_reopen"
    assert await signals(temporal.client, begun) == []


async def test_a_job_that_waits_on_a_problem_is_to_be_retried_not_reopened(
    client: httpx.AsyncClient, begun: UUID, database: Database, temporal: WorkflowEnvironment
) -> None:
    await park(database, begun, error="The key is not valid.")
    refused = await post(client, begun, "reopen")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_reopen")
    assert "The key is not valid." in refused.json()["detail"] and "/retry" in refused.json()["detail"]
    assert (await post(client, begun, "retry")).status_code == 202
    assert await signals(temporal.client, begun) == [("retry", {"by": "ada"})]


async def test_an_ended_job_asks_nothing_again(client: httpx.AsyncClient, opened: Opened) -> None:
    response = await post(client, await opened(user="ada", status=JobStatus.CANCELLED), "reopen")
    assert (response.status_code, response.json()["code"]) == (410, "job_ended")


async def assign(client: httpx.AsyncClient, job: UUID, assignee: object, by: dict[str, str] = ADA) -> httpx.Response:
    return await client.put(f"/api/v1/jobs/{job}/assignee", json={"assignee": assignee}, headers=by)


async def test_an_assignee_may_do_what_the_owner_may_until_somebody_else_is_assigned(
    client: httpx.AsyncClient, begun: UUID, database: Database
) -> None:
    assert (await post(client, begun, "cancel", BOB)).status_code == 404
    assert (await assign(client, begun, "bob", BOB)).status_code == 404
    response = await assign(client, begun, " bob ")
    assert (response.status_code, response.json()["assignee"]) == (200, "bob")
    assert (await post(client, begun, "reopen", BOB)).status_code == 409
    assert (await post(client, begun, "cancel", BOB)).status_code == 202
    assert (await assign(client, begun, None, BOB)).json()["assignee"] is None
    assert (await post(client, begun, "cancel", BOB)).status_code == 404


async def test_members_of_the_assigned_group_act_for_the_owner_as_long_as_they_belong_to_it(
    client: httpx.AsyncClient, begun: UUID
) -> None:
    unknown = await assign(client, begun, "group:reviewers")
    assert (unknown.status_code, list(unknown.json()["errors"])) == (422, ["assignee"])
    assert "PUT /api/v1/groups/reviewers" in unknown.json()["errors"]["assignee"]
    await client.put("/api/v1/groups/reviewers", json={"members": ["bob"]})
    assert (await assign(client, begun, "group:reviewers")).json()["assignee"] == "group:reviewers"
    assert (await post(client, begun, "retry", BOB)).status_code == 409
    await client.put("/api/v1/groups/reviewers", json={"members": ["eve"]})
    assert (await post(client, begun, "retry", BOB)).status_code == 404
    assert (await post(client, begun, "retry", {"X-User-Id": "group:reviewers"})).status_code == 404


async def test_an_assignment_is_told_once_with_who_made_it(
    client: httpx.AsyncClient, begun: UUID, database: Database
) -> None:
    for _ in range(2):
        await assign(client, begun, "bob")
    assert await kinds(database, begun) == ["started", "assigned"]
    assert "ada" in (await told(database, begun))[-1].message


@pytest.mark.parametrize("name", ["", "x" * 256, "tab\there", 3, "group:"])
async def test_a_name_that_is_none_is_no_assignee(client: httpx.AsyncClient, begun: UUID, name: object) -> None:
    response = await assign(client, begun, name)
    assert (response.status_code, list(response.json()["errors"])) == (422, ["assignee"])


async def test_a_job_is_assigned_as_soon_as_it_has_begun(client: httpx.AsyncClient, waiting: UUID) -> None:
    response = await assign(client, waiting, "bob")
    assert (response.status_code, response.json()["code"]) == (409, "not_begun")
    assert "as soon as it runs" in response.json()["detail"]
