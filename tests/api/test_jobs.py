"""Starting and reading jobs over HTTP, with Temporal but without a worker where none is named."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from temporalio.testing import WorkflowEnvironment

from api.jobs import follow_job
from api.permissions import Person
from api.reading import find
from domain.job import JobStatus
from store.notifications import Look
from tests.api.conftest import Opened

TASK = "Create a skill for handling user data"


async def start(client: httpx.AsyncClient, **more: object) -> httpx.Response:
    return await client.post("/api/v1/skills", json={"task_description": TASK, **more})


async def test_a_started_job_is_accepted_and_visible_before_any_worker_runs(client: httpx.AsyncClient) -> None:
    response = await start(client, options={"max_questions": 2, "hitl_timeout": 3600})
    assert response.status_code == 202
    job = response.json()["job_id"]
    assert response.headers["Location"] == f"/api/v1/jobs/{job}"
    view = (await client.get(response.headers["Location"])).json()
    assert (view["status"], view["task_description"], view["user_id"]) == ("pending", TASK, "local")
    prompt = await client.get(f"/api/v1/hitl/{job}/prompt")
    assert (prompt.status_code, prompt.json()["hitl_type"]) == (200, None)


async def test_a_job_without_a_row_is_on_the_first_page_of_the_list(client: httpx.AsyncClient) -> None:
    job = (await start(client)).json()["job_id"]
    for _ in range(100):  # Temporal's index follows a little later
        listed = (await client.get("/api/v1/jobs")).json()["jobs"]
        if job in [item["job_id"] for item in listed]:
            break
    else:
        pytest.fail("the job never appeared")
    assert job not in [item["job_id"] for item in (await client.get("/api/v1/jobs?status=completed")).json()["jobs"]]


async def test_the_workflow_tells_a_reader_of_temporal_what_it_is(
    client: httpx.AsyncClient, temporal: WorkflowEnvironment
) -> None:
    response = await client.post(
        "/api/v1/skills", json={"task_description": "Make <b>a</b>\nskill " + "x" * 100}, headers={"X-User-Id": "ada"}
    )
    handle = temporal.client.get_workflow_handle(f"create-skill:{response.json()['job_id']}")
    described = await handle.describe()
    summary = await described.static_summary() or ""
    assert summary.startswith("Create skill: `Make <b>a</b> skill xxx")
    assert len(summary) == len("Create skill: ``") + 80
    assert described.search_attributes["SkillFleetUser"] == ["ada"]


async def test_the_same_key_and_body_is_the_same_job(client: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    body = {"task_description": TASK}
    first = await client.post("/api/v1/skills", json=body, headers=key)
    again = await client.post("/api/v1/skills", json=body, headers=key)
    other = await client.post("/api/v1/skills", json={"task_description": TASK + " now"}, headers=key)
    someone = await client.post("/api/v1/skills", json=body, headers={**key, "X-User-Id": "ada"})
    assert first.json()["job_id"] == again.json()["job_id"] != someone.json()["job_id"]
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (202, "true")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ({"task_description": "two words"}, "task_description", "3 words"),
        ({"task_description": "word " * 2000}, "task_description", "8000"),
        ({"task_description": TASK, "options": {"colour": "red"}}, "options.colour", "no such field"),
        ({"task_description": TASK, "options": {"category": "nonsense"}}, "options.category", "development"),
        ({"task_description": TASK, "options": {"hitl_timeout": 0}}, "options.hitl_timeout", "ISO 8601"),
        ({"task_description": TASK, "options": {"max_questions": 11}}, "options.max_questions", "10"),
        ({"task_description": TASK, "sources": [{"name": "a", "content": "x" * 65000}] * 2}, "sources", "65536"),
        ({"task_description": TASK + "\0"}, "task_description", "NUL"),
        ({"task_description": TASK + "\ud800"}, "task_description", "surrogate"),
        (
            {"task_description": TASK, "sources": [{"name": "a", "content": "x", "kind": "y"}]},
            "sources.0.kind",
            "no such",
        ),
        ({"task_description": TASK, "sources": [{"name": "a", "content": ""}]}, "sources.0.content", "1 char"),
        ({}, "task_description", "required"),
    ],
)
async def test_a_request_that_does_not_fit_says_which_field_and_why(
    client: httpx.AsyncClient, body: dict[str, object], field: str, said: str
) -> None:
    headers = {"Content-Type": "application/json"}
    response = await client.post("/api/v1/skills", content=json.dumps(body), headers=headers)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert said in problem["errors"][field]
    assert problem["request_id"] == response.headers["X-Request-Id"]


async def test_a_category_may_be_given_by_another_word_and_a_timeout_as_text(client: httpx.AsyncClient) -> None:
    response = await start(client, options={"category": "databases", "hitl_timeout": "PT2H"})
    assert response.status_code == 202


async def test_what_is_not_json_is_answered_with_a_sentence(client: httpx.AsyncClient) -> None:
    for content in (b"{not json", b"\xff\xfe", b""):
        response = await client.post("/api/v1/skills", content=content, headers={"Content-Type": "application/json"})
        assert response.status_code in (400, 422)
        assert "JSON" in response.json()["detail"] or response.json()["errors"]


async def test_a_body_that_is_too_large_is_refused_unread(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/v1/skills", json={"task_description": "x " * 300_000})
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("job", [str(UUID(int=7)), "nonsense"])
async def test_an_unknown_job_is_not_found_whatever_is_asked_of_it(client: httpx.AsyncClient, job: str) -> None:
    for path in ("", "/status", "/events", "/revisions", "/revisions/1", "/evaluation", "/usage", "/interactions"):
        response = await client.get(f"/api/v1/jobs/{job}{path}")
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert (await client.post(f"/api/v1/jobs/{job}/cancel", json={"reason": "x"})).status_code == 404


async def test_pages_of_the_list_hold_every_job_once(client: httpx.AsyncClient, opened: Opened) -> None:
    made = [str(await opened(status=JobStatus.COMPLETED)) for _ in range(5)]
    seen: list[str] = []
    query = "?status=completed&limit=2"
    while query:
        page = (await client.get(f"/api/v1/jobs{query}")).json()
        seen += [job["job_id"] for job in page["jobs"]]
        query = f"?status=completed&limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == made[::-1]
    assert (await client.get("/api/v1/jobs?cursor=nonsense")).status_code == 422


async def test_a_list_can_be_narrowed_by_words_and_by_person(client: httpx.AsyncClient, opened: Opened) -> None:
    mine = str(await opened(user="ada", task="Review 100% of migrations"))
    await opened(user="ada", task="Review 1000 migrations")
    found = (await client.get("/api/v1/jobs", params={"q": "100%", "user_id": "ada"})).json()["jobs"]
    assert [job["job_id"] for job in found] == [mine]
    assert (await client.get("/api/v1/jobs", params={"q": "a\0b"})).status_code == 200


async def test_the_inbox_lists_open_prompts(client: httpx.AsyncClient, opened: Opened, asked: Opened) -> None:
    job = await opened()
    prompt = await asked(job)
    items = (await client.get("/api/v1/jobs/pending")).json()["items"]
    assert [(item["job_id"], item["interaction_id"], item["hitl_type"]) for item in items] == [
        (str(job), str(prompt), "clarify")
    ]
    assert (await client.get("/api/v1/jobs/pending?user_id=somebody")).json()["items"] == []


async def test_a_running_job_is_asked_to_end_once_and_an_ended_one_says_so(
    client: httpx.AsyncClient, opened: Opened, temporal: WorkflowEnvironment
) -> None:
    job = (await start(client)).json()["job_id"]
    assert (await client.post(f"/api/v1/jobs/{job}/cancel", json={"reason": "changed my mind"})).status_code == 202
    done, gone = await opened(status=JobStatus.COMPLETED), await opened(status=JobStatus.CANCELLED)
    ended = await client.post(f"/api/v1/jobs/{done}/cancel")
    assert (ended.status_code, ended.json()["code"]) == (410, "job_ended")
    assert (await client.post(f"/api/v1/jobs/{gone}/cancel")).status_code == 200


async def test_only_a_job_that_waits_on_a_problem_can_be_retried(client: httpx.AsyncClient, opened: Opened) -> None:
    response = await client.post(f"/api/v1/jobs/{await opened()}/retry")
    assert (response.status_code, response.json()["code"]) == (409, "nothing_to_retry")


async def test_a_stream_shows_what_a_model_writes_to_who_asked_for_it_and_who_looks(
    app: FastAPI, client: httpx.AsyncClient, opened: Opened
) -> None:
    parts = app.state.services
    job = await find(parts.database, parts.temporal, await opened())
    response = await follow_job(job, parts, Person("bob"), "1", None, tokens=True)
    story = response.body_iterator
    assert isinstance(story, AsyncGenerator)
    async with aclosing(story) as frames:
        assert "event: state" in str(await anext(frames))
        assert parts.hub.watching(job.job_id) == ["bob"]
        waiting = asyncio.create_task(anext(frames))
        await asyncio.sleep(0)  # it listens from here on
        parts.hub.pass_on(Look(job_id=job.job_id, label="writing", text="# Ti"))
        async with asyncio.timeout(10):
            shown = str(await waiting)
        assert "event: token" in shown and "# Ti" in shown and "id:" not in shown
