"""`GET /analytics/work` over HTTP: its windows, what it tells of jobs that ran, and of a database that is away."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from domain.job import JobStatus
from domain.prompt import HitlType
from store import calls
from store.session import Database
from tests.api.conftest import Opened
from tests.support.rows import a_call

WORK = "/api/v1/analytics/work"


async def test_what_happened_adds_up(
    client: httpx.AsyncClient, database: Database, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    await asked(job, HitlType.CLARIFY)
    await opened(status=JobStatus.COMPLETED)
    async with database.transaction() as session:
        await calls.keep(session, job, a_call(input_tokens=5, output_tokens=7))
    found = (await client.get(WORK, headers={"X-User-Id": "anybody"})).json()
    assert (found["step"], len(found["jobs"]), found["jobs"][-1]["started"]) == ("day", 31, 2)
    assert {status for status, jobs in found["by_status"].items() if jobs} == {"pending_hitl", "completed"}
    assert [(one["kind"], one["n"], one["open"]) for one in found["waits"]] == [("clarify", 0, 1)]
    assert (found["spend"]["calls"], found["spend"]["usd"], found["spend"]["unpriced"]) == (1, None, 1)
    assert found["spend_by_model"][0]["model"] == "openai/a"
    assert found["pass_rates"] == {"measured": 0, "cases": 0, "without": None, "with": None, "delta": None}


async def test_sums_name_no_job_and_no_person(client: httpx.AsyncClient, opened: Opened) -> None:
    job = await opened(user="ada", task="Handle secret-project data")
    told = (await client.get(WORK)).text
    assert [word for word in (str(job), "ada", "secret-project") if word in told] == []


@pytest.mark.parametrize(("days", "step", "points"), [(7, "day", 8), (90, "week", 14)])
async def test_a_long_window_is_told_by_weeks(client: httpx.AsyncClient, days: int, step: str, points: int) -> None:
    until = datetime(2026, 6, 30, 12, tzinfo=UTC)
    window = {"since": (until - timedelta(days=days)).isoformat(), "until": until.isoformat()}
    found = (await client.get(WORK, params=window)).json()
    assert (found["step"], len(found["jobs"])) == (step, points)


@pytest.mark.parametrize(
    "query", ["since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z", "since=2020-01-01T00:00:00Z", "since=x"]
)
async def test_a_window_that_is_none_is_refused(client: httpx.AsyncClient, query: str) -> None:
    refused = await client.get(f"{WORK}?{query}")
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["since"])


async def test_while_the_database_is_away_it_says_so(cut_off: httpx.AsyncClient) -> None:
    away = await cut_off.get(WORK)
    assert away.status_code == 503
    assert "PostgreSQL does not answer" in away.json()["detail"]
    page = await cut_off.get("/analytics", headers={"Accept": "text/html"})
    assert page.status_code == 503
    assert "PostgreSQL does not answer" in page.text
