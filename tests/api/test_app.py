"""The api as a process of its own: it starts before its database and Temporal, and its log lines are JSON."""

import asyncio
import json
import os
import sys
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from api.app import build
from deploy.ports import pick
from settings import Settings

ROOT = Path(__file__).resolve().parents[2]


async def test_it_starts_alone_and_logs_each_request_as_a_json_line(tmp_path: Path) -> None:
    port = pick(None, set())
    environment = {
        "PATH": os.defpath,
        "SKILL_FLEET_DATABASE_URL": "postgresql://nobody:hunter2@127.0.0.1:1/none",
        "SKILL_FLEET_LIBRARY": str(tmp_path),
        "TEMPORAL_ADDRESS": "127.0.0.1:1",
        "TEMPORAL_CONFIG_FILE": "/dev/null",
    }
    command = [sys.executable, "-m", "uvicorn", "api.app:create", "--factory", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            await alive(client)
            answer = await client.get("/api/v1/jobs", headers={"X-Request-Id": "look-for-me"})
            live = await client.get(f"/jobs/{'0' * 8}", headers={"Accept": "text/html"})
    finally:
        process.terminate()
        out, err = await process.communicate()
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert live.status_code == 404
    lines = [json.loads(line) for line in err.decode().splitlines() if line.startswith("{")]
    [told] = [line for line in lines if line["event"] == "request" and line["request_id"] == "look-for-me"]
    assert (told["status"], told["path"], told["level"]) == (503, "/api/v1/jobs", "info")
    assert b"hunter2" not in out + err


def test_a_webhook_that_cannot_be_used_stops_the_start_and_says_why(tmp_path: Path) -> None:
    settings = Settings(
        database_url=SecretStr("postgresql://nobody@127.0.0.1:1/none"),
        library=tmp_path,
        webhook_url="https://example.com/hook",
    )
    with pytest.raises(SystemExit, match="WEBHOOK_SECRET"):
        build(settings, {})


async def alive(client: httpx.AsyncClient) -> None:
    """Wait until it listens."""
    async with asyncio.timeout(30):
        while True:
            try:
                if (await client.get("/api/v1/health/live")).status_code == 200:
                    return
            except httpx.ConnectError:
                await asyncio.sleep(0.05)
