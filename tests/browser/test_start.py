"""The first page and the inbox in a real browser: files, a refusal that loses nothing, lists that live."""

import pytest
from playwright.async_api import FilePayload, expect

from store.session import Database
from tests.support.browser import PHONE, Site
from tests.support.rows import make_job, make_prompt

TASK = "Handle all user data"
NOTES = FilePayload(name="notes <b>.md", mimeType="text/markdown", buffer=b"# Notes\n")
PICTURE = FilePayload(name="cat.png", mimeType="image/png", buffer=b"\x89PNG")
FILM = FilePayload(name="api.ts", mimeType="video/mp2t", buffer=b"export {}\n")


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_refused_file_is_told_and_the_others_go_with_the_job(site: Site, javascript: bool) -> None:
    ada = await site.visitor(javascript=javascript)
    ada.watched.forgive("status of 415")
    page = await ada.goto("/")
    await page.fill("#task", TASK)
    await page.click("#options > summary")
    await page.fill("#usd", "2.5")
    await page.check("[name=confirm]")
    await page.set_input_files("#files", [NOTES, PICTURE, FILM])
    await page.get_by_role("button", name="Make the skill").click()
    refused = page.locator("#refused")
    await expect(refused).to_contain_text("cat.png")
    if javascript:
        await expect(refused).to_be_focused()
    await expect(page.locator("#task")).to_have_value(TASK)
    await expect(page.locator("#usd")).to_have_value("2.5")
    kept = page.get_by_role("group", name="Attached files")
    await expect(kept.get_by_role("checkbox", checked=True)).to_have_count(2)
    await expect(kept).to_contain_text("notes <b>.md")
    await kept.get_by_label("api.ts").uncheck()
    await page.get_by_role("button", name="Make the skill").click()
    await page.wait_for_url("**/jobs/*")


async def test_lists_follow_what_happens_and_whoever_reads_keeps_their_place(site: Site, database: Database) -> None:
    job = await make_job(database, user="local", task="Answer customers about refunds")
    await make_prompt(database, job)
    ada = await site.visitor()
    page = await ada.goto("/inbox")
    await expect(page.locator("#inbox-count")).to_contain_text("1")
    link = page.locator(f'a[href="/jobs/{job}#prompt"]')
    await link.focus()
    await make_prompt(database, await make_job(database, user="local", task="Review SQL migrations"))
    await expect(page.get_by_role("link", name="Review SQL migrations")).to_be_visible()
    await expect(page.locator("#inbox-count")).to_contain_text("2")
    await expect(link).to_be_focused()
    page = await ada.goto("/")
    await page.fill("#task", "Half a sent")
    await make_job(database, task="Check invoices against orders")
    await expect(page.get_by_role("link", name="Check invoices against orders")).to_be_visible()
    await expect(page.locator("#task")).to_have_value("Half a sent")
    await expect(page.locator("#task")).to_be_focused()


async def test_on_a_phone_nothing_is_wider_than_the_screen(site: Site, database: Database) -> None:
    await make_prompt(database, await make_job(database, task="x" * 300, user="y" * 200))
    visitor = await site.visitor(screen=PHONE)
    for path in ("/", "/inbox"):
        page = await visitor.goto(path)
        if path == "/":
            await page.click("#options > summary")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
