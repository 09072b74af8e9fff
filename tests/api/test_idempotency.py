"""`Idempotency-Key` over HTTP: done once, answered as often as asked; refusals and failures are forgotten."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import update
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from temporalio.testing import WorkflowEnvironment

from api.idempotency import Idempotency, still_at_work
from store import retention
from store.session import Database
from store.tables import IdempotencyKey
from tests.api.conftest import Opened, application, served

ADA, BOB = {"X-User-Id": "ada"}, {"X-User-Id": "bob"}


@pytest.fixture
async def job(client: httpx.AsyncClient) -> UUID:
    """A job that runs in Temporal; no worker takes it up."""
    started = await client.post("/api/v1/skills", json={"task_description": "Handle all user data"})
    return UUID(started.json()["job_id"])


def url(job: UUID) -> str:
    return f"/api/v1/jobs/{job}/cancel"


def key(value: str | None = None) -> dict[str, str]:
    return {"Idempotency-Key": value or str(uuid4())}


async def cancels(temporal: WorkflowEnvironment, job: UUID) -> int:
    """How often the workflow was told to cancel."""
    history = await temporal.client.get_workflow_handle(f"create-skill:{job}").fetch_history()
    return sum(one.workflow_execution_signaled_event_attributes.signal_name == "cancel" for one in history.events)


async def test_the_same_request_again_gets_the_first_answer_and_does_nothing(
    client: httpx.AsyncClient, job: UUID, temporal: WorkflowEnvironment
) -> None:
    headers = key()
    first = await client.post(url(job), json={"reason": "no"}, headers=headers)
    again = await client.post(url(job), content=b'{ "reason" : "no" }', headers=headers)
    assert (first.status_code, again.status_code) == (202, 202)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert again.content == first.content
    assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert await cancels(temporal, job) == 1


async def test_without_a_key_nothing_is_remembered(
    client: httpx.AsyncClient, job: UUID, temporal: WorkflowEnvironment
) -> None:
    for _ in range(2):
        assert (await client.post(url(job), json={"reason": "no"})).status_code == 202
    assert await cancels(temporal, job) == 2


async def test_the_key_with_another_body_is_refused(
    client: httpx.AsyncClient, job: UUID, temporal: WorkflowEnvironment
) -> None:
    headers = key()
    await client.post(url(job), json={"reason": "no"}, headers=headers)
    other = await client.post(url(job), json={"reason": "yes"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await cancels(temporal, job) == 1


async def test_a_key_belongs_to_one_person_and_one_route(
    client: httpx.AsyncClient, job: UUID, opened: Opened, temporal: WorkflowEnvironment
) -> None:
    headers, another = key(), await opened()
    await client.post(url(job), json={"reason": "no"}, headers=headers)
    bobs = await client.post(url(job), json={"reason": "other"}, headers={**headers, **BOB})
    elsewhere = await client.post(url(another), json={"reason": "other"}, headers=headers)
    assert (bobs.status_code, bobs.json()["code"]) == (404, "not_found")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (410, "job_ended")
    assert await cancels(temporal, job) == 1


async def test_while_the_first_is_at_work_the_second_is_told_to_wait(
    client: httpx.AsyncClient, job: UUID, database: Database, temporal: WorkflowEnvironment
) -> None:
    """The first process died: its lease has to end, then the same request is done."""
    headers = key()
    await client.post(url(job), json={"reason": "no"}, headers=headers)
    async with database.transaction() as session:
        await session.execute(update(IdempotencyKey).values(status=None))
    waits = await client.post(url(job), json={"reason": "no"}, headers=headers)
    assert (waits.status_code, waits.json()["code"]) == (409, "still_at_work")
    assert 1 <= int(waits.headers["Retry-After"]) <= 20
    async with database.transaction() as session:
        await session.execute(update(IdempotencyKey).values(locked_until=IdempotencyKey.created_at))
    assert (await client.post(url(job), json={"reason": "no"}, headers=headers)).status_code == 202
    assert await cancels(temporal, job) == 2


async def test_of_many_at_once_one_is_done(client: httpx.AsyncClient, job: UUID, temporal: WorkflowEnvironment) -> None:
    headers = key()
    sent = [client.post(url(job), json={"reason": "no"}, headers=headers) for _ in range(12)]
    answers = await asyncio.gather(*sent)
    done = [one for one in answers if one.status_code == 202 and "Idempotent-Replayed" not in one.headers]
    assert len(done) == 1
    waiting = [one for one in answers if one.status_code == 409]
    assert all(one.headers["Retry-After"] for one in waiting)
    assert {one.status_code for one in answers} <= {202, 409}
    assert await cancels(temporal, job) == 1


async def test_a_refused_body_leaves_the_key_free_for_the_mended_one(client: httpx.AsyncClient, job: UUID) -> None:
    headers = key()
    refused = await client.post(url(job), json={"raison": "no"}, headers=headers)
    assert refused.status_code == 422
    assert (await client.post(url(job), json={"reason": "no"}, headers=headers)).status_code == 202


async def test_a_failure_is_not_kept(
    client: httpx.AsyncClient, job: UUID, opened: Opened, database_url: str, library: Path
) -> None:
    known, headers = await opened(), key()
    async with served(application(database_url, "127.0.0.1:1", library)) as without_temporal:
        away = await without_temporal.post(url(known), json={"reason": "no"}, headers=headers)
    assert away.status_code == 503
    assert (await client.post(url(known), json={"reason": "no"}, headers=headers)).json()["code"] == "job_ended"


async def test_a_refusal_of_the_operation_itself_is_kept(client: httpx.AsyncClient, opened: Opened) -> None:
    known, headers = await opened(), key()
    answers = [await client.post(url(known), json={"reason": "no"}, headers=headers) for _ in range(2)]
    assert [one.status_code for one in answers] == [410, 410]
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert answers[1].headers["Content-Type"] == "application/problem+json"


async def test_a_key_that_is_too_long_is_refused_by_name(client: httpx.AsyncClient, job: UUID) -> None:
    longest = await client.post(url(job), json={"reason": "no"}, headers=key("k" * 255))
    too_long = await client.post(url(job), json={"reason": "no"}, headers=key("k" * 256))
    assert longest.status_code == 202
    assert too_long.status_code == 422
    assert list(too_long.json()["errors"]) == ["Idempotency-Key"]


@pytest.mark.parametrize("path", ["/api/v1/groups/" + "g" * 4000, "/api/v1/jobs/1/cancel?" + "q" * 4000])
async def test_a_very_long_address_is_no_trouble(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.post(path, json={}, headers=key())).status_code in (404, 405, 422)


async def test_a_body_that_is_too_large_is_refused_as_ever(client: httpx.AsyncClient, job: UUID) -> None:
    large = await client.post(url(job), content=b"x" * 600_000, headers=key())
    assert (large.status_code, large.json()["code"]) == (413, "too_large")


async def test_a_database_that_is_away_is_said(cut_off: httpx.AsyncClient) -> None:
    response = await cut_off.post(url(uuid4()), json={"reason": "no"}, headers=key())
    assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")


async def test_a_key_that_was_forgotten_is_a_new_one(
    database: Database, client: httpx.AsyncClient, opened: Opened
) -> None:
    known, headers = await opened(), key()
    await client.post(url(known), json={"reason": "no"}, headers=headers)
    replayed = await client.post(url(known), json={"reason": "no"}, headers=headers)
    assert "Idempotent-Replayed" in replayed.headers
    async with database.transaction() as session:
        assert await retention.forget_keys(session, datetime.now(UTC) + timedelta(days=1), 10) == 1
    again = await client.post(url(known), json={"reason": "no"}, headers=headers)
    assert "Idempotent-Replayed" not in again.headers


async def test_no_session_is_held_while_the_route_runs(
    app: FastAPI, client: httpx.AsyncClient, database: Database
) -> None:
    held: list[int] = []
    shell = FastAPI()
    shell.state.services = replace(app.state.services, database=database)

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        held.append(database.pool_state().active)
        await Response(status_code=204)(scope, receive, send)

    async def outer(scope: Scope, receive: Receive, send: Send) -> None:
        await Idempotency(route, lambda request, error: Response(status_code=500))(
            {**scope, "app": shell}, receive, send
        )

    async with httpx.AsyncClient(transport=httpx.ASGITransport(outer), base_url="http://127.0.0.1") as direct:
        assert (await direct.post(url(uuid4()), json={}, headers=key())).status_code == 204
    assert held == [0]


async def test_who_waits_asks_again_soon_at_first_and_for_the_lease_at_most() -> None:
    assert [still_at_work(left).seconds for left in (20.0, 19.0, 16.0, 12.0, 2.5, 0.0)] == [1, 1, 4, 8, 3, 1]


async def test_the_documentation_tells_of_the_header_wherever_it_is_heeded(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    changing = {
        (method, path): {parameter["name"].lower() for parameter in operation.get("parameters", [])}
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method in ("post", "put", "patch", "delete") and path != "/api/v1/skills/validate"
    }
    assert ("post", "/api/v1/hitl/{job_id}/response") in changing
    assert [one for one, names in changing.items() if "idempotency-key" not in names] == []
