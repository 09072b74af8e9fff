"""A job's page that is open while things happen: it changes by itself, and nothing typed is touched or lost."""

import re
from pathlib import Path
from uuid import UUID, uuid4

from playwright.async_api import Browser, Page, expect
from temporalio.testing import WorkflowEnvironment

from domain.prompt import HitlType
from store import jobs
from store.notifications import tell_tokens
from store.session import Database
from tests.api.conftest import Opened, asked, opened
from tests.support.api_server import ApiProcess
from tests.support.browser import Site
from tests.support.fleet import Fleet
from tests.support.prompts import shown

__all__ = ["asked", "opened"]


NOTE_LOCKED = """() => {
  const note = () => { window.locked ||= document.querySelector("#prompt button.main")?.disabled; };
  new MutationObserver(note).observe(document.body, { attributes: true, childList: true, subtree: true });
}"""


async def tell(database: Database, job: UUID, *words: str) -> None:
    async with database.transaction() as session:
        for word in words:
            await jobs.change(session, job, str(uuid4()), "phase", word)


async def answered(site: Site, page: Page, job: UUID, prompt: UUID, by: str) -> None:
    """Answer by the api under another name; the rows of these tests have no workflow behind them."""
    body = {"interaction_id": str(prompt), "action": "proceed", "answers": {"q1": "all", "q2": "d"}}
    await page.request.post(f"{site.url}/api/v1/hitl/{job}/response", data=body, headers={"X-User-Id": by})


async def test_a_new_question_comes_by_itself_with_the_focus_and_a_dot_in_the_tab(
    site: Site, database: Database, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    page = await (await site.visitor()).goto(f"/jobs/{job}")
    await expect(page.locator("#events li")).to_have_count(1)
    await tell(database, job, "one", "two")
    await expect(page.locator("#events li")).to_have_count(3)
    async with database.transaction() as session:
        await tell_tokens(session, job, "writing the skill", "# Notes\n<b>bold</b> " * 30)
    await expect(page.locator("#writing")).to_contain_text("<b>bold</b>")
    await page.evaluate(NOTE_LOCKED)
    await asked(job)
    await expect(page.locator("#prompt-title")).to_be_focused()
    assert await page.evaluate("window.locked"), "a click that was meant for something else answers nothing"
    await expect(page.locator("#prompt button.main")).to_be_enabled()
    assert (await page.title()).startswith("● ")
    await expect(page.locator("#writing")).to_be_hidden()


async def test_what_is_typed_is_saved_and_there_again_after_a_reload_and_in_another_browser(
    site: Site, database: Database, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    await asked(job)
    page = await (await site.visitor("ada")).goto(f"/jobs/{job}")
    await page.locator("#prompt textarea").first.fill("customer <records>")
    await expect(page.locator("#saved")).to_contain_text("Saved")
    await page.get_by_label("Delete", exact=True).check()
    await tell(database, job, "something else", "and more")  # is no reason to touch the form
    await expect(page.locator("#events li")).to_have_count(4)
    await expect(page.locator("#prompt textarea").first).to_have_value("customer <records>")
    other = await (await site.visitor("ada")).goto(f"/jobs/{job}")
    await expect(other.locator("#prompt textarea").first).to_have_value("customer <records>")


async def test_a_tick_beside_the_form_is_saved_and_the_last_letters_before_a_reload_are_not_lost(
    site: Site, database: Database, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    await asked(job, HitlType.VALIDATE, shown(HitlType.VALIDATE, codes=["x", "y"]))
    page = await (await site.visitor("ada")).goto(f"/jobs/{job}")
    ticks = page.locator("#prompt input[name=findings]")
    await ticks.nth(1).check()
    await expect(page.locator("#saved")).to_contain_text("Saved")
    await page.locator("#input-feedback").fill("the last letters")
    await page.reload()
    await expect(page.locator("#input-feedback")).to_have_value("the last letters")
    await expect(ticks.nth(1)).to_be_checked()
    await expect(ticks.nth(0)).not_to_be_checked()


async def test_who_types_into_a_prompt_that_somebody_else_closes_is_told_and_keeps_every_letter(
    site: Site, database: Database, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    prompt = await asked(job, HitlType.PREVIEW, shown(HitlType.PREVIEW))
    page = await (await site.visitor("bob")).goto(f"/jobs/{job}")
    other = await (await site.visitor("ada")).goto(f"/jobs/{job}")
    await expect(page.locator("#watching")).to_contain_text("ada")
    await expect(other.locator("#watching")).to_contain_text("bob")
    box = page.locator("#input-feedback")
    await box.press_sequentially("Add more <examples>")
    await answered(site, page, job, prompt, "ada")
    await tell(database, job, "ada answered")
    left = page.locator("#left")
    await expect(left).to_contain_text("Add more <examples>")
    await expect(left).to_contain_text(re.compile("ada chose"))
    await expect(page.locator("#prompt")).to_be_hidden()
    await page.reload()
    await expect(left).to_contain_text("Add more <examples>")


async def test_a_refused_answer_shows_what_is_missing_and_an_accepted_one_goes_on_without_a_reload(
    site: Site, fleet: Fleet
) -> None:
    job = await fleet.start()
    prompt = await fleet.prompt(job, HitlType.CLARIFY)
    page = await (await site.visitor("ada")).goto(f"/jobs/{job}")
    await page.evaluate("window.stays = true")
    await page.get_by_role("button", name="Send the answers").click()
    told = page.locator(".problem[role=alert]")
    await expect(told).to_be_focused()
    for box in await page.get_by_label("You decide").all():
        await box.check()
    await page.get_by_role("button", name="Send the answers").click()
    await expect(page.locator("#prompt-title")).to_have_text("Read the skill", timeout=60_000)
    await expect(page.locator("#left")).to_contain_text("you chose")
    await expect(page.locator("#left")).not_to_contain_text("reached nobody")
    lines = await page.locator("#events li").evaluate_all("found => found.map((one) => Number(one.id.slice(6)))")
    assert lines == [*range(1, len(lines) + 1)]
    assert await page.evaluate("window.stays"), "the page was loaded anew"
    assert prompt.interaction_id


async def test_a_server_that_dies_and_comes_back_loses_no_line_and_no_letter(
    browser: Browser,
    database: Database,
    database_url: str,
    temporal: WorkflowEnvironment,
    tmp_path: Path,
    opened: Opened,
    asked: Opened,
) -> None:
    process = ApiProcess(
        {
            "SKILL_FLEET_DATABASE_URL": database_url,
            "SKILL_FLEET_LIBRARY": str(tmp_path),
            "TEMPORAL_ADDRESS": temporal.client.service_client.config.target_host,
            "TEMPORAL_CONFIG_FILE": "/dev/null",
        }
    )
    await process.start()
    site = Site(f"http://127.0.0.1:{process.port}", browser)
    try:
        job = await opened()
        await asked(job)
        visitor = await site.visitor("ada")
        visitor.watched.forgive("ERR_|Failed to fetch|network error|htmx:")
        page = await visitor.goto(f"/jobs/{job}")
        await tell(database, job, "before")
        await expect(page.locator("#events li")).to_have_count(3)
        await process.kill()
        await expect(page.locator("#connection")).to_be_visible()
        await page.locator("#prompt textarea").first.fill("typed while it was away")
        await page.get_by_role("button", name="Send the answers").click()
        await expect(page.locator("#unsent")).to_contain_text("could not be reached")
        await expect(page.locator("#saved")).to_contain_text("Not saved yet")
        await tell(database, job, "meanwhile", "and more")
        await process.start()
        await expect(page.locator("#events li")).to_have_count(5)
        await expect(page.locator("#connection")).to_be_hidden()
        await expect(page.locator("#saved")).to_contain_text("Saved")
        await page.reload()
        await expect(page.locator("#prompt textarea").first).to_have_value("typed while it was away")
        assert await site.close() == []
    finally:
        await process.kill()
