"""What Prometheus scrapes: how the work stands and who answers, also while something is down or used up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from api import metrics
from domain.job import JobStatus
from store.session import Database
from store.tables import Notification
from tests.api.conftest import Opened, application, served
from tests.support.fleet import Fleet
from tests.support.waiting import until

Numbers = dict[tuple[str, tuple[str, ...]], float]


async def scrape(client: httpx.AsyncClient) -> Numbers:
    """Every number of a scrape by name and values of labels."""
    response = await client.get("/metrics")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


async def test_it_counts_jobs_by_status(client: httpx.AsyncClient, opened: Opened) -> None:
    await opened(status=JobStatus.FAILED)
    numbers = await scrape(client)
    assert {status: numbers["skill_fleet_jobs", (status,)] for status in JobStatus} == {
        status: float(status is JobStatus.FAILED) for status in JobStatus
    }


async def test_notifications_that_wait_and_those_given_up_are_counted_apart(
    client: httpx.AsyncClient, database: Database, opened: Opened
) -> None:
    job, now = await opened(), datetime.now(UTC)
    async with database.transaction() as session:
        session.add_all(
            Notification(
                notification_id=uuid4(),
                job_id=job,
                attempts=1,
                type="job.failed",
                payload={},
                next_attempt_at=due,
                delivered_at=delivered,
            )
            for due, delivered in ((now, None), (None, None), (None, None), (None, now))
        )
    numbers = await scrape(client)
    assert numbers["skill_fleet_notifications", ("waiting",)] == 1
    assert numbers["skill_fleet_notifications", ("given_up",)] == 2


async def test_pollers_are_counted_by_queue_and_failing_workflows_at_all(
    fleet: Fleet, client: httpx.AsyncClient
) -> None:
    await fleet.outcome(await fleet.start(auto_approve=True, max_questions=0))
    numbers = await scrape(client)
    assert all(numbers["skill_fleet_pollers", (queue,)] > 0 for queue in ("workflows", "models", "library"))
    assert numbers["skill_fleet_workflow_task_failures", ()] == 0
    assert numbers["skill_fleet_up", ("temporal",)] == numbers["skill_fleet_up", ("database",)] == 1


async def test_parts_that_are_away_are_told_and_their_numbers_left_out(cut_off: httpx.AsyncClient) -> None:
    numbers = await scrape(cut_off)
    assert numbers["skill_fleet_up", ("temporal",)] == numbers["skill_fleet_up", ("database",)] == 0
    assert numbers["skill_fleet_db_connections_limit", ()] == 50
    told = {name for name, _ in numbers}
    assert not told & {"skill_fleet_jobs", "skill_fleet_pollers", "skill_fleet_workflow_task_failures"}


@asynccontextmanager
async def used_up(database: Database) -> AsyncIterator["asyncio.Task[None]"]:
    """Every connection of this pool is held, and one request waits in line for the next."""
    async with AsyncExitStack() as holding:
        for _ in range(database.pool_state().limit):
            session = await holding.enter_async_context(database.transaction())
            await session.execute(text("SELECT 1"))
        waiting = asyncio.create_task(database.ping())
        await asyncio.sleep(0)
        yield waiting
        assert not waiting.done()
    await waiting


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "WITHIN", 0.2)


async def test_an_exhausted_pool_turns_red_and_is_scraped_all_the_same(
    app: FastAPI, client: httpx.AsyncClient, impatient: None
) -> None:
    database: Database = app.state.services.database
    async with used_up(database):
        red = await client.get("/api/v1/health/db")
        numbers = await scrape(client)
    assert red.status_code == 503
    health = red.json()
    assert (health["status"], health["active"], health["overflow"], health["limit"]) == ("red", 50, 30, 50)
    assert numbers["skill_fleet_db_connections_active", ()] == numbers["skill_fleet_db_connections_limit", ()] == 50
    assert numbers["skill_fleet_db_connections_overflow", ()] == 30
    assert numbers["skill_fleet_up", ("database",)] == 0
    await until(lambda: database.pool_state().active == 0)
    green = (await client.get("/api/v1/health/db")).json()
    assert (green["status"], green["idle"]) == ("green", 20)


async def test_above_half_it_is_yellow(app: FastAPI, client: httpx.AsyncClient) -> None:
    async with AsyncExitStack() as holding:
        for _ in range(26):
            await holding.enter_async_context(app.state.services.database.transaction())
        response = await client.get("/api/v1/health/db")
    assert (response.status_code, response.json()["status"]) == (200, "yellow")


async def test_the_health_of_the_pool_needs_no_database(library: Path) -> None:
    async with served(application("postgresql://nobody:x@127.0.0.1:1/none", "127.0.0.1:1", library)) as client:
        health = (await client.get("/api/v1/health/db")).json()
    assert (health["status"], health["active"], health["limit"]) == ("green", 0, 50)
