"""What operators read: readiness with every part there, the pool, and the documentation of the api."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from api.app import own_hosts
from api.health import colour_of
from store.pool import PoolState
from tests.support.fleet import Fleet

ROOT = Path(__file__).resolve().parents[2]


async def test_with_every_part_there_it_is_ready(fleet: Fleet, client: httpx.AsyncClient) -> None:
    ready = await client.get("/api/v1/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "ok"), ready.text
    checks = ready.json()["checks"]
    assert set(checks) == {"database", "migrations", "connections", "temporal", "workers", "workflows", "library"}
    job = await fleet.start(auto_approve=True)
    await fleet.outcome(job)
    checks = (await client.get("/api/v1/health/ready")).json()["checks"]
    assert "stand-in" in checks["model"]["detail"]


async def test_the_pool_is_shown(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/jobs")).status_code == 200
    health = (await client.get("/api/v1/health/db")).json()
    assert (health["status"], health["size"], health["overflow"], health["limit"]) == ("green", 20, 0, 50)
    assert 0 < health["checkout_p50"] <= health["checkout_p99"]


@pytest.mark.parametrize(("active", "colour"), [(0, "green"), (25, "green"), (26, "yellow"), (50, "red")])
def test_the_pool_turns_red_when_it_is_exhausted(active: int, colour: str) -> None:
    assert colour_of(PoolState(size=20, active=active, idle=0, overflow=0, limit=50)) == colour


async def test_every_route_is_documented(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert all(operation["summary"] and operation["description"] for operation in operations)
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    start = document["paths"]["/api/v1/skills"]["post"]
    assert "application/json" in start["requestBody"]["content"]
    assert "Handle" in json.dumps(document) or "handling" in json.dumps(document)


def test_only_the_host_people_were_told_is_ours_besides_loopback() -> None:
    assert own_hosts("https://fleet.example:8443/x") == {"fleet.example"}
    assert own_hosts(None) == frozenset()


def test_without_a_database_url_it_says_which_setting_is_missing() -> None:
    environment = {"PATH": os.defpath, "HOME": os.environ.get("HOME", "/")}
    code = "from api.app import create; create()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "SKILL_FLEET_DATABASE_URL" in done.stderr
