"""The inbox over HTTP: whose, of which kind, in which order, who looks at it; and jobs that a problem has stopped."""

from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from api import stream
from api.reading import find
from domain.job import JobStatus
from domain.prompt import HitlType, ValidateData
from store import groups, jobs
from store.session import Database
from store.tables import HitlInteraction, Job
from tests.api.conftest import Opened

ADA, BOB = {"X-User-Id": "ada"}, {"X-User-Id": "bob"}
REPORT = ValidateData(passed=False, score=0.5, findings=[], report="", revision=1, digest="d")


async def listed(client: httpx.AsyncClient, by: dict[str, str] = ADA, **query: str | int | bool) -> list[str]:
    response = await client.get("/api/v1/jobs/pending", params=query, headers=by)
    assert response.status_code == 200, response.text
    return [item["job_id"] for item in response.json()["items"]]


async def hand(database: Database, job: UUID, assignee: str) -> None:
    async with database.transaction() as session:
        await jobs.assign(session, job, assignee, "local")


@pytest.fixture
async def three(database: Database, opened: Opened, asked: Opened) -> list[str]:
    """Prompts of ada's job, of ada's job that is bob's to answer, and of cleo's job that reviewers shall answer."""
    made = [await opened(user="ada"), await opened(user="ada"), await opened(user="cleo")]
    for job in made:
        await asked(job)
    await hand(database, made[1], "bob")
    await hand(database, made[2], "group:reviewers")
    async with database.transaction() as session:
        await groups.set_members(session, "reviewers", ["bob"])
    return [str(job) for job in made]


async def test_mine_is_what_waits_for_me_and_for_nobody_else(client: httpx.AsyncClient, three: list[str]) -> None:
    assert await listed(client, ADA, mine=True) == three[:1]
    assert await listed(client, BOB, mine=True) == three[1:]
    assert await listed(client, {"X-User-Id": "cleo"}, mine=True) == []
    assert await listed(client, ADA) == three


async def test_the_inbox_is_narrowed_by_owner_assignee_and_kind(
    client: httpx.AsyncClient, three: list[str], opened: Opened, asked: Opened
) -> None:
    review = await opened(user="dora")
    await asked(review, HitlType.VALIDATE, REPORT)
    assert await listed(client, user_id="ada") == three[:2]
    assert await listed(client, assignee="group:reviewers") == three[2:]
    assert await listed(client, kind="validate") == [str(review)]
    assert await listed(client, kind="validate", user_id="ada") == []
    assert await listed(client, limit=2) == three[:2]
    assert (await client.get("/api/v1/jobs/pending?kind=nonsense")).status_code == 422
    assert (await client.get("/api/v1/jobs/pending?limit=0")).status_code == 422


async def test_who_has_waited_longest_comes_first_and_an_item_says_how_long(
    client: httpx.AsyncClient, database: Database, three: list[str]
) -> None:
    overdue = datetime.now(UTC) - timedelta(hours=1)
    last = UUID(three[2])
    async with database.transaction() as session:
        change = update(HitlInteraction).where(HitlInteraction.job_id == last)
        await session.execute(change.values(timeout_at=overdue, reminders=2, escalated_at=overdue))
        await session.execute(update(Job).where(Job.job_id == last).values(parked_at=overdue))
    first = (await client.get("/api/v1/jobs/pending")).json()["items"][0]
    assert (first["job_id"], first["user_id"], first["assignee"]) == (three[2], "cleo", "group:reviewers")
    assert (first["reminders"], first["watching"]) == (2, [])
    told = [datetime.fromisoformat(first[name]) for name in ("parked_at", "escalated_at", "timeout_at")]
    assert told == [overdue] * 3


async def test_who_follows_a_job_is_seen_at_its_prompt_as_long_as_the_stream_is_open(
    app: FastAPI, client: httpx.AsyncClient, three: list[str]
) -> None:
    parts = app.state.services
    job = await find(parts.database, parts.temporal, UUID(three[0]))
    async with aclosing(stream.frames(parts, job, 0, watcher="bob")) as frames:
        await anext(frames)
        items = (await client.get("/api/v1/jobs/pending")).json()["items"]
        assert [item["watching"] for item in items] == [["bob"], [], []]
        assert (await client.get(f"/api/v1/hitl/{three[0]}/prompt")).json()["watching"] == ["bob"]
    assert (await client.get("/api/v1/jobs/pending")).json()["items"][0]["watching"] == []
    assert (await client.get(f"/api/v1/hitl/{three[1]}/prompt")).json()["assignee"] == "bob"


async def stop(database: Database, job: UUID) -> None:
    async with database.transaction() as session:
        await jobs.change(session, job, "p", "problem", "m", error="The key is wrong.", parked_at=datetime.now(UTC))


async def test_jobs_that_a_problem_has_stopped_are_listed_beside_the_prompts(
    client: httpx.AsyncClient, database: Database, opened: Opened
) -> None:
    stopped, ended = await opened(user="ada"), await opened(user="ada", status=JobStatus.CANCELLED)
    for job in (stopped, ended):
        await stop(database, job)
    await hand(database, stopped, "bob")
    page = (await client.get("/api/v1/jobs/pending", params={"mine": True}, headers=BOB)).json()
    assert page["items"] == []
    [problem] = page["problems"]
    assert (problem["job_id"], problem["error"], problem["assignee"]) == (str(stopped), "The key is wrong.", "bob")
    for query in ("mine=true", "user_id=eve", "assignee=eve", "kind=clarify"):
        assert (await client.get(f"/api/v1/jobs/pending?{query}", headers=ADA)).json()["problems"] == []


async def test_a_parked_prompt_is_no_problem(
    client: httpx.AsyncClient, database: Database, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    await asked(job)
    async with database.transaction() as session:
        await jobs.change(session, job, "parked", "parked", "m", parked_at=datetime.now(UTC))
    page = (await client.get("/api/v1/jobs/pending")).json()
    assert ([item["job_id"] for item in page["items"]], page["problems"]) == ([str(job)], [])
