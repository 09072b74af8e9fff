"""No request hangs because something behind it does; streams and slow senders are left alone."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import SecretStr
from sqlalchemy import text
from temporalio.testing import WorkflowEnvironment

from api.app import build
from api.guard import Guard
from api.patience import Patience
from api.problems import install, problem_response
from settings import Settings
from store.session import Database
from tests.api.conftest import BASE, Opened, served

PATIENCE = 0.3


class Seen:
    """What became of the work behind a request."""

    def __init__(self) -> None:
        self.cancelled = asyncio.Event()
        self.ended = asyncio.Event()


async def hangs(request: Request) -> Response:
    """Never answers."""
    try:
        await asyncio.sleep(30)
    except asyncio.CancelledError:
        request.app.state.seen.cancelled.set()
        raise
    return Response("late")


async def stubborn(request: Request) -> Response:
    """Ends long after it was given up, as a driver does that waits for its server."""
    try:
        await asyncio.sleep(30)
    except asyncio.CancelledError:
        await asyncio.sleep(PATIENCE)
    request.app.state.seen.ended.set()
    return Response("late")


async def streams(request: Request) -> Response:
    """Takes longer than the bound for all of its parts."""

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b"part "
            await asyncio.sleep(PATIENCE / 2)

    return StreamingResponse(parts())


async def reads(request: Request) -> Response:
    """Answers with how much was sent."""
    return Response(str(len(await request.body())))


async def breaks(request: Request) -> Response:
    """A bug."""
    raise ZeroDivisionError


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
async def small(seen: Seen) -> AsyncIterator[httpx.AsyncClient]:
    """An application of slow routes behind the bound."""
    app = FastAPI()
    app.state.seen = seen
    for route in (hangs, stubborn, streams, reads, breaks):
        app.add_route(f"/{route.__name__}", route, methods=["GET", "POST"])
    told = install(app, lambda request, problem: problem_response(problem, ""), {})
    app.add_middleware(Patience, told=told, seconds=PATIENCE)
    app.add_middleware(Guard)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


async def test_what_hangs_is_given_up_with_a_problem_that_says_when_to_come_again(
    small: httpx.AsyncClient, seen: Seen
) -> None:
    began = time.monotonic()
    response = await small.get("/hangs")
    assert time.monotonic() - began < 5 * PATIENCE
    assert (response.status_code, response.json()["code"]) == (503, "timed_out")
    assert response.headers["Retry-After"] == "2"
    assert "doctor" in response.json()["detail"]
    assert response.json()["request_id"]
    await asyncio.wait_for(seen.cancelled.wait(), 5)


async def test_who_was_given_up_may_end_late_and_is_not_heard(small: httpx.AsyncClient, seen: Seen) -> None:
    assert (await small.get("/stubborn")).json()["code"] == "timed_out"
    await asyncio.wait_for(seen.ended.wait(), 5)


async def test_a_stream_that_has_begun_runs_on(small: httpx.AsyncClient) -> None:
    response = await small.get("/streams")
    assert (response.status_code, response.text) == (200, "part part part part ")


async def test_a_slow_sender_has_its_time(small: httpx.AsyncClient) -> None:
    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b"x"
            await asyncio.sleep(PATIENCE / 2)

    response = await small.post("/reads", content=slowly())
    assert (response.status_code, response.text) == (200, "4")


async def test_a_failure_is_told_as_ever(small: httpx.AsyncClient) -> None:
    assert (await small.get("/breaks")).json()["code"] == "failed"


async def test_a_frozen_database_hangs_nobody_and_loses_nothing(
    database: Database, database_url: str, temporal: WorkflowEnvironment, library: Path, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    prompt = await asked(job)
    body = {"interaction_id": str(prompt), "action": "proceed", "answers": {"q1": "customer records", "q2": "d"}}
    headers = {"Idempotency-Key": str(uuid4())}
    address = temporal.client.service_client.config.target_host
    settings = Settings(database_url=SecretStr(database_url), library=library)
    server = await server_of(database)
    async with served(build(settings, {"target_host": address}, patience=1.0)) as client:
        assert (await client.get(f"/api/v1/jobs/{job}/status")).status_code == 200
        with frozen(server):
            looks = client.get(f"/api/v1/jobs/{job}/status")
            answers = client.post(f"/api/v1/hitl/{job}/response", json=body, headers=headers)
            began = time.monotonic()
            both = await asyncio.gather(looks, answers)
            assert time.monotonic() - began < 4
            assert [one.json()["code"] for one in both] == ["timed_out", "timed_out"]
        again = await until_done(client, f"/api/v1/hitl/{job}/response", body, headers)
        # This job has no workflow, so its answer reaches nobody: what counts is that it stands, once.
        assert (again.status_code, again.json()["code"]) == (410, "job_ended")
        log = (await client.get(f"/api/v1/jobs/{job}/audit")).json()["entries"]
        assert [entry["outcome"] for entry in log].count("accepted") == 1


async def until_done(
    client: httpx.AsyncClient, path: str, body: Mapping[str, object], headers: dict[str, str]
) -> httpx.Response:
    """The answer, asked for again as a client does that is told to come later."""
    async with asyncio.timeout(60):
        while True:
            response = await client.post(path, json=body, headers=headers)
            if "Retry-After" not in response.headers and response.status_code != 503:
                return response
            await asyncio.sleep(0.2)


async def server_of(database: Database) -> int:
    """The process id of the PostgreSQL server, which is the parent of each connection's process."""
    async with database.transaction() as session:
        own = await session.scalar(text("SELECT pg_backend_pid()"))
    return await asyncio.to_thread(parent_of, int(own or 0))


def parent_of(pid: int) -> int:
    """The parent of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("PPid:")))


@contextmanager
def frozen(server: int) -> Iterator[None]:
    """Stop a server and all that it has started, until the block ends."""
    os.kill(server, signal.SIGSTOP)  # first, so that it starts nobody else
    stopped = [server]
    try:
        for child in map(int, Path(f"/proc/{server}/task/{server}/children").read_text().split()):
            os.kill(child, signal.SIGSTOP)
            stopped.append(child)
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
