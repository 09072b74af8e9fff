"""Answering over HTTP: one answer stands, nothing typed is lost, and Temporal may be away for a while."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from temporalio.testing import WorkflowEnvironment

from api.redelivery import redeliver
from domain.job import JobOptions, JobStatus, StartJob
from domain.prompt import HitlType
from store import jobs, prompts
from store.session import Database
from tests.api.conftest import Opened, application, served

ANSWERS = {"q1": "customer records", "q2": "d"}
ADA, BOB = {"X-User-Id": "ada"}, {"X-User-Id": "bob"}


def body(prompt: UUID, **more: object) -> dict[str, object]:
    return {"interaction_id": str(prompt), "action": "proceed", "answers": ANSWERS, **more}


@pytest.fixture
async def job(client: httpx.AsyncClient, database: Database) -> UUID:
    """A job that runs in Temporal (no worker takes it up) and has its row."""
    started = await client.post("/api/v1/skills", json={"task_description": "Handle all user data"})
    job_id = UUID(started.json()["job_id"])
    start = StartJob(job_id=job_id, user_id="local", task_description="Handle all user data", options=JobOptions())
    async with database.transaction() as session:
        await jobs.open_job(session, start)
        await jobs.change(session, job_id, "opened", "started", "begun", status=JobStatus.RUNNING)
    return job_id


async def signals(temporal: WorkflowEnvironment, job: UUID) -> list[str]:
    history = await temporal.client.get_workflow_handle(f"create-skill:{job}").fetch_history()
    found = [event.workflow_execution_signaled_event_attributes for event in history.events]
    return [event.input.payloads[0].data.decode() for event in found if event.signal_name == "answer"]


async def test_the_open_prompt_is_served_with_its_form(client: httpx.AsyncClient, job: UUID, asked: Opened) -> None:
    prompt = await asked(job)
    view = (await client.get(f"/api/v1/hitl/{job}/prompt")).json()
    assert (view["status"], view["hitl_type"], view["interaction_id"]) == ("pending_hitl", "clarify", str(prompt))
    assert view["form"]["properties"]["answers"]["required"] == ["q1", "q2"]
    assert view["draft"] is None


async def test_an_answer_is_claimed_then_signalled_by_its_id_alone(
    client: httpx.AsyncClient, job: UUID, asked: Opened, temporal: WorkflowEnvironment, database: Database
) -> None:
    prompt = await asked(job)
    response = await client.post(f"/api/v1/hitl/{job}/response", json=body(prompt), headers=ADA)
    assert response.status_code == 202
    assert response.json()["outcome"] == "accepted"
    assert response.json()["responded_by"] == "ada"
    [signal] = await signals(temporal, job)
    assert str(prompt) in signal
    assert "customer records" not in signal
    async with database.transaction() as session:
        row = await prompts.get(session, prompt)
    assert row is not None and row.delivered_at is not None and row.response_data is not None
    assert row.response_data["answers"] == ANSWERS
    assert (await client.get(f"/api/v1/hitl/{job}/prompt")).json()["hitl_type"] is None


async def test_the_same_answer_again_is_fine_even_when_the_job_has_ended(
    client: httpx.AsyncClient, asked: Opened, job: UUID, temporal: WorkflowEnvironment
) -> None:
    prompt = await asked(job)
    first = await client.post(f"/api/v1/hitl/{job}/response", json=body(prompt))
    again = await client.post(f"/api/v1/hitl/{job}/response", json=body(prompt))
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json() == {**first.json(), "outcome": "repeated"}
    assert len(await signals(temporal, job)) == 1


async def test_another_answer_meets_the_one_that_stands(client: httpx.AsyncClient, job: UUID, asked: Opened) -> None:
    prompt = await asked(job)
    await client.post(f"/api/v1/hitl/{job}/response", json=body(prompt), headers=ADA)
    other = await client.post(f"/api/v1/hitl/{job}/response", json=body(prompt), headers=BOB)
    assert (other.status_code, other.json()["code"]) == (409, "answer_conflict")
    standing = other.json()["standing"]
    assert (standing["responded_by"], standing["action"]) == ("ada", "proceed")
    assert "ada" in other.json()["detail"]


async def test_of_many_answers_at_once_one_stands(client: httpx.AsyncClient, job: UUID, asked: Opened) -> None:
    prompt = await asked(job)
    sent = [
        client.post(f"/api/v1/hitl/{job}/response", json=body(prompt), headers={"X-User-Id": f"person-{n}"})
        for n in range(8)
    ]
    statuses = sorted(response.status_code for response in await asyncio.gather(*sent))
    assert statuses == [202] + [409] * 7


async def test_a_prompt_that_is_not_open_is_a_conflict(client: httpx.AsyncClient, job: UUID, asked: Opened) -> None:
    open_one = await asked(job)
    response = await client.post(f"/api/v1/hitl/{job}/response", json=body(uuid4()))
    assert response.status_code == 409
    assert str(open_one) in response.json()["detail"]


async def test_an_unfinished_answer_names_what_is_missing_and_keeps_the_rest(
    client: httpx.AsyncClient, job: UUID, asked: Opened
) -> None:
    prompt = await asked(job)
    half = body(prompt, answers={"q1": "customer records"})
    response = await client.post(f"/api/v1/hitl/{job}/response", json=half, headers=ADA)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_answer")
    assert list(response.json()["errors"]) == ["answers.q2"]
    assert "Delete or anonymise?" in response.json()["errors"]["answers.q2"]
    again = (await client.get(f"/api/v1/hitl/{job}/prompt", headers=ADA)).json()
    assert again["interaction_id"] == str(prompt)
    assert again["draft"]["answers"] == {"q1": "customer records"}
    assert (await client.get(f"/api/v1/hitl/{job}/prompt", headers=BOB)).json()["draft"] is None


@pytest.mark.parametrize(
    "wrong", [{"action": "waive"}, {"action": "dance"}, {"colour": "red"}, {"answers": {"q9": "x"}}]
)
async def test_an_answer_that_does_not_fit_leaves_the_prompt_open(
    client: httpx.AsyncClient, job: UUID, asked: Opened, wrong: dict[str, object]
) -> None:
    prompt = await asked(job)
    response = await client.post(f"/api/v1/hitl/{job}/response", json=body(prompt, **wrong))
    assert response.status_code == 422
    assert response.json()["errors"]
    assert (await client.get(f"/api/v1/hitl/{job}/prompt")).json()["interaction_id"] == str(prompt)


async def test_text_that_no_database_can_keep_is_refused_by_field(
    client: httpx.AsyncClient, job: UUID, asked: Opened
) -> None:
    prompt = await asked(job)
    response = await client.post(f"/api/v1/hitl/{job}/response", json=body(prompt, answers={"q1": "a\0b", "q2": "d"}))
    assert response.status_code == 422
    assert list(response.json()["errors"]) == ["answers.q1"]


async def test_a_draft_is_merged_question_by_question_and_null_clears(
    client: httpx.AsyncClient, job: UUID, asked: Opened
) -> None:
    await asked(job)
    url = f"/api/v1/hitl/{job}/draft"
    await client.patch(url, json={"answers": {"q1": "one"}}, headers=ADA)
    await client.patch(url, json={"answers": {"q2": "d"}, "feedback": "hm"}, headers=ADA)
    merged = await client.patch(url, json={"answers": {"q1": None}}, headers=ADA)
    assert merged.json() == {"answers": {"q2": "d"}, "feedback": "hm", "content": None, "reason": None}
    unknown = await client.patch(url, json={"answers": {"q7": "x"}}, headers=ADA)
    assert list(unknown.json()["errors"]) == ["answers.q7"]


async def test_nothing_asked_means_no_draft(client: httpx.AsyncClient, job: UUID) -> None:
    response = await client.patch(f"/api/v1/hitl/{job}/draft", json={"feedback": "x"})
    assert (response.status_code, response.json()["code"]) == (409, "answer_conflict")


async def test_an_ended_job_takes_no_answer(client: httpx.AsyncClient, opened: Opened, asked: Opened) -> None:
    job = await opened(status=JobStatus.COMPLETED)
    response = await client.post(f"/api/v1/hitl/{job}/response", json=body(uuid4()))
    assert (response.status_code, response.json()["code"]) == (410, "job_ended")


async def test_cancelling_in_an_answer_takes_the_owner_like_any_cancel(
    client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    job = await opened(user="ada")
    prompt = await asked(job)
    cancel = {"interaction_id": str(prompt), "action": "cancel"}
    assert (await client.post(f"/api/v1/hitl/{job}/response", json=cancel, headers=BOB)).status_code == 404
    assert (await client.get(f"/api/v1/hitl/{job}/prompt")).json()["interaction_id"] == str(prompt)


async def test_an_answer_given_while_temporal_is_away_stands_and_is_delivered_later(
    app: FastAPI,
    client: httpx.AsyncClient,
    database_url: str,
    library: Path,
    job: UUID,
    asked: Opened,
    temporal: WorkflowEnvironment,
) -> None:
    prompt = await asked(job)
    async with served(application(database_url, "127.0.0.1:1", library)) as without:
        response = await without.post(f"/api/v1/hitl/{job}/response", json=body(prompt))
    assert response.status_code == 202
    assert await signals(temporal, job) == []
    assert await redeliver(app.state.services, age=timedelta(0)) == 1
    assert len(await signals(temporal, job)) == 1
    assert await redeliver(app.state.services, age=timedelta(0)) == 0


async def test_an_answer_to_a_workflow_that_is_gone_is_told_and_never_tried_again(
    app: FastAPI, client: httpx.AsyncClient, opened: Opened, asked: Opened, database: Database
) -> None:
    job = await opened()
    prompt = await asked(job)
    response = await client.post(f"/api/v1/hitl/{job}/response", json=body(prompt))
    assert (response.status_code, response.json()["code"]) == (410, "job_ended")
    async with database.transaction() as session:
        row = await prompts.get(session, prompt)
    assert row is not None and row.undeliverable
    assert await redeliver(app.state.services, age=timedelta(0)) == 0


async def test_every_client_gets_the_same_words_for_actions(client: httpx.AsyncClient) -> None:
    config = (await client.get("/api/v1/hitl/config")).json()
    by_kind = {item["hitl_type"]: [action["action"] for action in item["actions"]] for item in config["prompts"]}
    assert by_kind[HitlType.PREVIEW] == ["proceed", "revise", "edit", "cancel"]
    assert config["you_decide"] == "you decide"
