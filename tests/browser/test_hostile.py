"""Hostile texts in every place that people and models fill: they are shown as text, and nothing else happens.

Every visitor of `Site` is watched: an alert, an error in the console or a request to another host fails the test.
"""

from uuid import UUID

import pytest
from playwright.async_api import Page, expect

from domain.job import JobStatus
from domain.prompt import ConfirmData, HitlType, Option, PreviewData, Question, QuestionsData
from store import jobs
from store.session import Database
from tests.support.authors import Author
from tests.support.browser import Site
from tests.support.fleet import Fleet
from tests.support.published import publish_skill
from tests.support.rows import make_draft, make_job, make_prompt

PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "<img src=https://evil.example/pixel.png>",
    "![pixel](https://evil.example/pixel.png)",
    "[click](javascript:alert(3))",
    "<svg/onload=alert(4)>",
    '"><iframe src=javascript:alert(5)></iframe>',
    "</textarea><script>alert(6)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "<style>@import url(https://evil.example/x.css);</style>",
    "<link rel=stylesheet href=https://evil.example/y.css>",
    '<a href="data:text/html,<script>alert(7)</script>">data</a>',
    "<div hx-get=https://evil.example/hx hx-trigger=load></div>",
    "<form action=https://evil.example><button>send</button></form>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content=0;url=https://evil.example>",
)
EVERY = "\n\n".join(PAYLOADS)
TASK = f"Write the notes of a release {' '.join(PAYLOADS[:8])}"
SKILL = f"---\nname: hostile-notes\ndescription: Writes <b>notes</b>. Use when asked.\n---\n\n# Notes\n\n{EVERY}\n"
BECAME = ", ".join(
    (
        *("iframe", "object", "embed", "base", "main link", "main style", "main script:not([nonce])", "[onerror]"),
        *("[onload]", "[onclick]", "a[href^=javascript]", "a[href^=data]", "main img", "main meta"),
    )
)
"""What no payload may become."""


async def harmless(page: Page) -> None:
    """Nothing of what was written became more than text."""
    assert [await one.evaluate("one => one.outerHTML") for one in await page.locator(BECAME).all()] == []
    assert "evil.example" not in page.url


@pytest.fixture
async def job(database: Database) -> UUID:
    """A job with hostile texts wherever there may be text."""
    job_id = await make_job(database, task=TASK, user="mallory")
    await make_draft(database, job_id, text=SKILL, name="hostile-notes")
    await make_draft(database, job_id, n=2, text=SKILL + EVERY, name="hostile-notes")
    async with database.transaction() as session:
        await jobs.change(session, job_id, "error", "error", EVERY, error=EVERY, task_description_refined=EVERY)
    return job_id


async def test_hostile_texts_of_people_and_models_are_shown_and_do_nothing(
    site: Site, database: Database, job: UUID
) -> None:
    shown = PreviewData(
        content=SKILL,
        revision=2,
        digest="d",
        against=1,
        diff=EVERY,
        feedback=EVERY,
        changes=[EVERY],
        written_by=[EVERY],
    )
    await make_prompt(database, job, HitlType.PREVIEW, data=shown, revision=2)
    ada = await site.visitor("ada")
    for path in (f"/jobs/{job}", f"/jobs/{job}/revisions/2", f"/jobs/{job}/revisions/1", "/", "/inbox"):
        page = await ada.goto(path)
        await expect(page.get_by_role("main")).to_contain_text("<script>alert(1)")
        await harmless(page)
    for view in ("raw", "diff", "split"):
        await harmless(await ada.goto(f"/jobs/{job}/revisions/2?show={view}"))


async def test_hostile_questions_and_plans_are_shown_and_do_nothing(site: Site, database: Database, job: UUID) -> None:
    options = [Option(id=f"o{number}", label=text) for number, text in enumerate(PAYLOADS[:4])]
    asked = QuestionsData(
        questions=[Question(id="q", text=PAYLOADS[0], type="multi", options=options, why=EVERY)], summary=EVERY
    )
    ada = await site.visitor("ada")
    await make_prompt(database, job, data=asked)
    page = await ada.goto(f"/jobs/{job}")
    await expect(page.locator("#prompt")).to_contain_text("<script>alert(1)</script>")
    await harmless(page)
    other = await make_job(database, task=TASK)
    plan = ConfirmData(summary=EVERY, path="writing/x", plan=[*PAYLOADS], key_assumptions=[EVERY])
    await make_prompt(database, other, HitlType.CONFIRM, data=plan)
    page = await ada.goto(f"/jobs/{other}")
    await expect(page.locator("#prompt")).to_contain_text("<script>alert(1)</script>")
    await harmless(page)


async def test_a_hostile_skill_in_the_library_is_shown_and_does_nothing(site: Site, database: Database) -> None:
    told = f"Helps. {PAYLOADS[0]} {PAYLOADS[1]} Use when asked."
    await publish_skill(database, "hostile-notes", description=told, body=EVERY, tags=["<b>tag</b>"])
    ada = await site.visitor("ada")
    for path in (
        "/library",
        "/library/development/hostile-notes",
        "/library?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    ):
        await harmless(await ada.goto(path))


async def test_hostile_texts_live_through_a_whole_job(fleet: Fleet, site: Site) -> None:
    for field in ("summary", "user_problem", "title", "what", "action", "detail", "rule", "good"):
        fleet.provider.when(field=field).answer(f"Use {PAYLOADS[0]} {PAYLOADS[1]} with each release")
    fleet.provider.when(field="questions").answer(
        [{"text": f"Which data {PAYLOADS[1]}?", "type": "multi", "options": [PAYLOADS[0], PAYLOADS[5]], "why": EVERY}]
        * 3
    )
    author = Author(await site.visitor("ada"))
    page = author.page
    job = await author.start(f"Write the notes of a release {PAYLOADS[0]} {PAYLOADS[1]}")
    await author.is_asked("clarify")
    own = page.locator("#prompt textarea")
    for box in await own.all():
        await box.fill(PAYLOADS[7])
    await author.send()
    await author.is_asked("preview")
    await harmless(page)
    await author.revise(EVERY)
    await author.sees(page.get_by_text("What your feedback changed"))
    await harmless(page)
    await author.approve()
    await author.sees(page.locator("#publish:not([hidden]) h2, #prompt .findings").first)
    await harmless(page)
    assert (await fleet.job(job)).status in (JobStatus.COMPLETED, JobStatus.PENDING_REVIEW)
