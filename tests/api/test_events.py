"""The live stream over HTTP: replayable, without gaps, and holding nothing while it waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError

from api import stream
from api.reading import find
from domain.job import JobEvent, JobStatus
from store import events, jobs
from store.session import Database, Session
from tests.api.conftest import Opened
from tests.support.sse import Frame, parsed


async def ended_job(database: Database, opened: Opened) -> UUID:
    job = await opened()
    async with database.transaction() as session:
        for n in range(3):
            await jobs.change(session, job, f"step:{n}", "phase", f"step {n}\nnext line")
        await jobs.change(session, job, "end", "completed", "done", status=JobStatus.COMPLETED)
    return job


async def test_a_new_client_gets_the_present_state_and_then_the_whole_story(
    client: httpx.AsyncClient, database: Database, opened: Opened
) -> None:
    job = await ended_job(database, opened)
    response = await client.get(f"/api/v1/jobs/{job}/events")
    assert response.headers["content-type"].startswith("text/event-stream")
    first, *rest = parsed(response.text)
    assert (first["event"], first["id"], first["data"].seq, first["data"].status) == ("state", "0", 5, "completed")
    assert [frame["id"] for frame in rest] == ["1", "2", "3", "4", "5"]
    assert [frame["event"] for frame in rest] == ["started", "phase", "phase", "phase", "completed"]


async def test_a_client_that_comes_back_gets_what_it_missed_by_header_or_address(
    client: httpx.AsyncClient, database: Database, opened: Opened
) -> None:
    job = await ended_job(database, opened)
    url = f"/api/v1/jobs/{job}/events"
    by_header = parsed((await client.get(url, headers={"Last-Event-ID": "3"})).text)
    by_address = parsed((await client.get(url, params={"last_event_id": "3"})).text)
    assert by_header == by_address
    assert [frame["id"] for frame in by_header] == ["3", "4", "5"]
    assert (await client.get(url, headers={"Last-Event-ID": "x"})).status_code == 422


async def test_a_promotion_is_told_after_the_end(client: httpx.AsyncClient, database: Database, opened: Opened) -> None:
    job = await ended_job(database, opened)
    async with database.transaction() as session:
        await jobs.change(session, job, "promoted", "promotion_completed", "published", promoted=True)
    frames = parsed((await client.get(f"/api/v1/jobs/{job}/events", headers={"Last-Event-ID": "5"})).text)
    assert [frame["event"] for frame in frames] == ["state", "promotion_completed"]


async def read(frames: AsyncIterator[str]) -> Frame:
    async with asyncio.timeout(10):
        while True:
            found = parsed(await anext(frames))
            if found:
                return found[0]


async def test_an_open_stream_hears_of_an_event_at_once_and_holds_no_connection(
    app: FastAPI, client: httpx.AsyncClient, database: Database, opened: Opened
) -> None:
    job = await opened()
    parts = app.state.services
    known = await find(parts.database, parts.temporal, job)
    async with aclosing(stream.frames(parts, known, 1, heartbeat=60)) as frames:
        assert (await read(frames))["event"] == "state"
        waiting = asyncio.create_task(read(frames))
        await until_idle(parts.database)
        async with database.transaction() as session:
            await jobs.change(session, job, "one", "phase", "on it goes")
        assert (await waiting)["data"].message == "on it goes"


async def until_idle(database: Database) -> None:
    """The stream waits: no connection of the pool is in use."""
    async with asyncio.timeout(10):
        while True:
            state = database.pool_state()
            if state.idle and not state.active:
                return
            await asyncio.sleep(0.01)


async def test_who_looks_is_told_to_who_asked_and_to_nobody_else(
    app: FastAPI, client: httpx.AsyncClient, opened: Opened
) -> None:
    job = await opened()
    parts = app.state.services
    known = await find(parts.database, parts.temporal, job)
    asked = stream.frames(parts, known, 1, heartbeat=60, presence=True, watcher="ada")
    other = stream.frames(parts, known, 1, heartbeat=0.01, watcher="bob")
    async with aclosing(asked) as told, aclosing(other) as untold:
        assert (await read(told))["event"] == "state"
        assert (await read(told))["data"].data == {"watching": ["ada"]}
        assert (await read(untold))["event"] == "state"
        frame = await read(told)
        assert (frame["event"], frame["id"], frame["data"].data) == ("watching", "", {"watching": ["ada", "bob"]})
        assert await anext(untold) == ": heartbeat\n\n"
        await untold.aclose()
        assert (await read(told))["data"].data == {"watching": ["ada"]}


async def test_a_quiet_stream_says_that_it_lives_and_rereads_without_any_hint(
    app: FastAPI, client: httpx.AsyncClient, opened: Opened
) -> None:
    job = await opened()
    parts = app.state.services
    known = await find(parts.database, parts.temporal, job)
    async with aclosing(stream.frames(parts, known, 1, heartbeat=0.01)) as frames:
        await read(frames)
        assert await anext(frames) == ": heartbeat\n\n"


async def test_a_stream_outlives_a_database_that_is_away_for_a_moment(
    app: FastAPI, client: httpx.AsyncClient, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await opened()
    parts = app.state.services
    known = await find(parts.database, parts.temporal, job)
    read_events, failures = events.since, [OperationalError("read", {}, OSError("the server went away"))]

    async def failing_once(session: Session, job_id: UUID, seq: int) -> list[JobEvent]:
        if failures:
            raise failures.pop()
        return await read_events(session, job_id, seq)

    monkeypatch.setattr(events, "since", failing_once)
    async with aclosing(stream.frames(parts, known, 0, heartbeat=0.01)) as frames:
        assert (await read(frames))["event"] == "state"
        assert await anext(frames) == ": heartbeat\n\n"
        assert (await read(frames))["event"] == "started"


async def test_a_job_without_a_row_can_be_followed_from_its_first_moment(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    started = await client.post("/api/v1/skills", json={"task_description": "Handle all user data"})
    parts = app.state.services
    known = await find(parts.database, parts.temporal, UUID(started.json()["job_id"]))
    async with aclosing(stream.frames(parts, known, 0, heartbeat=0.01)) as frames:
        first = await read(frames)
        assert (first["data"].seq, first["data"].status) == (0, "pending")
        assert await anext(frames) == ": heartbeat\n\n"
