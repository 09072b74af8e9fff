"""Live over real sockets: WebSockets tell what streams tell, tokens come only if asked for, and inboxes follow."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from activities.models import JobLedger
from api import live, stream
from api.listing import InboxWanted
from api.permissions import Person
from api.reading import find
from domain.job import JobEvent, JobStatus, PendingPage
from domain.prompt import PromptStatus
from store import jobs, prompts
from store.notifications import Look
from store.session import Database
from tests.api.conftest import NOWHERE, Opened, application
from tests.support.api_server import serving
from tests.support.sse import blocks, events, fields, parsed
from tests.support.waiting import until


@pytest.fixture
async def port(app: FastAPI, database: Database) -> AsyncIterator[int]:
    """The api at a real port, with an empty database behind it."""
    async with serving(app) as port:
        yield port


async def tell(database: Database, job: UUID, *messages: str, status: JobStatus = JobStatus.RUNNING) -> None:
    async with database.transaction() as session:
        for message in messages:
            await jobs.change(session, job, message, "phase", message, status=status)


def socket(port: int, job: object, query: str = "", **more: object) -> connect:
    return connect(f"ws://127.0.0.1:{port}/api/v1/ws/jobs/{job}?{query}", **more)  # type: ignore[arg-type]  # passed on


async def heard(connection: ClientConnection) -> list[JobEvent]:
    """Everything until the close, which must be the ordinary one."""
    found = [JobEvent.model_validate_json(text) async for text in connection]
    assert connection.close_code == 1000
    return found


async def closed(connection: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed):
        async with asyncio.timeout(10):
            await connection.recv()
    return connection.close_code


async def test_a_websocket_tells_the_same_events_as_the_stream_and_ends_when_the_job_has(
    port: int, database: Database, opened: Opened
) -> None:
    job = await opened()
    await tell(database, job, "one", "two\nlines", "ü")
    async with httpx.AsyncClient(timeout=20) as client, socket(port, job) as connection:
        streamed = asyncio.create_task(client.get(f"http://127.0.0.1:{port}/api/v1/jobs/{job}/events"))
        first = JobEvent.model_validate_json(await connection.recv())
        await tell(database, job, "the end", status=JobStatus.COMPLETED)
        story = await heard(connection)
        frames = parsed((await streamed).text)
    assert first.type == "state"
    assert story == [frame["data"] for frame in frames if frame["event"] != "state"]
    assert [event.seq for event in story] == [1, 2, 3, 4, 5]


async def test_a_websocket_goes_on_where_the_client_stands(port: int, database: Database, opened: Opened) -> None:
    job = await opened()
    await tell(database, job, "one", "two")
    await tell(database, job, "the end", status=JobStatus.CANCELLED)
    async with socket(port, job, "last_event_id=2") as connection:
        assert [event.message for event in (await heard(connection))[1:]] == ["two", "the end"]
    async with socket(port, job, additional_headers={"Last-Event-ID": "2"}) as connection:
        assert [event.message for event in (await heard(connection))[1:]] == ["two", "the end"]


@pytest.mark.parametrize(
    ("job", "query", "code"), [(uuid4(), "", 4404), ("no-id", "", 4404), (None, "last_event_id=x", 4422)]
)
async def test_what_cannot_be_followed_is_closed_with_a_code_that_says_why(
    port: int, opened: Opened, job: object, query: str, code: int
) -> None:
    async with socket(port, job or await opened(), query) as connection:
        assert await closed(connection) == code


async def test_without_a_database_a_websocket_says_to_try_again(library: Path) -> None:
    nowhere = application(NOWHERE, "127.0.0.1:1", library)
    async with serving(nowhere) as port, socket(port, uuid4()) as connection:
        assert await closed(connection) == 1013


async def test_under_a_foreign_name_there_is_no_websocket(port: int, opened: Opened) -> None:
    target = f"GET /api/v1/ws/jobs/{await opened()} HTTP/1.1\r\nHost: evil.example\r\n"
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{target}{upgrade}{key}".encode())
    assert b" 403 " in await reader.readline()
    writer.close()


@pytest.mark.parametrize("headers", [{"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_another_sites_page_gets_no_websocket(port: int, opened: Opened, headers: dict[str, str]) -> None:
    job = await opened()
    with pytest.raises(InvalidStatus, match="403"):
        async with socket(port, job, additional_headers=headers):
            pass


async def test_our_own_page_gets_one(port: int, database: Database, opened: Opened) -> None:
    job = await opened(status=JobStatus.COMPLETED)
    async with socket(port, job, additional_headers={"Origin": f"http://127.0.0.1:{port}"}) as connection:
        assert await heard(connection)


async def test_what_a_model_writes_is_seen_only_by_who_asked_and_has_no_number(
    app: FastAPI, port: int, database: Database, opened: Opened
) -> None:
    job, other = await opened(), await opened()
    ledger = JobLedger(database, job, "write")
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(socket(port, job, "tokens=true"))
        plain = await stack.enter_async_context(socket(port, job))
        stranger = await stack.enter_async_context(socket(port, other, "tokens=true"))
        for one in (connection, plain, stranger):
            assert [json.loads(await one.recv())["type"] for _ in range(2)] == ["state", "started"]
        await ledger.show("writing: rules", "Read every request")
        token = JobEvent.model_validate_json(await connection.recv())
        await tell(database, job, "the end", status=JobStatus.COMPLETED)
        await tell(database, other, "the end", status=JobStatus.COMPLETED)
        assert [event.type for event in await heard(plain)] == ["phase"]
        assert [event.type for event in await heard(stranger)] == ["phase"]
    assert (token.type, token.seq) == ("token", 1)
    assert token.data == {"label": "writing: rules", "text": "Read every request"}


async def test_tokens_in_a_stream_carry_no_id_and_only_the_last_look_at_a_call_counts(
    app: FastAPI, port: int, database: Database, opened: Opened
) -> None:
    job = await opened()
    parts = app.state.services
    known = await find(parts.database, parts.temporal, job)
    told: list[str] = []

    async def read() -> None:
        async for frame in stream.frames(parts, known, 0, heartbeat=60, tokens=True, watcher="ada"):
            told.append(frame)

    reading = asyncio.create_task(read())
    await until(lambda: len(told) == 2)
    for words in ("one", "one two", "one two three"):
        parts.hub.pass_on(Look(job_id=job, label="rules", text=words))
    parts.hub.pass_on(Look(job_id=job, label="steps", text="first"))
    await tell(database, job, "the end", status=JobStatus.COMPLETED)
    await asyncio.wait_for(reading, 10)
    tokens = [fields(frame) for frame in told if "event: token" in frame]
    assert [json.loads(token["data"])["data"]["text"] for token in tokens] == ["one two three", "first"]
    assert all("id" not in token for token in tokens)


async def test_a_stream_full_of_tokens_still_rereads_at_its_heartbeat(
    app: FastAPI, port: int, database: Database, opened: Opened
) -> None:
    job = await opened()
    parts = app.state.services
    known = await find(parts.database, parts.temporal, job)

    async def write_on() -> None:
        while True:
            parts.hub.pass_on(Look(job_id=job, label="rules", text="on and on"))
            await asyncio.sleep(0.02)

    writing = asyncio.create_task(write_on())
    async with asyncio.timeout(10):
        async for sent in stream.follow(parts, known, 1, heartbeat=0.2, tokens=True):
            if sent is None:
                break
    writing.cancel()


async def test_who_follows_a_job_is_seen_until_they_leave(
    app: FastAPI, port: int, database: Database, opened: Opened
) -> None:
    job = await opened()
    hub = app.state.services.hub
    assert hub.watching(job) == []
    async with AsyncExitStack() as stack:
        for name in ("ada", "bob", "ada"):
            connection = await stack.enter_async_context(socket(port, job, additional_headers={"X-User-Id": name}))
            await connection.recv()
        assert hub.watching(job) == ["ada", "bob"]
    await until(lambda: hub.watching(job) == [])


async def test_a_stream_over_http_shows_tokens_to_who_asked_and_who_reads_it(
    app: FastAPI, port: int, database: Database, opened: Opened
) -> None:
    job = await opened()
    hub = app.state.services.hub
    url = f"http://127.0.0.1:{port}/api/v1/jobs/{job}/events"
    async with httpx.AsyncClient(timeout=20, headers={"X-User-Id": "ada"}) as client:
        async with client.stream("GET", url, params={"tokens": "true"}) as response:
            story = events(response)
            assert [(await anext(story))["event"] for _ in range(2)] == ["state", "started"]
            assert hub.watching(job) == ["ada"]
            await JobLedger(database, job, "write").show("writing: rules", "Read")
            token = await anext(story)
            assert (token["event"], token["id"], token["data"].data["text"]) == ("token", "", "Read")
        await until(lambda: hub.watching(job) == [])


async def inbox_frame(response: AsyncIterator[str]) -> tuple[str, PendingPage]:
    async with asyncio.timeout(10):
        async for block in response:
            if found := fields(block):
                assert found["event"] == "inbox"
                return found["id"], PendingPage.model_validate_json(found["data"])
    raise AssertionError("the stream ended")


async def test_the_inbox_is_sent_whole_now_and_whenever_it_has_changed(
    port: int, database: Database, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    url = f"http://127.0.0.1:{port}/api/v1/jobs/pending/events"
    async with httpx.AsyncClient(timeout=20) as client:
        async with client.stream("GET", url) as response:
            story = blocks(response)
            assert (await inbox_frame(story))[1].items == []
            prompt = await asked(job)
            _, page = await inbox_frame(story)
            assert [item.interaction_id for item in page.items] == [prompt]
            async with socket(port, job, additional_headers={"X-User-Id": "ada"}) as connection:
                await connection.recv()
                assert (await inbox_frame(story))[1].items[0].watching == ["ada"]
            seen, page = await inbox_frame(story)
            assert page.items[0].watching == []
        async with client.stream("GET", url, headers={"Last-Event-ID": seen}) as response:
            story = blocks(response)
            assert await anext(story) == ": heartbeat", "what the client has is not sent again"
            async with database.transaction() as session:
                await prompts.close_open(session, job, PromptStatus.CANCELLED)
                await jobs.change(session, job, "closed", "cancelled", "ended", status=JobStatus.CANCELLED)
            assert (await inbox_frame(story))[1].items == []


async def test_the_inbox_stream_takes_the_filters_of_the_inbox(
    port: int, database: Database, opened: Opened, asked: Opened
) -> None:
    mine, theirs = await opened("ada"), await opened("bob")
    await asked(mine)
    await asked(theirs)
    url = f"http://127.0.0.1:{port}/api/v1/jobs/pending/events"
    async with httpx.AsyncClient(timeout=20) as client:
        for query, jobs_seen in (
            ("user_id=ada", [mine]),
            ("kind=preview", []),
            ("kind=clarify&user_id=bob", [theirs]),
            ("mine=true", [mine]),
        ):
            async with client.stream("GET", f"{url}?{query}", headers={"X-User-Id": "ada"}) as response:
                _, page = await inbox_frame(blocks(response))
                assert [item.job_id for item in page.items] == jobs_seen, query
        assert (await client.get(f"{url}?kind=nonsense")).status_code == 422
        assert (await client.get(f"{url}?user_id=%00")).status_code == 422


async def test_a_quiet_inbox_says_that_it_lives(app: FastAPI, port: int) -> None:
    frames = live.inbox_frames(app.state.services, Person(), InboxWanted(), None, heartbeat=0.05)
    assert (await anext(frames)).startswith("id: ")
    assert await anext(frames) == await anext(frames) == ": heartbeat\n\n"
    await frames.aclose()


async def test_sixty_open_streams_hold_no_connection_of_a_pool_of_two(
    app: FastAPI, port: int, database: Database, database_url: str, opened: Opened
) -> None:
    job = await opened()
    small = Database.connect(database_url, pool_size=2, max_overflow=0)
    app.state.services = replace(app.state.services, database=small)
    url = f"http://127.0.0.1:{port}/api/v1"
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(timeout=30, limits=limits) as client, AsyncExitStack() as stack:
        open_streams = [client.stream("GET", f"{url}/jobs/{job}/events?tokens=true") for _ in range(50)]
        responses = await asyncio.gather(*(stack.enter_async_context(one) for one in open_streams))
        stories = [events(response) for response in responses]
        sockets = [await stack.enter_async_context(socket(port, job)) for _ in range(10)]
        for story in stories:
            assert [(await anext(story))["event"] for _ in range(2)] == ["state", "started"]
        for one in sockets:
            assert [json.loads(await one.recv())["type"] for _ in range(2)] == ["state", "started"]

        assert small.pool_state().active == 0
        for _ in range(20):  # with a connection held by a stream, these would wait for the pool and end as 503
            (await client.get(f"{url}/jobs/{job}/status")).raise_for_status()

        await tell(database, job, "the end", status=JobStatus.COMPLETED)
        last = [await anext(story) for story in stories]
        assert {frame["data"].message for frame in last} == {"the end"}
        assert [[event.message for event in await heard(one)] for one in sockets] == [["the end"]] * 10
    await small.dispose()
