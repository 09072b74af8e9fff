"""The api lives while its database or Temporal does not: clear problems, nothing hangs, nothing is lost."""

import time
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from domain.job import JobStatus
from store.session import Database
from tests.api.conftest import Opened, application, served

TASK = {"task_description": "Handle all user data"}


@pytest.mark.parametrize(
    "path",
    ["/jobs", "/jobs/pending", f"/jobs/{UUID(int=7)}", f"/hitl/{UUID(int=7)}/prompt", "/skills", "/taxonomy/xml"],
)
async def test_a_database_that_is_down_is_said_at_once(cut_off: httpx.AsyncClient, path: str) -> None:
    began = time.monotonic()
    response = await cut_off.get(f"/api/v1{path}")
    assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
    assert "skill-fleet" in response.json()["detail"]
    assert time.monotonic() - began < 5


async def test_temporal_that_is_down_refuses_a_start_and_says_what_to_do(cut_off: httpx.AsyncClient) -> None:
    response = await cut_off.post("/api/v1/skills", json=TASK)
    assert (response.status_code, response.json()["code"]) == (503, "temporal_unavailable")
    assert "skill-fleet up" in response.json()["detail"]


async def test_a_job_without_a_row_is_unknown_not_missing_while_temporal_is_down(
    database_url: str, database: Database, library: Path, opened: Opened
) -> None:
    known = await opened(status=JobStatus.RUNNING)
    async with served(application(database_url, "127.0.0.1:1", library)) as client:
        assert (await client.get(f"/api/v1/jobs/{uuid4()}")).json()["code"] == "temporal_unavailable"
        assert (await client.get(f"/api/v1/jobs/{known}")).status_code == 200
        assert (await client.get("/api/v1/jobs")).status_code == 200
        cancel = await client.post(f"/api/v1/jobs/{known}/cancel", json={"reason": "x"})
        assert (cancel.status_code, cancel.json()["code"]) == (503, "temporal_unavailable")


async def test_a_person_gets_a_page_that_says_what_is_down(cut_off: httpx.AsyncClient) -> None:
    response = await cut_off.get("/", headers={"Accept": "text/html"})
    assert response.status_code == 503
    assert "PostgreSQL does not answer" in response.text


async def test_the_process_lives_and_readiness_names_each_missing_part(cut_off: httpx.AsyncClient) -> None:
    assert (await cut_off.get("/api/v1/health/live")).json() == {"status": "ok"}
    ready = await cut_off.get("/api/v1/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (503, "degraded")
    failing = {name for name, check in ready.json()["checks"].items() if not check["ok"]}
    assert {"database", "temporal", "workers"} <= failing
    assert all(check["fix"] for check in ready.json()["checks"].values() if not check["ok"])


async def test_a_failure_nobody_foresaw_is_a_problem_too(cut_off: httpx.AsyncClient, library: Path) -> None:
    (library / "taxonomy.yaml").mkdir()
    (library / "taxonomy.yaml").rmdir()
    (library / "taxonomy.yaml").write_bytes(b"\xff\xfe\x00")
    response = await cut_off.post("/api/v1/skills", json={**TASK, "options": {"category": "data"}})
    assert (response.status_code, response.json()["code"]) == (500, "library_broken")
