"""The inbox as a page: due first, told in plain words, alive, and counted in the header of every page."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text as sql

from api.pages.inbox import due_in
from domain.prompt import HitlType
from store import jobs
from store.session import Database
from tests.api.conftest import Opened
from tests.api.pages.by_hand import page
from tests.support.api_server import serving
from tests.support.sse import blocks
from tests.support.waiting import until


@pytest.fixture
async def line(app: FastAPI, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """The application at a real port, whose streams come as they are written."""
    async with serving(app) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as line:
        yield line


async def set_due(database: Database, interaction_id: UUID, due: timedelta | None, **more: object) -> None:
    """When a prompt is due, from now, and what else is known of it."""
    given = {"timeout_at": datetime.now(UTC) + due if due is not None else None, **more}
    columns = ", ".join(f"{name} = :{name}" for name in given)
    async with database.transaction() as session:
        query = sql(f"UPDATE hitl_interactions SET {columns} WHERE interaction_id = :id")
        await session.execute(query, {**given, "id": interaction_id})


async def stop(database: Database, job: UUID, error: str) -> None:
    """A problem stops the job."""
    async with database.transaction() as session:
        row = await jobs.get(session, job)
        assert row is not None
        row.error, row.parked_at = error, datetime.now(UTC)


def shown(text: str) -> list[UUID]:
    """The prompts that are listed, in their order."""
    return [UUID(found) for found in re.findall(r'<tr id="prompt-([^"]+)"', text)]


async def test_what_is_due_first_stands_first_with_how_it_stands(
    client: httpx.AsyncClient, database: Database, opened: Opened, asked: Opened
) -> None:
    later, soon, over = [await asked(await opened(task=f"Handle <i>data</i> {n}")) for n in range(3)]
    await set_due(database, later, timedelta(days=6, hours=23), reminders=1)
    await set_due(database, soon, timedelta(minutes=5), reminders=2)
    await set_due(database, over, timedelta(days=-3), escalated_at=datetime.now(UTC))
    text, fields = await page(client, "/inbox")
    assert shown(text) == [over, soon, later]
    assert fields.inline == 0 and "<i>" not in text
    for told in ("overdue for 3 days", "in less than an hour", "in 7 days", "reminded 1 time<", "reminded 2 times"):
        assert told in text, told
    assert "the owner was told" in text and text.count("asks for answers") == 3


async def test_what_was_put_aside_says_so_and_leads_to_its_question(
    client: httpx.AsyncClient, database: Database, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    await asked(job)
    async with database.transaction() as session:
        row = await jobs.get(session, job)
        assert row is not None
        row.parked_at = datetime.now(UTC)
    text, _ = await page(client, "/inbox")
    assert "parked" in text and "still open" in text and "overdue" not in text
    assert f'href="/jobs/{job}#prompt"' in text


async def test_the_inbox_is_narrowed_to_what_is_mine_and_to_a_kind(
    client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    mine = await asked(await opened())
    theirs = await asked(await opened(user="ada"), HitlType.VALIDATE, {"findings": []})
    for query, found in (
        ("", {mine, theirs}),
        ("?mine=true", {mine}),
        ("?mine=&kind=", {mine, theirs}),
        ("?kind=validate", {theirs}),
        ("?mine=true&kind=validate", set()),
        ("?kind=nonsense", {mine, theirs}),
    ):
        text, _ = await page(client, f"/inbox{query}")
        assert {*shown(text)} == found, query
        live = re.search(r'hx-sse:connect="([^"]*)"', text)
        assert live is not None and ("kind=validate" in live[1]) is ("kind=validate" in query)
    assert "Nothing like that waits" in (await page(client, "/inbox?mine=true&kind=validate"))[0]
    client.cookies.set("skill_fleet_user", "eve")
    assert "Nothing waits for you" in (await page(client, "/inbox?mine=true"))[0]


async def test_a_stopped_job_says_what_mends_it_without_requests_to_send(
    client: httpx.AsyncClient, database: Database, opened: Opened
) -> None:
    job = await opened(task="Handle <b>data</b>")
    await stop(database, job, "The provider refused the key <401>. Set a valid one. Then: POST /api/v1/jobs/7/retry.")
    text, _ = await page(client, "/inbox")
    assert "refused the key &lt;401&gt;. Set a valid one." in text and "POST" not in text and "<b>data" not in text
    assert "try again" in text and f'href="/jobs/{job}"' in text
    assert "No question is open" in text


async def test_the_header_counts_what_waits_for_me_and_says_nothing_of_nothing(
    client: httpx.AsyncClient, database: Database, opened: Opened, asked: Opened
) -> None:
    assert (await client.get("/inbox/count")).text.strip() == ""
    await asked(await opened(user="ada"))
    assert (await client.get("/inbox/count")).text.strip() == ""
    await asked(await opened())
    await stop(database, await opened(), "A bill is open.")
    counted = await client.get("/inbox/count")
    assert ">2<" in counted.text and "wait for you" in counted.text and "<html" not in counted.text
    assert counted.headers["Cache-Control"] == "no-store"
    text, _ = await page(client, "/library")
    assert 'hx-get="/inbox/count"' in text
    text, _ = await page(client, "/inbox")
    header = text.partition("</header>")[0]
    assert ">2<" in header and 'hx-get="/inbox/count"' not in header, "told at once, then by the stream of the page"


async def test_the_stream_tells_list_and_count_and_resumes_where_the_browser_stands(
    line: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    async with asyncio.timeout(20), line.stream("GET", "/inbox/live") as response:
        frames = blocks(response)
        first = await anext(frames)
        assert 'hx-target="#waiting"' in first and 'hx-target="#inbox-count"' in first
        assert "event:" not in first, "htmx would raise an event instead of putting the parts in their places"
        assert "No question is open" in first
        prompt = await asked(job)
        news = await anext(frames)
        assert str(prompt) in news and ">1<" in news
    state = news.partition("\n")[0].removeprefix("id: ")
    async with (
        asyncio.timeout(20),
        line.stream("GET", "/inbox/live", headers={"Last-Event-ID": state}) as response,
    ):
        frames = blocks(response)
        assert await anext(frames) == ": heartbeat", "what the browser has is not sent again"
        more = await asked(await opened())
        assert str(more) in await anext(frames)


async def test_a_stream_holds_nothing_of_the_database_while_it_waits(
    app: FastAPI, line: httpx.AsyncClient, opened: Opened
) -> None:
    async with asyncio.timeout(20), line.stream("GET", "/inbox/live") as response:
        frames = blocks(response)
        await anext(frames)
        pool = app.state.services.database.engine.pool
        # What runs beside requests takes a connection now and then; a stream that held one would never give it back.
        await until(lambda: pool.checkedout() == 0)


async def test_reading_changes_nothing(
    client: httpx.AsyncClient, database: Database, opened: Opened, asked: Opened
) -> None:
    await asked(await opened())
    before = await rows(database)
    for path in ("/", "/?q=x", "/inbox", "/inbox?mine=true", "/inbox/count"):
        await client.get(path)
        await client.head(path)
    assert await rows(database) == before


async def rows(database: Database) -> list[int]:
    """How many rows there are of what a page could change."""
    tables = ("jobs", "job_events", "hitl_interactions", "hitl_drafts", "hitl_answers", "uploads")
    async with database.transaction() as session:
        return [await session.scalar(sql(f"SELECT count(*) FROM {table}")) or 0 for table in tables]


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (None, "no time limit"),
        (timedelta(minutes=59), "in less than an hour"),
        (timedelta(minutes=61), "in 1 hour"),
        (timedelta(hours=30), "in 30 hours"),
        (timedelta(days=2), "in 2 days"),
        (timedelta(0), "overdue for less than an hour"),
        (timedelta(days=-400), "overdue for 400 days"),
    ],
)
def test_how_long_there_is_to_answer(left: timedelta | None, words: str) -> None:
    assert due_in(left) == words
