"""The list of jobs: narrowed, a page at a time, and alive without losing a place; reading it changes nothing."""

import asyncio
import re
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from api.pages.home import jobs as home_jobs
from domain.job import JobStatus
from domain.prompt import HitlType
from store import jobs
from store.session import Database
from tests.api.conftest import Opened
from tests.api.pages.by_hand import HTML, page
from tests.support.api_server import serving
from tests.support.sse import blocks


def shown(text: str) -> list[UUID]:
    """The jobs of a list, in its order."""
    return [UUID(found) for found in re.findall(r'<tr id="job-([^"]+)"', text)]


@pytest.fixture
async def line(app: FastAPI, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """The application at a real port, whose streams come as they are written."""
    async with serving(app) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as line:
        yield line


async def first_of(line: httpx.AsyncClient, path: str, **headers: str) -> str:
    """The first block of a stream."""
    async with asyncio.timeout(20), line.stream("GET", path, headers=headers) as response:
        return await anext(blocks(response))


async def test_jobs_are_listed_newest_first_with_what_they_need(
    client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    first, second = await opened(task="Handle <b>user</b> data"), await opened(user="ada", status=JobStatus.FAILED)
    await asked(first, HitlType.BUDGET, {"spent": {}, "limit": {"calls": 1}, "left_out": []})
    text, fields = await page(client, "/")
    assert shown(text) == [second, first]
    assert fields.inline == 0 and "<b>user" not in text and "Handle &lt;b&gt;user" in text
    assert "a higher budget" in text and 'data-name="By">ada<' in text
    assert 'class="status failed"' in text and 'class="status pending_hitl"' in text


async def test_the_list_is_narrowed_by_state_and_words_and_keeps_what_was_asked(
    client: httpx.AsyncClient, opened: Opened
) -> None:
    mails = await opened(task="Answer 100% of mails")
    notes = await opened(task='Write "notes"', status=JobStatus.COMPLETED)
    for query, jobs_found in (
        ("q=mails", [mails]),
        ("q=100%25", [mails]),
        ("q=%25", [mails]),
        ("status=completed", [notes]),
        ("status=completed&q=mails", []),
        ("status=&q=", [notes, mails]),
        ("status=nothing&q=%00", [notes, mails]),
    ):
        assert shown((await page(client, f"/?{query}"))[0]) == jobs_found, query
    text, _ = await page(client, '/?status=completed&q="x')
    assert 'value="completed" selected' in text and 'value="&#34;x"' in text
    assert "No job is like that" in text and 'href="/#list"' in text


async def test_older_jobs_are_a_page_further_until_there_are_no_more(
    client: httpx.AsyncClient, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home_jobs, "SHOWN_JOBS", 2)
    made = [await opened(task=f"Handle user data {n}") for n in range(5)]
    await opened(task="Other words entirely")
    seen: list[UUID] = []
    path = "/?q=user"
    for _ in range(3):
        text, _ = await page(client, path)
        seen += shown(text)
        older = re.search(r'href="([^"]+)#list" rel="next"', text)
        path = older[1].replace("&amp;", "&") if older else ""
        assert ("hx-sse:connect" in text) is (len(seen) == 2), "only the newest page follows what happens"
    assert (seen, path) == (made[::-1], "")


async def test_a_cursor_that_is_none_is_a_problem_and_no_fault(client: httpx.AsyncClient) -> None:
    for cursor in ("x", "é", "MjAyNg=="):
        assert (await client.get("/", params={"cursor": cursor}, headers=HTML)).status_code == 422, cursor


async def test_a_list_without_jobs_says_how_to_begin(client: httpx.AsyncClient) -> None:
    assert "No jobs yet" in (await page(client, "/"))[0]


async def test_the_list_follows_what_happens_and_a_browser_that_comes_back_gets_only_news(
    line: httpx.AsyncClient, opened: Opened, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home_jobs, "PAUSE", 0.0)
    job = await opened(task="Handle\u2028user <data>")
    async with asyncio.timeout(20), line.stream("GET", "/live") as response:
        frames = blocks(response)
        first = await anext(frames)
        assert first.startswith("id: ") and 'data: <hx-partial hx-target="#jobs" hx-swap="outerMorph">' in first
        assert str(job) in first and "&lt;data&gt;" in first and "event:" not in first
        async with database.transaction() as session:
            await jobs.change(session, job, "end", "ended", "over", status=JobStatus.CANCELLED)
        news = await anext(frames)
        assert "status cancelled" in news
    state = news.partition("\n")[0].removeprefix("id: ")
    assert await first_of(line, "/live", **{"Last-Event-ID": state}) == ": heartbeat"


async def test_a_stream_shows_only_what_was_asked_for(line: httpx.AsyncClient, opened: Opened) -> None:
    running, over = await opened(), await opened(status=JobStatus.FAILED)
    first = await first_of(line, "/live?status=failed")
    assert str(over) in first and str(running) not in first


async def test_without_a_database_a_stream_is_a_problem(cut_off: httpx.AsyncClient) -> None:
    for path in ("/live", "/inbox/live", "/inbox/count"):
        assert (await cut_off.get(path)).status_code == 503, path
