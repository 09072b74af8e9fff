"""The page in a newcomer's hands: a whole job with forms alone, no JavaScript, nothing typed lost."""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text as sql

from api.app import build
from api.pages.job import facts as job_facts
from api.pages.job.live import STATE
from domain.answering.answers import LEGAL
from domain.job import JobStatus
from domain.prompt import HitlType, PreviewData, Question, QuestionsData
from domain.research import Hit, OpenPoint, Research
from settings import Settings
from store import jobs
from store.session import Database
from tests.api.conftest import Opened, served
from tests.api.pages.by_hand import HTML, Fields, page, send
from tests.support.fleet import Fleet
from tests.support.prompts import CASES, shown
from tests.support.rows import make_draft


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
    assert path[1].rpartition("/")[2] in (await page(client, path[1]))[0]


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


async def test_refused_options_are_named_and_kept(client: httpx.AsyncClient) -> None:
    _, fields = await page(client, "/")
    given = {"task_description": "Handle all user data", "calls": "0", "tdd_checkpoints": "1"}
    response = await send(client, "/", fields, **given)
    assert response.status_code == 422
    assert "<li>Model calls: " in response.text
    assert 'name="calls" type="number" min="1" value="0"' in response.text
    assert 'name="tdd_checkpoints" value="1" checked' in response.text


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
        f"/jobs/{job}/waive",
        f"/jobs/{job}/retry",
        f"/jobs/{job}/assign",
        f"/jobs/{job}/go-on",
        "/who",
    ):
        response = await client.post(path, data={"task_description": "Handle all user data", "token": "x" * 43})
        assert response.status_code == 403, path
    assert (await client.get(f"/api/v1/jobs/{job}/status")).json()["status"] == "running"


async def test_a_form_whose_token_is_gone_shows_what_was_typed_but_does_not_offer_to_send_it(
    client: httpx.AsyncClient, opened: Opened
) -> None:
    given = {"token": "x" * 43, "action": "revise", "feedback": "much <shorter>"}
    response = await client.post(f"/jobs/{await opened()}/answer", data=given, headers=HTML)
    assert response.status_code == 403
    assert "much &lt;shorter&gt;" in response.text and "Send it again" not in response.text


async def test_an_answer_that_meets_a_database_that_is_away_stays_on_the_page_and_can_be_sent_again(
    client: httpx.AsyncClient, cut_off: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    await asked(job, HitlType.PREVIEW, shown(HitlType.PREVIEW))
    _, fields = await page(client, f"/jobs/{job}")
    cut_off.cookies.update(client.cookies)
    given = {"action": "revise", "feedback": "shorter,\n<please>", "content": "# only shown"}
    response = await send(cut_off, f"/jobs/{job}/answer", fields, **given)
    assert response.status_code == 503 and "PostgreSQL does not answer" in response.text
    typed = response.text.partition('id="left"')[2]
    assert "What shall change" in typed and "shorter,\n&lt;please&gt;" in typed and "# only shown" not in typed
    again = Fields(response.text)
    assert again.inline == 0 and f'action="/jobs/{job}/answer"' in response.text
    # The rows of this test have no workflow behind them: the claim stands, and nobody could be told.
    assert (await send(client, f"/jobs/{job}/answer", again)).status_code == 410
    (record,) = (await client.get(f"/api/v1/jobs/{job}/interactions")).json()["interactions"]
    assert record["response_data"]["feedback"] == "shorter,\n<please>"


async def test_an_answer_that_takes_too_long_stays_on_the_page(
    client: httpx.AsyncClient,
    database: Database,
    database_url: str,
    library: Path,
    opened: Opened,
    asked: Opened,
) -> None:
    job = await opened()
    await asked(job)
    _, fields = await page(client, f"/jobs/{job}")
    settings = Settings(database_url=SecretStr(database_url), library=library)
    async with (
        served(build(settings, {"target_host": "127.0.0.1:1"}, patience=0.5)) as hasty,
        database.transaction() as session,
    ):
        await session.execute(sql("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE"))
        hasty.cookies.update(client.cookies)
        typed = {"action": "proceed", "q.q1": "customer <records>", "own.q2": "hide them"}
        response = await send(hasty, f"/jobs/{job}/answer", fields, **typed)
    assert response.status_code == 503 and "Send it again" in response.text
    assert "Idempotency-Key" not in response.text
    left = response.text.partition('id="left"')[2]
    assert "customer &lt;records&gt;" in left and "hide them" in left


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


async def test_a_stale_tab_is_told_who_answered_and_what_was_typed_there_stays_visible(
    client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    prompt = await asked(job)
    _, fields = await page(client, f"/jobs/{job}")
    body = {"interaction_id": str(prompt), "action": "proceed", "answers": {"q1": "a", "q2": "d"}}
    await client.post(f"/api/v1/hitl/{job}/response", json=body, headers={"X-User-Id": "ada"})
    typed = {"q.q1": "customer <records>", "own.q2": "hide them"}
    response = await send(client, f"/jobs/{job}/answer", fields, action="proceed", **typed)
    assert response.status_code == 409
    assert "ada answered" in response.text
    left = response.text.partition('id="left"')[2].partition("</section>")[0]
    assert "customer &lt;records&gt;" in left and "hide them" in left and "Which data?" in left


async def test_what_was_typed_for_a_closed_prompt_does_not_slip_into_the_next_one(
    client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    data = shown(HitlType.PREVIEW)
    first = await asked(job, HitlType.PREVIEW, data)
    _, fields = await page(client, f"/jobs/{job}")
    body = {"interaction_id": str(first), "action": "proceed"}
    await client.post(f"/api/v1/hitl/{job}/response", json=body, headers={"X-User-Id": "ada"})
    await asked(job, HitlType.PREVIEW, data, 2)
    response = await send(client, f"/jobs/{job}/answer", fields, action="revise", feedback="shorter <please>")
    assert response.status_code == 409
    left, _, form = response.text.partition('id="left"')[2].partition("</section>")
    assert "shorter &lt;please&gt;" in left
    assert "shorter" not in form


async def test_every_kind_of_prompt_has_a_form_that_answers_it(
    client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    questions = [Question(id="q", text="Which data?")]
    answers: dict[HitlType, dict[str, str]] = {
        HitlType.STRUCTURE_FIX: {"action": "proceed", "q.skill_name": "notes"},
        HitlType.CLARIFY: {"action": "proceed", "q.q": "all"},
        HitlType.DEEP_UNDERSTANDING: {"action": "proceed", "decide.q": "1"},
        HitlType.CONFIRM: {"action": "revise", "feedback": "shorter"},
        HitlType.TDD_RED: {"action": "edit", "content": CASES},
        HitlType.TDD_GREEN: {"action": "revise", "feedback": "shorter"},
        HitlType.TDD_REFACTOR: {"action": "proceed"},
        HitlType.PREVIEW: {"action": "edit", "content": "# By hand"},
        HitlType.VALIDATE: {"action": "waive", "reason": "known", "findings": "x"},
        HitlType.BUDGET: {"action": "raise", "q.calls": "12"},
    }
    for kind in HitlType:
        job = await opened()
        await asked(job, kind, shown(kind, questions=questions, codes=["x"]))
        text, fields = await page(client, f"/jobs/{job}")
        given = answers[kind]
        assert set(given) <= fields.names, kind
        for action in LEGAL[kind]:
            assert f'name="action" value="{action}"' in text or action == "cancel", (kind, action)
        response = await send(client, f"/jobs/{job}/answer", fields, **given)
        # The rows of this test have no workflow behind them: the claim stands, and nobody could be told.
        assert response.status_code == 410, (kind, response.text)
        (record,) = (await client.get(f"/api/v1/jobs/{job}/interactions")).json()["interactions"]
        assert record["response_data"]["action"] == given["action"], kind


async def test_finishing_with_a_spent_budget_says_what_becomes_of_the_job(
    client: httpx.AsyncClient, opened: Opened, asked: Opened, database: Database
) -> None:
    job = await opened()
    await asked(job, HitlType.BUDGET, shown(HitlType.BUDGET))
    assert "because nothing is written yet" in (await page(client, f"/jobs/{job}"))[0]
    await make_draft(database, job)
    assert "checked by the rules alone" in (await page(client, f"/jobs/{job}"))[0]


async def test_a_prompt_shows_what_it_is_about(client: httpx.AsyncClient, opened: Opened, asked: Opened) -> None:
    says: dict[HitlType, list[str]] = {
        HitlType.STRUCTURE_FIX: ["The name has capital letters", "Release Notes", "<strong>release-notes</strong>"],
        HitlType.TDD_RED: [
            "names the version",
            "v[0-9]+",
            "failed",
            "for brevity",
            "○ skill written",
            "fits the pattern",
            "- id: first",
        ],
        HitlType.TDD_GREEN: ["names the version", "name: release-notes"],
        HitlType.BUDGET: ["5 of 5 model calls", "900", "0.25", "Raise the limit", "Finish with what is there"],
    }
    for kind, texts in says.items():
        job = await opened()
        await asked(job, kind, shown(kind))
        text, _ = await page(client, f"/jobs/{job}")
        assert [part for part in texts if part not in text] == [], kind


async def test_a_round_of_questions_shows_what_is_near_and_what_is_open_as_text(
    client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    hit = Hit(name="data/user-data", text="Handles <b>user</b> data.", near=True)
    data = QuestionsData(
        questions=[Question(id="q1", text="Which data?")],
        unknown=[OpenPoint(point="Who reads it?", changes="It decides <i>much</i>.")],
        research=[Research(query="user data", where="library", hits=[hit, Hit(name="data/other")])],
    )
    job = await opened()
    await asked(job, HitlType.CLARIFY, data=data)
    text, _ = await page(client, f"/jobs/{job}")
    assert "data/user-data" in text and "Handles &lt;b&gt;user&lt;/b&gt; data." in text
    assert "Who reads it?" in text and "It decides &lt;i&gt;much&lt;/i&gt;." in text
    assert "data/other" not in text


async def test_a_draft_fills_the_form(client: httpx.AsyncClient, opened: Opened, asked: Opened) -> None:
    job = await opened()
    await asked(job, HitlType.VALIDATE, shown(HitlType.VALIDATE, codes=["x"]))
    draft = {"feedback": "mind the <links>", "reason": "known since May", "content": "# Half done"}
    assert (await client.patch(f"/api/v1/hitl/{job}/draft", json=draft)).status_code == 200
    text, _ = await page(client, f"/jobs/{job}")
    assert "mind the &lt;links&gt;" in text and "known since May" in text and "# Half done" in text


async def test_a_refused_name_is_shown_beside_its_field_and_kept(
    client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    await asked(job, HitlType.STRUCTURE_FIX, shown(HitlType.STRUCTURE_FIX))
    _, fields = await page(client, f"/jobs/{job}")
    response = await send(client, f"/jobs/{job}/answer", fields, action="proceed", **{"q.skill_name": "Bad Name"})
    assert response.status_code == 422
    assert "Bad Name</textarea>" in response.text
    assert 'id="wrong-answers.skill_name"' in response.text and "capital letters" in response.text


async def test_a_parked_prompt_says_so_and_can_be_asked_again(
    client: httpx.AsyncClient, opened: Opened, asked: Opened, database: Database
) -> None:
    job = await opened()
    await asked(job)
    text, fields = await page(client, f"/jobs/{job}")
    assert "parked and nobody is reminded" not in text
    early = await send(client, f"/jobs/{job}/reopen", fields)
    assert early.status_code == 409 and "No prompt of this job is parked" in early.text
    async with database.transaction() as session:
        row = await jobs.get(session, job)
        assert row is not None
        row.parked_at, row.assignee = datetime.now(UTC), "group:reviewers"
    text, _ = await page(client, f"/jobs/{job}")
    assert "parked and nobody is reminded" in text and "Ask again" in text
    assert "Assigned to reviewers (a group)" in text
    inbox, _ = await page(client, "/inbox")
    assert "parked" in inbox and "reviewers (a group)" in inbox


async def test_the_inbox_shows_only_mine_when_asked(client: httpx.AsyncClient, opened: Opened, asked: Opened) -> None:
    mine, theirs = await opened(task="Handle my data"), await opened(user="bob", task="Handle his data")
    await asked(mine)
    await asked(theirs)
    everybody, _ = await page(client, "/inbox")
    assert "my data" in everybody and "his data" in everybody
    only, _ = await page(client, "/inbox?mine=true")
    assert "my data" in only and "his data" not in only
    client.cookies.set("skill_fleet_user", "carol")
    assert "Nothing waits for you." in (await page(client, "/inbox?mine=true"))[0]


async def test_who_looks_at_a_prompt_is_told_to_others_only(
    app: FastAPI, client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    await asked(job)
    with app.state.services.hub.subscribed(job, watcher="ada"):
        assert "Looking at it now: ada." in (await page(client, f"/jobs/{job}"))[0]
        assert "looked at by ada" in (await page(client, "/inbox"))[0]
        client.cookies.set("skill_fleet_user", "ada")
        assert "Looking at it now" not in (await page(client, f"/jobs/{job}"))[0]
        assert "looked at by" not in (await page(client, "/inbox"))[0]


async def test_what_a_model_wrote_cannot_run_or_phone_home(
    client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    evil = "# Hi\n<script>alert(1)</script>\n![x](https://evil.example/a.png)\n[y](javascript:alert(1))\n"
    data = PreviewData(content=evil, revision=1, digest="d", diff="-<img src=x>\n+ok", against=None)
    await asked(job, HitlType.PREVIEW, data.model_dump(mode="json"))
    text, fields = await page(client, f"/jobs/{job}")
    assert fields.inline == 0
    text = text.partition("<main")[2]
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
        text, _ = await page(client, f"/jobs/{job}/revisions/{revision['n']}?show=diff")
        assert "Compared with" in text and ("<ins>" in text or revision["n"] > 1)
    assert len(listed) > 1 and '<option value="1"' in text
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
    inbox, _ = await page(client, "/inbox")
    assert str(job) in inbox and "The provider refused the key" in inbox and "local, stopped" in inbox
    assert ">stopped<" in (await page(client, "/"))[0]
    text, _ = await page(client, f"/jobs/{job}")
    assert ">stopped<" in text and "The provider refused the key" in text


async def test_the_page_has_every_part_that_the_stream_keeps_up_to_date_also_while_it_is_empty(
    client: httpx.AsyncClient, opened: Opened
) -> None:
    text, fields = await page(client, f"/jobs/{await opened()}")
    for name in ("live", "connection", "prompt", "writing", "events", *STATE):
        assert text.count(f'id="{name}"') == 1, name
    assert fields.inline == 0 and "job.js" in text


async def test_the_log_has_its_last_lines_and_says_where_all_of_them_are(
    client: httpx.AsyncClient, database: Database, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_facts, "MOST_LINES", 3)
    job = await opened()
    async with database.transaction() as session:
        for n in range(5):
            await jobs.change(session, job, f"step:{n}", "phase", f"step <{n}>")
    text, _ = await page(client, f"/jobs/{job}")
    assert re.findall(r'id="event-(\d+)"', text) == ["4", "5", "6"]
    assert "step &lt;4&gt;" in text and "The last 3 of 6 lines" in text


async def test_a_page_without_scripts_looks_again_by_itself_but_never_over_an_open_form(
    client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    again = '<noscript><meta http-equiv="refresh"'
    assert again in (await page(client, f"/jobs/{job}"))[0]
    await asked(job)
    text, _ = await page(client, f"/jobs/{job}")
    assert again not in text and "<title>● " in text


async def test_every_control_of_every_prompt_has_a_label(
    client: httpx.AsyncClient, opened: Opened, asked: Opened
) -> None:
    options = [{"id": "d", "label": "Delete"}]
    given = [
        Question(id=kind, text=kind, type=kind, options=options) for kind in ("text", "single", "multi", "boolean")
    ]
    for kind in HitlType:
        job = await opened()
        await asked(job, kind, shown(kind, questions=given, codes=["x"]))
        text = (await page(client, f"/jobs/{job}"))[0].partition('id="prompt"')[2].partition("</section>")[0]
        labelled = set(re.findall(r'<label for="([^"]+)"', text))
        controls = re.findall(r"<(?:textarea|input)\b[^>]*>", text)
        loose = [
            one for one in controls if 'type="' not in one and re.findall(r'\bid="([^"]+)"', one)[0] not in labelled
        ]
        assert loose == [], kind
        inside = re.findall(r'<label class="tick"><input type="(?:radio|checkbox)"', text)
        assert len(inside) == len(re.findall(r'type="(?:radio|checkbox)"', text)), kind
