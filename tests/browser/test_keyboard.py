"""A whole job with the keyboard alone: no pointer touches the page from the sentence to the library."""

import re

from playwright.async_api import Locator, Page, expect

from tests.support import acme
from tests.support.authors import STARTED, Author
from tests.support.browser import Site
from tests.support.fleet import Fleet

MOST_TABS = 120


async def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until this has the focus."""
    for _ in range(MOST_TABS):
        if await wanted.evaluate("one => one === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"no way to {wanted} with Tab")


async def test_a_sentence_becomes_a_published_skill_by_keys_alone(fleet: Fleet, site: Site) -> None:
    acme.play(fleet.provider)
    author = Author(await site.visitor("ada"))
    page = await author.visitor.goto("/")
    await page.keyboard.press("n")
    await expect(page.get_by_label("Say it in one sentence")).to_be_focused()
    await page.keyboard.type(acme.TASK)
    await tab_to(page, page.get_by_role("button", name="Make the skill"))
    await page.keyboard.press("Enter")
    await page.wait_for_url(STARTED)
    job = author.job

    await author.is_asked("clarify")
    await expect(page.locator("#prompt-title")).to_be_focused()
    for text in (acme.AUDIENCE, acme.PARTS, acme.DONE):
        await tab_to(page, author.question(text).get_by_label("You decide"))
        await page.keyboard.press("Space")
    await tab_to(page, page.locator("#decide button[value=proceed]"))
    await page.keyboard.press("Enter")

    await author.is_asked("preview")
    await page.keyboard.press("r")
    await expect(page.locator("#decide [name=feedback]")).to_be_focused()
    await page.keyboard.type(acme.FEEDBACK)
    await tab_to(page, page.locator("#decide button[value=revise]"))
    await page.keyboard.press("Enter")
    await author.sees(page.get_by_text("What your feedback changed"))

    await page.keyboard.press("a")
    await expect(page.locator("#decide button[value=proceed]")).to_be_focused()
    await page.keyboard.press("Enter")
    publish = await author.sees(page.get_by_role("button", name="Publish in the library"))
    await tab_to(page, publish)
    await page.keyboard.press("Enter")
    there = await author.sees(page.locator('#publish a[href^="/library/"]'))
    await tab_to(page, there)
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("/library/development/write-release-notes"))
    assert (await fleet.job(job)).promoted
