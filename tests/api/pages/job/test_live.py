"""A job's page as it changes: every line once, only what changed, and never somebody's open form."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from api.dependencies import Services
from api.pages.job import live as job_live
from api.pages.job.facts import JobFacts, facts_of
from api.pages.job.live import ASKED, PACE, STATE
from api.reading import KnownJob
from api.stream import message
from domain.job import JobStatus, Phase
from domain.prompt import HitlType
from store import jobs, prompts
from store.notifications import tell_tokens
from store.session import Database
from tests.api.conftest import Opened
from tests.support.api_server import serving
from tests.support.prompts import shown
from tests.support.rows import make_draft
from tests.support.screen import HTML, Screen, part

HOSTILE = '<script>alert(1)</script>\r\n<hx-partial hx-target="#job">x</hx-partial>\u2028&amp; data: x'


@pytest.fixture
async def here(app: FastAPI, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A browser at the api behind a real port, with an empty database behind it."""
    async with serving(app) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        yield client


async def tell(
    database: Database, job: UUID, *words: str, status: JobStatus = JobStatus.RUNNING, error: str | None = None
) -> None:
    """Events of a job, one for each word."""
    async with database.transaction() as session:
        for word in words:
            key = str(uuid4())
            phase = Phase.GENERATION
            await jobs.change(session, job, key, "phase", word, status=status, error=error, current_phase=phase)


def reached(lines: int) -> Callable[[Screen], bool]:
    return lambda screen: len(screen.lines) >= lines


def as_name(name: str) -> dict[str, str]:
    return {"Cookie": f"skill_fleet_user={name}"}


async def answered(client: httpx.AsyncClient, job: UUID, prompt: UUID, by: str) -> None:
    body = {"interaction_id": str(prompt), "action": "proceed", "answers": {"q1": "all", "q2": "d"}}
    # The rows of these tests have no workflow behind them: the claim stands, and nobody could be told (410).
    await client.post(f"/api/v1/hitl/{job}/response", json=body, headers={"X-User-Id": by})


async def test_every_event_is_one_line_of_the_log_however_often_the_page_is_cut_off(
    here: httpx.AsyncClient, database: Database, opened: Opened
) -> None:
    job = await opened()
    screen = await Screen.open(here, job)
    assert screen.lines == [1]
    for cut in range(3):
        await tell(database, job, *[f"{cut}.{n}" for n in range(4)])
        await screen.until(here, reached(2 + 4 * cut))  # cut off within the four
        await tell(database, job, "while it was away")
    await tell(database, job, "the end", status=JobStatus.CANCELLED)
    await screen.to_the_end(here)
    assert screen.lines == [*range(1, 18)]
    assert [int(number) for number in screen.ids] == sorted({int(number) for number in screen.ids})
    assert screen.ids[-1] == "17"


async def test_many_events_at_once_come_in_one_message_whose_id_is_the_last(
    here: httpx.AsyncClient, database: Database, opened: Opened
) -> None:
    job = await opened()
    screen = await Screen.open(here, job)
    await tell(database, job, *map(str, range(20)))
    await screen.until(here, lambda screen: bool(screen.ids))
    assert screen.ids == ["21"] and screen.lines == [*range(1, 22)]
    assert len(screen.parts["head"]) == 1


async def test_what_is_sent_is_what_the_whole_page_shows(
    here: httpx.AsyncClient, database: Database, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    screen = await Screen.open(here, job)
    await make_draft(database, job)
    await asked(job, HitlType.PREVIEW, shown(HitlType.PREVIEW))
    await tell(database, job, "and on")
    await screen.until(here, lambda screen: "prompt" in screen.parts)
    whole = (await here.get(f"/jobs/{job}", headers=HTML)).text
    compared = [name for name in ("prompt", *STATE) if name in screen.parts]
    assert {"prompt", "head", "record", "skill"} <= {*compared}
    for name in compared:
        assert part(screen.last(name), name) == part(whole, name), name
    for name in (*STATE, *ASKED, "prompt", "left", "writing", "log", "events"):
        assert whole.count(f'id="{name}"') == 1, name
    assert [line for line in screen.parts["events"][-1].splitlines() if line not in whole] == []


async def test_an_open_prompt_is_not_sent_again_for_what_is_none_of_its_business(
    here: httpx.AsyncClient, database: Database, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    prompt = await asked(job)
    screen = await Screen.open(here, job)
    assert str(prompt) in screen.live
    await tell(database, job, "a reminder")
    await screen.until(here, lambda screen: 3 in screen.lines)
    assert str(prompt) in screen.parts.pop("prompt")[0], "what was missed may have been another prompt"
    async with screen.connected(here) as messages:
        await tell(database, job, "another one")
        async for _ in messages:
            if 4 in screen.lines:
                break
        screen.parts.pop("prompt", None)  # it is sent once to a page that connects again
        await tell(database, job, "and one")
        async for _ in messages:
            if 5 in screen.lines:
                break
    assert "prompt" not in screen.parts and "head" in screen.parts


async def test_a_page_that_connects_again_hears_that_its_prompt_is_closed(
    here: httpx.AsyncClient, database: Database, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    screen = await Screen.open(here, job)
    assert "prompt=" not in screen.live
    prompt = await asked(job)
    await tell(database, job, "asked")
    await screen.until(here, lambda screen: "prompt" in screen.parts)
    assert str(prompt) in screen.last("prompt")
    await answered(here, job, prompt, "ada")
    await tell(database, job, "answered")
    await screen.until(here, lambda screen: len(screen.parts["prompt"]) > 1)
    assert str(prompt) not in screen.last("prompt")


async def test_a_part_that_did_not_change_is_not_sent_again(
    here: httpx.AsyncClient, database: Database, opened: Opened
) -> None:
    job = await opened()
    await make_draft(database, job)
    screen = await Screen.open(here, job)
    async with screen.connected(here) as messages:
        for word in ("one", "two"):
            await tell(database, job, word)
            async for _ in messages:
                if word in screen.last("events"):
                    break
    assert "one" in screen.parts["head"][0] and "two" in screen.parts["head"][-1]
    assert "skill" not in screen.parts and "revisions" not in screen.parts


async def test_who_is_slower_is_told_who_answered_and_still_has_what_was_typed(
    here: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    prompt = await asked(job)
    draft = {"answers": {"q1": "customer <records>"}}
    await here.patch(f"/api/v1/hitl/{job}/draft", json=draft, headers={"X-User-Id": "bob"})
    here.headers.update(as_name("bob"))
    screen = await Screen.open(here, job)
    async with screen.connected(here) as messages:
        async for _ in messages:  # the first tells who looks
            break
        await answered(here, job, prompt, "ada")
        async with asyncio.timeout(20):
            async for _ in messages:
                if "prompt" in screen.parts:
                    break
    assert "hidden" in part(screen.last("prompt"), "prompt").partition(">")[0]
    left = screen.last("left")
    assert "ada chose “" in left and "ada answered first</h2>" in left and 'role="status"' in left
    assert "customer &lt;records&gt;" in left
    assert part(left, "left") == part((await here.get(f"/jobs/{job}", headers=HTML)).text, "left")
    here.headers.update(as_name("carol"))
    theirs = part((await here.get(f"/jobs/{job}", headers=HTML)).text, "left")
    assert "ada chose" in theirs and "customer" not in theirs


async def test_reviewers_see_each_other_come_and_go(here: httpx.AsyncClient, opened: Opened) -> None:
    job = await opened()
    ada = await Screen.open(here, job)
    bob = Screen(f'hx-sse:connect="{ada.live}"')
    async with asyncio.timeout(20), ada.connected(here) as messages:
        here.headers.update(as_name("bob <b>"))
        async with bob.connected(here) as theirs:
            async for _ in theirs:
                if "local" in bob.last("watching"):
                    break
            async for _ in messages:
                if "bob &lt;b&gt;" in ada.last("watching"):
                    break
        async for _ in messages:
            if "bob" not in ada.last("watching"):
                break
    assert "bob" not in bob.last("watching")  # nobody is told of themselves


async def test_what_a_model_writes_is_shown_as_text_and_cleared_when_the_step_is_over(
    here: httpx.AsyncClient, database: Database, opened: Opened
) -> None:
    job = await opened()
    screen = await Screen.open(here, job)
    async with asyncio.timeout(20), screen.connected(here) as messages:
        async for _ in messages:
            break
        async with database.transaction() as session:
            await tell_tokens(session, job, "writing <Steps>", HOSTILE)
        async for _ in messages:
            if "writing" in screen.parts:
                break
        before = screen.at
        assert "<script>" not in screen.last("writing") and "&lt;script&gt;alert(1)" in screen.last("writing")
        assert "Writing &lt;Steps&gt;" in screen.last("writing")
        await tell(database, job, "written")
        async for _ in messages:
            if "hidden" in screen.last("writing").partition(">")[0]:
                break
    assert (before, screen.at) == (None, "2")


async def test_hostile_words_are_text_wherever_they_come(
    here: httpx.AsyncClient, database: Database, opened: Opened
) -> None:
    job = await opened(task=f"Handle all {HOSTILE}")
    screen = await Screen.open(here, job)
    await tell(database, job, HOSTILE)
    await tell(database, job, "end", status=JobStatus.FAILED, error=HOSTILE)
    await screen.to_the_end(here)
    assert screen.lines == [1, 2, 3]
    for sent in screen.parts.values():
        assert "<script" not in "".join(sent) and "<hx-partial" not in "".join(sent)
    assert "&lt;hx-partial" in screen.last("head")


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb\rc", "a\u2028b\x0bc", "", "data: x\n\nid: 9"])
def test_a_message_is_read_as_it_was_written(text: str) -> None:
    written = message(text, 7)
    assert written.endswith("\n\n") and written.startswith("id: 7\n")
    lines = written.removeprefix("id: 7\n").removesuffix("\n\n").split("\n")
    assert all(line.startswith("data: ") for line in lines)
    assert "\n".join(line.removeprefix("data: ") for line in lines) == text.replace("\r\n", "\n").replace("\r", "\n")


async def test_a_job_that_ended_is_told_at_once_that_nothing_more_comes(
    here: httpx.AsyncClient, database: Database, opened: Opened
) -> None:
    job = await opened()
    screen = await Screen.open(here, job)
    await tell(database, job, "over", status=JobStatus.CANCELLED)
    await screen.to_the_end(here)
    await screen.to_the_end(here)  # a page that comes back late
    assert screen.lines == [1, 2]
    assert (await Screen.open(here, job)).live == ""


async def test_a_completed_job_is_followed_until_it_is_published(
    here: httpx.AsyncClient, database: Database, opened: Opened
) -> None:
    job = await opened()
    await make_draft(database, job)
    await tell(database, job, "over", status=JobStatus.COMPLETED)
    screen = await Screen.open(here, job)
    assert screen.live
    async with screen.connected(here) as messages:
        async for _ in messages:
            break
        assert "publish" not in screen.parts
        async with database.transaction() as session:
            await jobs.change(
                session, job, "p", "promotion_completed", "published", promoted=True, final_path="writing/notes"
            )
        async with asyncio.timeout(20):
            async for _ in messages:
                pass
    assert screen.ended and "writing/notes" in screen.last("publish")
    assert screen.lines == [1, 2, 3]


async def test_a_stream_ends_for_who_may_not_see_the_job_and_for_no_job(here: httpx.AsyncClient) -> None:
    assert (await here.get(f"/jobs/{uuid4()}/live", headers=HTML)).status_code == 404


async def test_a_place_in_the_story_that_is_none_is_refused(here: httpx.AsyncClient, opened: Opened) -> None:
    address = f"/jobs/{await opened()}/live"
    for headers in ({"Last-Event-ID": "x"}, {}):
        response = await here.get(address, params={"after": "y"}, headers={**HTML, **headers})
        assert response.status_code == 422


async def test_fifty_pages_hold_no_connection_of_a_small_pool(
    app: FastAPI, here: httpx.AsyncClient, database: Database, database_url: str, opened: Opened
) -> None:
    job = await opened()
    small = Database.connect(database_url, pool_size=5, max_overflow=0)
    app.state.services = replace(app.state.services, database=small)
    limits = httpx.Limits(max_connections=60)
    async with (
        httpx.AsyncClient(base_url=here.base_url, timeout=60, limits=limits) as client,
        AsyncExitStack() as pages,
    ):
        first = await Screen.open(client, job)
        screens = [Screen(f'hx-sse:connect="{first.live}"') for _ in range(50)]
        streams = [await pages.enter_async_context(screen.connected(client)) for screen in screens]
        assert small.pool_state().active <= 5
        await tell(database, job, "the end", status=JobStatus.CANCELLED)

        async def to_the_end(stream: AsyncIterator[str]) -> None:
            async for _ in stream:
                pass

        async with asyncio.timeout(60):
            await asyncio.gather(*map(to_the_end, streams))
        assert all(screen.ended and screen.lines == [2] for screen in screens)
        assert small.pool_state().active == 0
    await small.dispose()


async def test_parked_is_told_without_touching_the_form(
    here: httpx.AsyncClient, database: Database, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    await asked(job)
    screen = await Screen.open(here, job)
    async with database.transaction() as session:
        row = await prompts.open_of(session, job)
        assert row is not None
        await jobs.change(session, job, "parked", "parked", "nobody has answered", parked_at=row.created_at)
    await screen.until(here, lambda screen: "prompt" in screen.parts)  # the page takes these lines of it, not the form
    assert "parked and nobody is reminded" in part(screen.last("prompt"), "due")


async def test_a_busy_job_is_drawn_at_most_so_often_and_every_line_comes(
    here: httpx.AsyncClient, database: Database, opened: Opened
) -> None:
    job = await opened()
    screen = await Screen.open(here, job)
    began = time.monotonic()
    async with asyncio.TaskGroup() as together:
        together.create_task(screen.until(here, reached(31)))
        for n in range(30):
            await tell(database, job, f"{n}")
    took = time.monotonic() - began
    assert screen.lines == [*range(1, 32)]
    assert 1 <= len(screen.parts["head"]) <= took / PACE + 2  # the first at once, the last when it is time again


async def test_pages_that_follow_one_job_share_what_is_read_for_them(
    here: httpx.AsyncClient, database: Database, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = 0

    async def counted(parts: Services, job: KnownJob, *, log: bool) -> JobFacts:
        nonlocal readings
        readings += 1
        return await facts_of(parts, job, log=log)

    monkeypatch.setattr(job_live, "facts_of", counted)
    job = await opened()
    screens = [await Screen.open(here, job) for _ in range(12)]
    async with AsyncExitStack() as open_pages, asyncio.timeout(30):
        told = [await open_pages.enter_async_context(screen.connected(here)) for screen in screens]
        await asyncio.gather(*(anext(messages) for messages in told))  # each is told who looks: all are connected
        readings = 0
        await tell(database, job, "one event")
        for screen, messages in zip(screens, told, strict=True):
            while "one event" not in screen.last("head"):
                await anext(messages)
    assert 1 <= readings <= 6, "twelve pages read for themselves"
