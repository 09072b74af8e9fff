"""The first page: a job from a sentence with its options and files; what is refused is told, and nothing is lost."""

import asyncio
import re
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import func, select
from temporalio.testing import WorkflowEnvironment

from api import receiving, starting
from api.app import build
from api.errors import TimedOut
from api.pages.home import start_form
from domain.job import StartJob
from settings import Settings
from store.session import Database
from store.usage_tables import Upload, UploadChunk
from tests.api.conftest import served
from tests.api.pages.by_hand import HTML, Fields, page, send
from tests.support.api_server import serving

TASK = "Handle all user data"
TEXT = ("notes.md", b"# Notes\n", "text/markdown")
PICTURE = ("cat.png", b"\x89PNG", "image/png")

File = tuple[str, bytes, str]


async def attach(client: httpx.AsyncClient, fields: Fields, *files: File, **given: str | list[str]) -> httpx.Response:
    """Send the form with files, as a browser does."""
    data = {**fields.hidden, "task_description": TASK, **given}
    return await client.post("/", data=data, files=[("files", file) for file in files], headers=HTML)


async def kept(database: Database) -> tuple[int, int]:
    """Files that were taken in, and their pieces."""
    async with database.transaction() as session:
        rows = await session.scalar(select(func.count()).select_from(Upload))
        chunks = await session.scalar(select(func.count()).select_from(UploadChunk))
        return rows or 0, chunks or 0


async def started(temporal: WorkflowEnvironment, response: httpx.Response) -> StartJob:
    """What the job that the answer leads to was started with."""
    assert response.status_code == 303, response.text
    job = response.headers["Location"].rpartition("/")[2]
    history = await temporal.client.get_workflow_handle(f"create-skill:{job}").fetch_history()
    [payload] = history.events[0].workflow_execution_started_event_attributes.input.payloads
    return StartJob.model_validate_json(payload.data)


def attached(text: str) -> list[str]:
    """The ids of the files that the form shows as attached and ticked."""
    return re.findall(r'name="source" value="([^"]+)" checked', text)


async def test_every_option_reaches_the_job(client: httpx.AsyncClient, temporal: WorkflowEnvironment) -> None:
    _, fields = await page(client, "/")
    given = {
        **{"notes": "GDPR\r\nand more", "category": "development", "style": "minimal", "max_questions": "1"},
        **{"max_rounds": "2", "days": "14", "calls": "70", "tokens": "9000", "usd": "2,50"},
        **{name: "1" for name in start_form.BOXES},
    }
    assert {*given} <= fields.names
    job = await started(temporal, await send(client, "/", fields, task_description=TASK, **given))
    told = job.options.model_dump(mode="json", include={*starting.StartOptions.model_fields})
    assert {name: told[name] for name in start_form.BOXES} == dict.fromkeys(start_form.BOXES, True)
    assert (told["category"], told["style"], told["max_questions"], told["max_rounds"]) == (
        "development",
        "minimal",
        1,
        2,
    )
    assert (told["hitl_timeout"], told["budget"]) == ("P14D", {"calls": 70, "tokens": 9000, "usd": 2.5})
    assert [(one.name, one.content) for one in job.sources] == [("notes.md", "GDPR\nand more")]


async def test_an_untouched_form_leaves_every_option_as_it_is_by_default(
    client: httpx.AsyncClient, temporal: WorkflowEnvironment
) -> None:
    _, fields = await page(client, "/")
    job = await started(temporal, await send(client, "/", fields, task_description=TASK))
    assert job.options == StartJob(job_id=job.job_id, user_id="local", task_description=TASK).options


async def test_a_refused_option_is_told_at_its_field_in_plain_words_and_kept(client: httpx.AsyncClient) -> None:
    _, fields = await page(client, "/")
    given = {"days": "1.5", "max_rounds": "99", "usd": "-1", "tokens": "many", "one_at_a_time": "1", "style": "minimal"}
    response = await send(client, "/", fields, task_description=TASK, **given)
    assert response.status_code == 422
    assert '<a href="#days">A whole number from 1 to 365.</a>' in response.text
    for name, value in (("days", "1.5"), ("max_rounds", "99"), ("usd", "-1"), ("tokens", "many")):
        drawn = re.search(rf'<input id="{name}"[^>]*>', response.text)
        assert drawn is not None and f'value="{value}"' in drawn[0] and 'aria-invalid="true"' in drawn[0], name
        assert f'id="{name}-wrong"' in response.text
    assert 'name="one_at_a_time" value="1" checked' in response.text
    assert 'value="minimal" selected' in response.text
    assert '<details id="options" open>' in response.text


async def test_files_become_sources_of_the_job_in_their_order(
    client: httpx.AsyncClient, temporal: WorkflowEnvironment, database: Database
) -> None:
    _, fields = await page(client, "/")
    files = (TEXT, ("a/b\\api.ts", b"export {}\n", "video/mp2t"), ("../../etc/passwd.csv", b"a,b\n", "text/csv"))
    job = await started(temporal, await attach(client, fields, *files, notes="hint"))
    assert [one.name for one in job.sources] == ["notes.md", "notes.md", "api.ts", "passwd.csv"]
    assert [one.source_id is None for one in job.sources] == [True, False, False, False]
    assert await kept(database) == (3, 3)


async def test_a_form_with_files_that_is_sent_twice_starts_one_job_and_keeps_one_copy(
    client: httpx.AsyncClient, database: Database
) -> None:
    _, fields = await page(client, "/")
    files = (TEXT, ("more.md", b"More\n", "text/markdown"))
    both = await asyncio.gather(attach(client, fields, *files), attach(client, fields, *files))
    again = await attach(client, fields, *files)
    assert len({response.headers["Location"] for response in (*both, again)}) == 1
    assert await kept(database) == (2, 2)


async def test_the_same_form_with_another_text_says_that_it_has_started_a_job(
    client: httpx.AsyncClient, temporal: WorkflowEnvironment
) -> None:
    _, fields = await page(client, "/")
    await attach(client, fields, TEXT)
    changed = await attach(client, fields, ("notes.md", b"# Others\n", "text/markdown"))
    assert changed.status_code == 422
    assert "This form has started a job already" in changed.text and "Idempotency" not in changed.text
    job = await started(temporal, await attach(client, Fields(changed.text), source=attached(changed.text)))
    assert [one.name for one in job.sources] == ["notes.md"]


@pytest.mark.parametrize(
    ("file", "status", "why"),
    [
        (PICTURE, 415, "cat.png"),
        (("a<b>.pdf", b"no pdf", "application/pdf"), 415, "a&lt;b&gt;.pdf"),
        (("empty.md", b"", "text/markdown"), 415, "is empty"),
        (("x\u202egnp.exe", b"MZ", "application/x"), 415, "is of a kind"),
        (("..", b"text", "text/plain"), 422, "no name that can be used"),
        (("late.txt", b"a" * 400_000 + b"\xff\xff", "text/plain"), 415, "save a text as UTF-8"),
    ],
)
async def test_a_refused_file_is_named_with_its_reason_and_all_else_stays(
    client: httpx.AsyncClient, temporal: WorkflowEnvironment, database: Database, file: File, status: int, why: str
) -> None:
    _, fields = await page(client, "/")
    refused = await attach(client, fields, TEXT, file, notes="keep <me>", confirm="1", calls="7")
    assert refused.status_code == status
    assert why in refused.text and "keep &lt;me&gt;" in refused.text
    assert 'name="confirm" value="1" checked' in refused.text
    assert Fields(refused.text).inline == 0
    assert (await kept(database))[0] == 1
    ids = attached(refused.text)
    assert len(ids) == 1 and "notes.md" in refused.text
    job = await started(temporal, await attach(client, Fields(refused.text), source=ids))
    assert [str(one.source_id) for one in job.sources] == ids
    assert (await kept(database))[0] == 1


async def test_a_file_over_its_cap_is_refused_and_nothing_of_it_stays(
    client: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "MAX_FILE", 600_000)
    _, fields = await page(client, "/")
    refused = await attach(client, fields, ("big.txt", b"x" * 600_001, "text/plain"), notes="keep me")
    assert refused.status_code == 413
    assert "big.txt" in refused.text and "is larger than" in refused.text and "keep me" in refused.text
    assert await kept(database) == (0, 0)


async def test_files_that_are_too_much_together_are_told_and_what_was_typed_stays(
    app: FastAPI, database: Database
) -> None:
    """Over a real port, as a browser sends it: it breaks off amid the second file."""
    piece = ("x.txt", b"x" * (start_form.MAX_SENT // 2 + 1_000_000), "text/plain")
    async with serving(app) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as line:
        _, fields = await page(line, "/")
        refused = await attach(line, fields, piece, piece, notes="keep me")
    assert refused.status_code == 413
    assert "larger than 100 MB together" in refused.text and "keep me" in refused.text
    assert await kept(database) == (0, 0)


async def test_twenty_files_are_taken_and_one_more_is_not(
    client: httpx.AsyncClient, temporal: WorkflowEnvironment, database: Database
) -> None:
    files = [(f"{n}.md", f"Text {n}\n".encode(), "text/markdown") for n in range(21)]
    _, fields = await page(client, "/")
    job = await started(temporal, await attach(client, fields, *files[:20]))
    assert [one.name for one in job.sources] == [name for name, _, _ in files[:20]]
    _, fields = await page(client, "/")
    refused = await attach(client, fields, *files)
    assert refused.status_code == 422
    assert "<strong>20.md</strong>: A job takes 20 files at most" in refused.text
    assert len(attached(refused.text)) == 20
    with_notes = await attach(client, Fields(refused.text), source=attached(refused.text), notes="one more")
    assert with_notes.status_code == 422 and "20" in with_notes.text


async def test_a_file_that_says_nothing_is_unticked_with_its_reason(client: httpx.AsyncClient) -> None:
    _, fields = await page(client, "/")
    refused = await attach(client, fields, TEXT, ("blank.md", b"  \n", "text/markdown"), notes="a note")
    assert refused.status_code == 422
    assert len(attached(refused.text)) == 1
    assert "blank.md" in refused.text and "holds no text" in refused.text


async def test_nobody_attaches_what_somebody_else_sent(client: httpx.AsyncClient) -> None:
    sent = await client.post(
        "/api/v1/sources", params={"filename": "theirs.md"}, content=b"x", headers={"X-User-Id": "eve"}
    )
    _, fields = await page(client, "/")
    for foreign in (sent.json()["source_id"], str(uuid4()), "no-id"):
        refused = await attach(client, fields, source=[foreign])
        assert refused.status_code == 422
        assert "is not kept any more" in refused.text and "theirs.md" not in refused.text


async def test_without_our_token_no_file_is_stored(client: httpx.AsyncClient, database: Database) -> None:
    _, fields = await page(client, "/")
    fields.hidden["token"] = "x" * 43
    assert (await attach(client, fields, TEXT)).status_code == 403
    assert await kept(database) == (0, 0)


async def test_a_body_that_is_no_form_is_refused(client: httpx.AsyncClient) -> None:
    await page(client, "/")
    for kind, body in (
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"no form"),
        ("text/plain", b"x"),
    ):
        response = await client.post("/", content=body, headers={"Content-Type": kind, **HTML})
        assert response.status_code == 403, kind


async def test_a_long_text_outside_of_a_file_is_not_held(client: httpx.AsyncClient) -> None:
    _, fields = await page(client, "/")
    for how in ({"files": [("files", TEXT)]}, {}):
        data = {**fields.hidden, "task_description": TASK, "notes": "x" * (start_form.MAX_TEXT + 1)}
        response = await client.post("/", data=data, headers=HTML, **how)  # type: ignore[arg-type]  # files or none
        assert response.status_code in (400, 413)


async def test_files_that_were_taken_are_kept_by_the_page_of_a_later_failure(
    client: httpx.AsyncClient, temporal: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def late(*_: object) -> None:
        raise TimedOut("No answer within 15 s.", 2)

    _, fields = await page(client, "/")
    with monkeypatch.context() as patched:
        patched.setattr(starting, "start", late)
        failed = await attach(client, fields, TEXT)
    assert failed.status_code == 503
    again = Fields(failed.text)
    assert again.hidden["source"] and "chosen again" not in failed.text
    job = await started(temporal, await client.post("/", data=again.hidden, headers=HTML))
    assert [one.name for one in job.sources] == ["notes.md"]


async def test_while_the_database_is_away_files_are_named_that_must_be_chosen_again(
    client: httpx.AsyncClient, cut_off: httpx.AsyncClient
) -> None:
    _, fields = await page(client, "/")
    cut_off.cookies.update(client.cookies)
    response = await attach(cut_off, fields, TEXT)
    assert response.status_code == 503
    assert "chosen again: notes.md" in response.text and TASK in response.text
    assert {"files", "task_description"} <= Fields(response.text).names


async def test_what_it_costs_names_the_model_or_how_to_set_one(
    client: httpx.AsyncClient, database_url: str, temporal: WorkflowEnvironment, library: Path
) -> None:
    text, _ = await page(client, "/")
    assert "No model is known here yet" in text and "SKILL_FLEET_MODEL=" in text
    for model, told in (("openai/<b>", "calls of <code>openai/&lt;b&gt;</code>"), ("x/qwen2.5-coder-1.5b", "no money")):
        settings = Settings(database_url=SecretStr(database_url), library=library, model=model)
        target = temporal.client.service_client.config.target_host
        async with served(build(settings, {"target_host": target, "namespace": "default"})) as other:
            text, _ = await page(other, "/")
            assert told in text and "No model is known" not in text


@pytest.mark.parametrize(
    ("profile", "told"), [("standard", "Some 200 to 360 calls of"), ("quick", "Some 25 calls of"), ("auto", "200 to")]
)
async def test_what_it_costs_is_what_this_stack_is_set_to(
    database_url: str, temporal: WorkflowEnvironment, library: Path, profile: str, told: str
) -> None:
    given = {"database_url": database_url, "library": library, "model": "openai/x", "evaluation": profile}
    target = temporal.client.service_client.config.target_host
    settings = Settings.model_validate(given)
    async with served(build(settings, {"target_host": target, "namespace": "default"})) as other:
        text, _ = await page(other, "/")
    assert told in text
