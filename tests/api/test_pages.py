"""The page in a newcomer's hands: a whole job with forms alone, no JavaScript, nothing typed lost."""

import asyncio
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from domain.job import JobStatus
from domain.prompt import HitlType, PreviewData
from store import jobs
from store.session import Database
from tests.api.conftest import Opened
from tests.support.fleet import Fleet

HTML = {"Accept": "text/html"}


class Fields(HTMLParser):
    """The names and values of a page's hidden fields and inputs, and its inline code (which must not be)."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.names: set[str] = set()
        self.inline = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("type") == "hidden":
            self.hidden[given["name"] or ""] = given["value"] or ""
        if given.get("name"):
            self.names.add(given["name"] or "")
        inline_code = tag == "style" or (tag == "script" and "src" not in given)
        self.inline += inline_code or any(name == "style" or name.startswith("on") for name in given)


async def page(client: httpx.AsyncClient, path: str) -> tuple[str, Fields]:
    response = await client.get(path, headers=HTML)
    assert response.status_code == 200, response.text
    fields = Fields(response.text)
    assert fields.inline == 0
    return response.text, fields


async def send(client: httpx.AsyncClient, path: str, fields: Fields, **given: str) -> httpx.Response:
    return await client.post(path, data={**fields.hidden, **given}, headers=HTML)


async def test_a_whole_job_can_be_done_by_hand(fleet: Fleet, client: httpx.AsyncClient, library: Path) -> None:
    _, fields = await page(client, "/")
    task = "Write release notes for the Acme CLI from merged pull requests"
    sent = await send(client, "/", fields, task_description=task, max_questions="3", category="")
    assert sent.status_code == 303
    url = sent.headers["Location"]
    job = UUID(url.rsplit("/", 1)[1])

    asked = await fleet.prompt(job, HitlType.CLARIFY)
    text, fields = await page(client, url)
    questions = [question["id"] for question in asked.prompt_data["questions"]]
    assert all(f"decide.{name}" in fields.names for name in questions)
    assert str(job) in (await page(client, "/inbox"))[0]
    answers = {f"decide.{name}": "1" for name in questions}
    assert (await send(client, f"{url}/answer", fields, action="proceed", **answers)).status_code == 303

    await fleet.prompt(job, HitlType.PREVIEW)
    text, fields = await page(client, url)
    assert 'class="skill"' in text and "Approve" in text
    empty = await send(client, f"{url}/answer", fields, action="revise")
    assert empty.status_code == 422 and "feedback" in empty.text
    wish = {"action": "revise", "feedback": "Add more examples"}
    assert (await send(client, f"{url}/answer", fields, **wish)).status_code == 303

    await revised(fleet, job)
    text, fields = await page(client, url)
    assert "What changed since revision" in text and "Add more examples" in text
    assert (await send(client, f"{url}/answer", fields, action="proceed")).status_code == 303
    await fleet.outcome(job)

    text, fields = await page(client, url)
    assert "Publish in the library" in text and "Evidence" in text
    assert (await send(client, f"{url}/promote", fields)).status_code == 303
    text, _ = await page(client, url)
    assert "It lies in the library" in text
    path = re.search(r'href="(/library/[^"]+)"', text)
    assert path is not None
    assert "how it was made" in (await page(client, path[1]))[0]


async def revised(fleet: Fleet, job: UUID) -> None:
    """Wait for the second preview."""
    async with asyncio.timeout(40):
        while True:
            if (await fleet.prompt(job, HitlType.PREVIEW)).round_number == 2:
                return
            await asyncio.sleep(0.02)


async def test_a_refused_sentence_is_still_in_the_form(client: httpx.AsyncClient) -> None:
    _, fields = await page(client, "/")
    response = await send(client, "/", fields, task_description="two <words>", notes="keep me", confirm="1")
    assert response.status_code == 422
    assert "At least 3 words" in response.text
    assert "two &lt;words&gt;" in response.text and "keep me" in response.text


async def test_a_form_sent_twice_starts_one_job(client: httpx.AsyncClient) -> None:
    _, fields = await page(client, "/")
    first = await send(client, "/", fields, task_description="Handle all user data")
    again = await send(client, "/", fields, task_description="Handle all user data")
    assert first.headers["Location"] == again.headers["Location"]


async def test_a_form_without_our_token_changes_nothing(client: httpx.AsyncClient, opened: Opened) -> None:
    job = await opened()
    for path in (
        "/",
        f"/jobs/{job}/cancel",
        f"/jobs/{job}/answer",
        f"/jobs/{job}/promote",
        f"/jobs/{job}/retry",
        "/who",
    ):
        response = await client.post(path, data={"task_description": "Handle all user data", "token": "x" * 43})
        assert response.status_code == 403, path
    assert (await client.get(f"/api/v1/jobs/{job}/status")).json()["status"] == "running"


async def test_half_an_answer_names_the_open_question_and_keeps_what_was_typed(
    client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    await asked(job)
    _, fields = await page(client, f"/jobs/{job}")
    response = await send(client, f"/jobs/{job}/answer", fields, action="proceed", **{"q.q1": "customer <records>"})
    assert response.status_code == 422
    assert "Not answered yet: Delete or anonymise?" in response.text
    assert "customer &lt;records&gt;" in response.text


async def test_a_stale_tab_is_told_who_answered(client: httpx.AsyncClient, opened: Opened, asked: Opened) -> None:
    job = await opened()
    prompt = await asked(job)
    _, fields = await page(client, f"/jobs/{job}")
    body = {"interaction_id": str(prompt), "action": "proceed", "answers": {"q1": "a", "q2": "d"}}
    await client.post(f"/api/v1/hitl/{job}/response", json=body, headers={"X-User-Id": "ada"})
    response = await send(
        client, f"/jobs/{job}/answer", fields, action="proceed", **{"decide.q1": "1", "decide.q2": "1"}
    )
    assert response.status_code == 409
    assert "ada answered" in response.text


async def test_what_a_model_wrote_cannot_run_or_phone_home(
    client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    evil = "# Hi\n<script>alert(1)</script>\n![x](https://evil.example/a.png)\n[y](javascript:alert(1))\n"
    data = PreviewData(content=evil, revision=1, digest="d", diff="-<img src=x>\n+ok", against=None)
    await asked(job, HitlType.PREVIEW, data.model_dump(mode="json"))
    text, fields = await page(client, f"/jobs/{job}")
    assert fields.inline == 0
    assert "<img" not in text and "<script>" not in text and 'href="javascript' not in text


async def test_a_small_model_is_named_and_how_to_get_a_better_one(fleet: Fleet, client: httpx.AsyncClient) -> None:
    job = await fleet.start(auto_approve=True)
    await fleet.outcome(job)
    text, _ = await page(client, f"/jobs/{job}")
    assert "stand-in" in text
    assert "small local model" not in text


async def test_the_name_in_the_cookie_is_who_asks(client: httpx.AsyncClient, opened: Opened) -> None:
    _, fields = await page(client, "/")
    assert (await send(client, "/who", fields, name="ada")).status_code == 303
    text, fields = await page(client, "/")
    assert "You are ada" in text
    await send(client, "/", fields, task_description="Handle all user data")
    theirs = await opened(user="bob")
    text, fields = await page(client, f"/jobs/{theirs}")
    assert "Cancel the job" not in text
    assert (await send(client, f"/jobs/{theirs}/cancel", fields, reason="x")).status_code == 404
    assert (await send(client, "/who", fields, name="käthe")).status_code == 422


async def test_an_unknown_job_is_a_page_that_says_so(client: httpx.AsyncClient) -> None:
    response = await client.get(f"/jobs/{uuid4()}", headers=HTML)
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")
    assert "Back to the jobs" in response.text


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.PENDING])
async def test_a_job_in_any_state_has_a_page(client: httpx.AsyncClient, opened: Opened, status: JobStatus) -> None:
    text, _ = await page(client, f"/jobs/{await opened(status=status)}")
    assert status in text


async def test_a_revision_has_a_page_with_what_it_changed(fleet: Fleet, client: httpx.AsyncClient) -> None:
    job = await fleet.start(auto_approve=True)
    await fleet.outcome(job)
    listed = (await client.get(f"/api/v1/jobs/{job}/revisions")).json()["revisions"]
    for revision in listed:
        text, _ = await page(client, f"/jobs/{job}/revisions/{revision['n']}")
        assert 'class="skill"' in text
        assert ("What changed since" in text) is (revision["n"] > 1)
    missing = await client.get(f"/jobs/{job}/revisions/{len(listed) + 1}", headers=HTML)
    assert missing.status_code == 404


async def test_a_job_that_must_be_mended_is_in_the_inbox_and_is_not_called_working(
    client: httpx.AsyncClient, opened: Opened, database: Database
) -> None:
    job = await opened()
    assert str(job) not in (await page(client, "/inbox"))[0]
    async with database.transaction() as session:
        row = await jobs.get(session, job)
        assert row is not None
        row.error, row.parked_at = "The provider refused the key (401).", datetime.now(UTC)
    assert str(job) in (await page(client, "/inbox"))[0]
    assert ">stopped<" in (await page(client, "/"))[0]
    text, _ = await page(client, f"/jobs/{job}")
    assert ">stopped<" in text and "The provider refused the key" in text


async def test_the_script_finds_every_part_it_keeps_up_to_date(client: httpx.AsyncClient, opened: Opened) -> None:
    text, _ = await page(client, f"/jobs/{await opened()}")
    parts = re.findall(r'data-part="(\w+)"', text)
    assert parts == ["head", "prompt", "publish", "skill", "record"]
    assert 'id="news"' in text and "data-events=" in text
    script = (await client.get("/static/live.js")).text
    assert "[data-part]" in script and "script[data-events]" in script
