"""Deciding on a job's page: what opens by a tick or a link, and who is told when somebody else was faster."""

import re

from playwright.async_api import expect

from domain.prompt import HitlType
from store.session import Database
from tests.api.conftest import Opened, asked, opened
from tests.browser.test_live import answered, tell
from tests.support.browser import Site
from tests.support.prompts import shown

__all__ = ["asked", "opened"]


async def test_a_tick_opens_the_place_of_its_reason_and_every_error_must_have_one(
    site: Site, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    await asked(job, HitlType.VALIDATE, shown(HitlType.VALIDATE, codes=["x", "x", "y"]))
    page = await (await site.visitor("ada")).goto(f"/jobs/{job}")
    boxes, reason = page.locator("#prompt .findings input[type=checkbox]"), page.locator("#input-reason")
    await expect(boxes).to_have_count(3)
    await expect(reason).to_be_hidden()
    await boxes.nth(1).check()
    await expect(reason).to_be_visible()
    await reason.fill("known")
    await page.locator("button[value=waive]").click()
    await expect(page.get_by_text("Not ticked: x is wrong", exact=True)).to_have_count(1)
    await expect(page.get_by_text("Not ticked: y is wrong", exact=True)).to_have_count(1)
    await expect(boxes.nth(1)).to_be_checked()
    await expect(reason).to_have_value("known")


async def test_the_link_to_cancel_opens_its_form(site: Site, opened: Opened, asked: Opened) -> None:
    job = await opened("ada")
    await asked(job)
    for javascript in (True, False):
        page = await (await site.visitor("ada", javascript=javascript)).goto(f"/jobs/{job}")
        await expect(page.locator("#cancel-reason")).to_be_hidden()
        await page.get_by_role("link", name="Cancel the job").click()
        await expect(page.locator("#cancel-reason")).to_be_visible()


async def test_who_was_too_late_hears_of_it_unless_they_type_elsewhere(
    site: Site, database: Database, opened: Opened, asked: Opened
) -> None:
    for elsewhere in (False, True):
        job = await opened("bob")
        prompt = await asked(job, HitlType.PREVIEW, shown(HitlType.PREVIEW))
        page = await (await site.visitor("bob")).goto(f"/jobs/{job}")
        await page.locator("#input-feedback").fill("Add more <examples>")
        await expect(page.locator("#saved")).to_contain_text("Saved")
        if elsewhere:
            await page.locator("#cancel > summary").click()
            await page.locator("#cancel-reason").focus()
        await answered(site, page, job, prompt, "ada")
        await tell(database, job, "ada answered")
        title = page.locator("#left-title")
        await expect(title).to_have_text(re.compile("^ada answered first$"))
        await expect(page.locator("#cancel-reason" if elsewhere else "#left-title")).to_be_focused()
