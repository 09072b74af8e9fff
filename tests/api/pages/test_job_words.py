"""What a job's page says: whose turn, who made the text, what was chosen, what is code, and what is over."""

import re

import httpx
import pytest
from jinja2 import Environment, PackageLoader

from api.pages.job.log import line_of
from domain.job import JobEvent, JobStatus
from domain.prompt import HitlType, PreviewData
from store import jobs
from store.session import Database
from tests.api.conftest import Opened
from tests.api.pages.by_hand import page
from tests.support.prompts import shown
from tests.support.rows import SKILL, make_draft

TEMPLATES = Environment(loader=PackageLoader("api"), autoescape=True)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain", "plain"),
        ("`--quiet` and `<b>`", "<code>--quiet</code> and <code>&lt;b&gt;</code>"),
        ("one ` alone <i>", "one ` alone &lt;i&gt;"),
        ("`a` then `b", "<code>a</code> then `b"),
        ("``x``", "``x``"),
        ("`<script>`", "<code>&lt;script&gt;</code>"),
    ],
)
def test_what_stands_between_backticks_is_code_and_nothing_else_is_markup(text: str, html: str) -> None:
    drawn = '{% from "parts/macros.html" import coded %}{{ coded(text) }}'
    assert TEMPLATES.from_string(drawn).render(text=text) == html


@pytest.mark.parametrize(
    ("kind", "action", "words"),
    [("preview", "proceed", "Approve"), ("validate", "revise", "Fix issues"), ("budget", "raise", "Raise the limit")],
)
def test_the_log_says_in_words_what_was_chosen(kind: str, action: str, words: str) -> None:
    event = JobEvent(
        seq=1,
        type="answered",
        status=JobStatus.RUNNING,
        message=f"ada answered {kind}: {action}",
        data={"action": action},
    )
    assert line_of(event).words.endswith(f"”: {words}")


def test_an_action_of_another_release_is_told_as_it_was() -> None:
    event = JobEvent(
        seq=1,
        type="answered",
        status=JobStatus.RUNNING,
        message="ada answered preview: dance",
        data={"action": "dance"},
    )
    assert line_of(event).words == "ada answered “Read the skill”: dance"


async def test_while_a_prompt_is_open_nothing_of_the_work_before_is_told(
    client: httpx.AsyncClient, opened: Opened, asked: Opened, database: Database
) -> None:
    job = await opened()
    async with database.transaction() as session:
        await jobs.change(session, job, "judging", "phase", "judging 4: judging case-1")
    said = 'id="progress"'
    before, _ = await page(client, f"/jobs/{job}")
    assert "judging case-1" in before.partition(said)[2].partition("</p>")[0]
    assert re.search(r"<details open>\s*<summary><h2>What happened", before)
    await asked(job)
    async with database.transaction() as session:
        await jobs.change(session, job, "late", "phase", "judging 5: judging case-2")
    text, _ = await page(client, f"/jobs/{job}")
    assert "judging" not in text.partition(said)[2].partition("</p>")[0]
    assert re.search(r"<details>\s*<summary><h2>What happened", text)


async def test_a_preview_says_who_made_this_very_text(
    client: httpx.AsyncClient, opened: Opened, asked: Opened, database: Database
) -> None:
    for by_person, made_by, words in (
        (True, "ada <x>", "Revision 1, edited by ada &lt;x&gt;."),
        (False, "openai/b", "Revision 1, written by openai/b."),
        (False, "", "Revision 1, written by openai/a."),
    ):
        job = await opened()
        await make_draft(database, job)
        data = PreviewData(
            content=SKILL, revision=1, digest="d", written_by=["openai/a"], made_by=made_by, by_person=by_person
        )
        await asked(job, HitlType.PREVIEW, data)
        assert words in (await page(client, f"/jobs/{job}"))[0]


async def test_the_way_to_cancel_leads_into_its_form(client: httpx.AsyncClient, opened: Opened, asked: Opened) -> None:
    job = await opened()
    await asked(job, HitlType.CONFIRM, shown(HitlType.CONFIRM))
    text, _ = await page(client, f"/jobs/{job}")
    target = re.search(r'<a href="#([^"]*)">Cancel the job</a>', text)
    assert target
    assert f'<input id="{target[1]}"' in text.partition('<details id="cancel">')[2].partition("</details>")[0]
