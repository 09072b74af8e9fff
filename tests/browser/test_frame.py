"""What page.js adds to every page: keys, copying, one press one request, focus on what is new, words when all fails."""

from uuid import uuid4

import pytest
from playwright.async_api import Page, Route, expect

from domain.job import JobOptions, StartJob
from store import jobs
from store.session import Database
from tests.support.browser import Site

NOT_FOUND = "/nowhere"
"""A page with nothing but the frame."""


@pytest.fixture
async def frame(site: Site) -> Page:
    """A browser at a page with nothing but the frame."""
    return await (await site.visitor()).goto(NOT_FOUND)


async def focused(page: Page) -> str:
    """The id of what has the focus; empty when it has none."""
    return str(await page.evaluate("document.activeElement?.id ?? ''"))


async def opened(database: Database, task: str) -> None:
    """A job's row."""
    start = StartJob(job_id=uuid4(), user_id="local", task_description=task, options=JobOptions())
    async with database.transaction() as session:
        await jobs.open_job(session, start)


async def test_the_sheet_of_keys_opens_and_gives_the_focus_back(frame: Page) -> None:
    sheet = frame.get_by_role("dialog", name="Keys")
    await expect(sheet).to_be_hidden()
    await frame.keyboard.press("?")
    await expect(sheet).to_be_visible()
    await frame.keyboard.press("g")
    await frame.keyboard.press("l")  # under the sheet no key does anything
    await frame.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    await frame.locator("#keys-open").click()
    await expect(sheet).to_be_visible()
    await sheet.get_by_role("button", name="Close").click()
    assert await focused(frame) == "keys-open"
    assert frame.url.endswith(NOT_FOUND)


@pytest.mark.parametrize(("key", "path"), [("h", "/"), ("i", "/inbox"), ("l", "/library"), ("s", "/settings")])
async def test_two_keys_lead_to_a_page(frame: Page, key: str, path: str) -> None:
    await frame.keyboard.press("g")
    await frame.keyboard.press(key)
    await frame.wait_for_url(f"**{path}")


async def test_no_key_does_anything_while_somebody_types_or_holds_another_key(site: Site) -> None:
    page = await (await site.visitor()).goto("/")
    task = page.locator("#task")
    await task.focus()
    await page.keyboard.type("g l ? j / go")
    await expect(task).to_have_value("g l ? j / go")
    await task.blur()
    await page.keyboard.press("Alt+?")
    await expect(page.locator("#shortcuts")).to_be_hidden()
    await page.keyboard.press("/")
    assert await focused(page) == "words"
    assert page.url == f"{site.url}/"


async def test_keys_that_are_turned_off_stay_off(frame: Page) -> None:
    await frame.keyboard.press("?")
    await frame.get_by_label("Keys on").uncheck()
    await frame.keyboard.press("Escape")
    await frame.reload()
    await frame.keyboard.press("?")
    await expect(frame.locator("#shortcuts")).to_be_hidden()
    await frame.locator("#keys-open").click()  # it can be opened, and they can be turned on again
    await frame.get_by_label("Keys on").check()
    await frame.keyboard.press("Escape")
    await frame.keyboard.press("?")
    await expect(frame.locator("#shortcuts")).to_be_visible()


async def test_j_and_k_walk_through_a_list_and_enter_opens(site: Site, database: Database) -> None:
    for task in ("Write the first notes", "Write the second notes"):
        await opened(database, task)
    page = await (await site.visitor()).goto("/")
    links = page.locator("[data-item] a")
    for key, at in (("j", 0), ("j", 1), ("j", 1), ("k", 0), ("k", 0), ("j", 1)):
        await page.keyboard.press(key)
        await expect(links.nth(at)).to_be_focused()
    there = await links.nth(1).get_attribute("href")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**{there}")


async def test_a_key_goes_to_what_decides_and_never_presses_it(frame: Page) -> None:
    await frame.evaluate(
        """() => {
          document.querySelector("#main").insertAdjacentHTML("beforeend", `
            <form method="post" action="/never" hidden><button data-key="a">hidden</button></form>
            <form method="post" action="/never"><button id="approve" data-key="a">Approve</button>
            <details><summary data-key="r">Revise</summary><textarea id="feedback"></textarea></details></form>`);
        }"""
    )
    await frame.keyboard.press("a")
    assert await focused(frame) == "approve"
    await frame.keyboard.press("r")
    assert await focused(frame) == "feedback"
    assert frame.url.endswith(NOT_FOUND)


async def test_a_command_is_copied_and_where_that_is_forbidden_selected(site: Site) -> None:
    visitor = await site.visitor()
    page = await visitor.goto("/library")
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    line = page.locator(".copy").first
    command = await line.locator("code").inner_text()
    await line.get_by_role("button").click()
    await expect(page.locator("#said")).to_have_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == command
    await page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('forbidden')); }")
    await line.get_by_role("button").click()
    await expect(page.locator("#said")).to_contain_text("Ctrl+C")
    assert str(await page.evaluate("getSelection().toString()")).strip() == command


PRESSED_TWICE = """(button) => {
  let sent = 0;
  window.addEventListener("submit", (event) => { sent += event.defaultPrevented ? 0 : 1; });
  button.click();
  button.click();
  return [button.getAttribute("aria-busy"), sent];
}"""


async def test_a_form_that_is_under_way_is_not_sent_again(frame: Page) -> None:
    sent: list[str] = []

    async def slow(route: Route) -> None:
        sent.append(route.request.method)
        await route.continue_()

    await frame.route("**/who", slow)
    await frame.get_by_text("You are").click()
    await frame.locator("#who-name").fill("ada")
    assert await frame.get_by_role("button", name="Remember").evaluate(PRESSED_TWICE) == ["true", 1]
    await expect(frame.get_by_text("You are ada")).to_be_visible()
    assert sent == ["POST"]


async def test_a_server_that_is_away_is_told_of_until_it_is_back(site: Site) -> None:
    visitor = await site.visitor()
    visitor.watched.forgive("ERR_FAILED|Failed to fetch")
    page = await visitor.goto("/library")
    told = page.locator("#failed")
    await expect(told).to_be_hidden()
    await page.route("**/library?*", lambda route: route.abort())
    await page.locator("#q").fill("notes")
    await expect(told).to_have_text("Could not reach Skill Fleet. What you typed is still here; try again in a moment.")
    await expect(page.locator("#q")).to_have_value("notes")
    await page.unroute("**/library?*")
    await page.locator("#q").fill("notes of")
    await expect(told).to_be_hidden()


async def test_a_part_that_is_refused_is_told_at_the_top_and_replaces_nothing(site: Site, database: Database) -> None:
    visitor = await site.visitor()
    visitor.watched.forgive("status of 422")
    page = await visitor.goto("/library")
    before = await page.locator("#found").inner_html()

    async def elsewhere(route: Route) -> None:
        await route.continue_(url=f"{site.url}{NOT_FOUND}")

    await page.route("**/library?*", elsewhere)
    await page.locator("#q").fill("notes")
    await expect(page.locator("#trouble")).to_contain_text("There is nothing here.")
    assert await page.locator("#found").inner_html() == before
    await page.unroute("**/library?*")
    await page.locator("#q").fill("notes of")
    await expect(page.locator("#trouble")).to_be_empty()


SWAP = """(html) => htmx.swap({ sourceElement: document.body, target: "#trouble", swap: "innerHTML", text: html })"""


async def test_what_is_new_gets_the_focus_once_but_not_from_somebody_who_types(frame: Page) -> None:
    await frame.evaluate(SWAP, '<h2 id="first" data-focus="1">A question</h2>')
    assert await focused(frame) == "first"
    await frame.locator("#keys-open").focus()
    await frame.evaluate("document.dispatchEvent(new CustomEvent('htmx:after:swap'))")
    assert await focused(frame) == "keys-open"
    await frame.get_by_text("You are").click()
    await frame.locator("#who-name").focus()
    await frame.evaluate(SWAP, '<h2 id="second" data-focus="2">Another</h2>')
    assert await focused(frame) == "who-name"


async def test_without_javascript_nothing_is_offered_that_needs_it(site: Site) -> None:
    page = await (await site.visitor(javascript=False)).goto("/library")
    await expect(page.locator(".copy code").first).to_be_visible()
    await expect(page.locator("[data-copy]").first).to_be_hidden()
    await expect(page.locator("#keys-open")).to_be_hidden()
