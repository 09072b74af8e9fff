"""A stream that is cut anywhere goes on exactly where it was: no event lost, none told twice, whatever was killed."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from temporalio.testing import WorkflowEnvironment
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from domain.job import JobEvent, JobStatus
from store import events, jobs
from store.session import Database
from tests.api.conftest import Opened
from tests.support.api_server import ApiProcess, serving
from tests.support.sse import Frame
from tests.support.sse import events as told
from tests.support.waiting import until

STEPS = 12


@pytest.fixture
async def process(
    database: Database, database_url: str, temporal: WorkflowEnvironment, library: Path
) -> AsyncIterator[ApiProcess]:
    """The api as a process of its own."""
    process = ApiProcess(
        {
            "SKILL_FLEET_DATABASE_URL": database_url,
            "SKILL_FLEET_LIBRARY": str(library),
            "TEMPORAL_ADDRESS": temporal.client.service_client.config.target_host,
        }
    )
    await process.start()
    yield process
    await process.kill()


async def step(database: Database, job: UUID, n: int, status: JobStatus = JobStatus.RUNNING) -> None:
    async with database.transaction() as session:
        await jobs.change(session, job, f"step:{n}", "phase", f"step {n}", status=status)


async def recorded(database: Database, job: UUID) -> list[JobEvent]:
    async with database.transaction() as session:
        return await events.since(session, job, 0)


class Reader:
    """A client as browsers are: it remembers the last id and sends it when it comes back."""

    def __init__(self, port: int, job: UUID) -> None:
        self.url = f"http://127.0.0.1:{port}/api/v1/jobs/{job}/events"
        self.last = ""
        self.story: list[JobEvent] = []

    async def read(self, until: int | None = None) -> bool:
        """Read until `until` events are known, then cut the connection; True when the server ended the stream."""
        headers = {"Last-Event-ID": self.last} if self.last else {}
        async with (
            httpx.AsyncClient(timeout=20) as client,
            client.stream("GET", self.url, headers=headers) as response,
            aclosing(self._kept(response)) as frames,
        ):
            async for _ in frames:
                if until is not None and len(self.story) >= until:
                    return False
        return True

    async def _kept(self, response: httpx.Response) -> AsyncGenerator[Frame, None]:
        async for frame in told(response):
            self.last = frame["id"]
            if frame["event"] != "state":
                self.story.append(frame["data"])
            yield frame


async def test_a_stream_cut_after_any_event_goes_on_with_the_next(
    app: FastAPI, database: Database, opened: Opened
) -> None:
    job = await opened()
    for n in range(STEPS):
        await step(database, job, n)
    await step(database, job, STEPS, JobStatus.COMPLETED)
    whole = await recorded(database, job)
    async with serving(app) as port:
        for cut in range(len(whole)):
            reader = Reader(port, job)
            await reader.read(until=cut)
            assert await reader.read()
            assert reader.story == whole, f"cut after {cut}"


async def test_a_stream_cut_at_every_event_while_the_job_goes_on_tells_each_once(
    app: FastAPI, database: Database, opened: Opened
) -> None:
    job = await opened()
    async with serving(app) as port:
        reader = Reader(port, job)
        for n in range(STEPS):
            await asyncio.gather(reader.read(until=n + 1), step(database, job, n))
        await step(database, job, STEPS, JobStatus.FAILED)
        assert await reader.read()
    assert reader.story == await recorded(database, job)


async def test_it_ends_at_a_final_state_and_at_no_other(app: FastAPI, database: Database, opened: Opened) -> None:
    job = await opened()
    waiting = [status for status in JobStatus if not status.final]
    async with serving(app) as port:
        reader = Reader(port, job)
        reading = asyncio.create_task(reader.read())
        for n, status in enumerate(waiting):
            await step(database, job, n, status)
        await until(lambda: len(reader.story) == len(waiting) + 1)
        assert not reading.done()
        await step(database, job, 99, JobStatus.CANCELLED)
        assert await asyncio.wait_for(reading, 10)
    assert reader.story == await recorded(database, job)


async def test_an_api_killed_again_and_again_loses_no_event_and_tells_none_twice(
    process: ApiProcess, database: Database, opened: Opened
) -> None:
    job = await opened()
    reader = Reader(process.port, job)
    await step(database, job, 0)
    for n in range(1, 4):
        reading = asyncio.create_task(reader.read())
        written = len(await recorded(database, job))
        await until(lambda: len(reader.story) == written)  # noqa: B023 - awaited here
        await process.kill()
        with pytest.raises(httpx.TransportError):
            await reading
        await step(database, job, n * 10)  # while nobody listens
        await process.start()
    await step(database, job, 99, JobStatus.COMPLETED)
    assert await reader.read()
    assert reader.story == await recorded(database, job)


async def test_a_websocket_comes_back_after_the_api_was_killed(
    process: ApiProcess, database: Database, opened: Opened
) -> None:
    job = await opened()
    url = f"ws://127.0.0.1:{process.port}/api/v1/ws/jobs/{job}"
    story: list[JobEvent] = []
    with pytest.raises(ConnectionClosed):
        async with connect(url) as connection:
            story += [JobEvent.model_validate_json(await connection.recv()) for _ in range(2)]
            await process.kill()
            await connection.recv()
    await step(database, job, 1)
    await step(database, job, 2, JobStatus.COMPLETED)
    await process.start()
    async with connect(f"{url}?last_event_id={story[-1].seq}") as connection:
        story += [JobEvent.model_validate_json(text) async for text in connection]
        assert connection.close_code == 1000
    assert [event for event in story if event.type != "state"] == await recorded(database, job)
