"""Typing into an answer form against everything that could lose it: other people, other tabs, a slow server, keys."""

import asyncio
import re
from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.async_api import Page, Request, Route, expect

from domain.prompt import HitlType
from store.session import Database
from tests.api.conftest import Opened, asked, opened
from tests.browser.test_live import answered, tell
from tests.support.browser import Site
from tests.support.prompts import shown

__all__ = ["asked", "opened"]

HIDE = "Object.defineProperty(document, 'hidden', { get: () => window.away ?? %s, configurable: true })"
LATER = "new Promise((then) => setTimeout(then, Math.max(quietUntil - performance.now(), TYPED) + 50))"
SEEN = "gone => { window.away = gone; document.dispatchEvent(new Event('visibilitychange')); }"


async def preview(opened: Opened, asked: Opened) -> tuple[UUID, UUID]:
    job = await opened()
    return job, await asked(job, HitlType.PREVIEW, shown(HitlType.PREVIEW))


async def test_a_question_that_came_live_and_was_closed_while_nobody_looked_goes_away(
    site: Site, database: Database, opened: Opened, asked: Opened
) -> None:
    job = await opened()
    page = (await site.visitor("bob")).page
    await page.add_init_script(HIDE % "false")
    await page.goto(f"{site.url}/jobs/{job}")
    prompt = await asked(job)
    await tell(database, job, "asked")
    await expect(page.locator("#decide")).to_be_visible()
    await page.evaluate(SEEN, True)
    await answered(site, page, job, prompt, "ada")
    await tell(database, job, "ada answered")
    await page.evaluate(SEEN, False)
    await expect(page.locator("#events")).to_contain_text("ada answered")
    await expect(page.locator("#prompt")).to_be_hidden()


def noting(addresses: list[str]) -> Callable[[Request], None]:
    """Keeps the address of each request."""
    return lambda request: addresses.append(request.url)


async def test_a_page_that_opens_in_the_background_has_no_stream_until_it_is_seen(site: Site, opened: Opened) -> None:
    job = await opened()
    visitor = await site.visitor()
    for path in (f"/jobs/{job}", "/", "/inbox"):
        page = await visitor.page.context.new_page()
        await page.add_init_script(HIDE % "true")
        asked_for: list[str] = []
        page.on("request", noting(asked_for))
        await page.goto(site.url + path)
        await page.wait_for_function("document.querySelector('[hx-sse\\\\:connect]')._htmx?.triggerSpecs?.length")
        await page.evaluate("new Promise((then) => setTimeout(then, 300))")
        assert not [url for url in asked_for if "/live" in url], path
        async with page.expect_request("**/live*"):
            await page.evaluate(SEEN, False)
        await page.close()


async def test_nothing_can_be_typed_while_an_answer_is_on_its_way_and_a_refused_one_leaves_it_as_it_was(
    site: Site, opened: Opened, asked: Opened
) -> None:
    job, _ = await preview(opened, asked)
    page = await (await site.visitor("ada")).goto(f"/jobs/{job}")
    on_its_way, go_on = asyncio.Event(), asyncio.Event()

    async def held(route: Route) -> None:
        on_its_way.set()
        await go_on.wait()
        await route.continue_()

    await page.route("**/answer", held)
    await page.locator("#decide button[value=revise]").click()  # without a word of what shall change
    await asyncio.wait_for(on_its_way.wait(), 20)
    assert await page.locator("#prompt").evaluate("one => one.inert")
    await expect(page.locator("#decide")).to_have_attribute("aria-busy", "true")
    await page.keyboard.type("a r e lost")
    await expect(page.locator("#input-feedback")).to_have_value("")
    go_on.set()
    await expect(page.locator(".problem[role=alert]")).to_be_visible()
    assert not await page.locator("#prompt").evaluate("one => one.inert")
    await page.locator("#input-feedback").fill("shorter")
    await expect(page.locator("#saved")).to_contain_text("Saved")


@pytest.mark.parametrize("javascript", [True, False])
async def test_enter_in_a_box_sends_nothing(site: Site, opened: Opened, asked: Opened, javascript: bool) -> None:
    job = await opened()
    await asked(job, HitlType.VALIDATE, shown(HitlType.VALIDATE, codes=["x"]))
    visitor = await site.visitor("ada", javascript=javascript)
    page = await visitor.goto(f"/jobs/{job}")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/answer") else None)
    box = page.locator("#prompt input[form=decide]").first
    await box.focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    await expect(box).to_be_checked()
    await a_turn(page)
    assert sent == []
    async with page.expect_request("**/answer"):
        await page.locator("#decide button.main").click()


async def a_turn(page: Page) -> None:
    """Let the browser do what it would do: a whole turn to its server and back."""
    await page.request.get(page.url)


async def test_who_types_when_another_wins_presses_nothing(
    site: Site, database: Database, opened: Opened, asked: Opened
) -> None:
    job, prompt = await preview(opened, asked)
    page = await (await site.visitor("bob")).goto(f"/jobs/{job}")
    await page.locator("#input-feedback").press_sequentially("more exam")
    await answered(site, page, job, prompt, "ada")
    await tell(database, job, "ada answered")
    await expect(page.locator("#prompt")).to_be_hidden()
    await page.keyboard.type("ples n gl a ")  # `n` and `g l` would leave the page
    await expect(page.locator("#left")).to_contain_text("more exam")
    assert page.url.endswith(f"/jobs/{job}")


async def test_a_then_space_right_after_a_letter_approves_nothing(site: Site, opened: Opened, asked: Opened) -> None:
    job, _ = await preview(opened, asked)
    page = await (await site.visitor("bob")).goto(f"/jobs/{job}")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/answer") else None)
    await page.locator("#head-title").evaluate("one => { one.tabIndex = -1; one.focus(); }")
    await page.keyboard.type("xa a ")
    await expect(page.locator("#decide button[value=proceed]")).not_to_be_focused()
    await page.evaluate(LATER)
    await page.keyboard.press("a")
    await expect(page.locator("#decide button[value=proceed]")).to_be_focused()
    assert sent == []


async def test_an_old_copy_of_last_letters_gives_way_to_what_was_written_since(
    site: Site, opened: Opened, asked: Opened
) -> None:
    job, _ = await preview(opened, asked)
    visitor = await site.visitor("ada")
    page = await visitor.goto(f"/jobs/{job}")
    await page.evaluate("navigator.sendBeacon = () => false")
    await page.locator("#input-feedback").fill("old letters")
    await page.goto(f"{site.url}/settings")
    other = await visitor.page.context.new_page()
    await other.goto(f"{site.url}/jobs/{job}")
    await other.locator("#input-feedback").fill("newer")
    await expect(other.locator("#saved")).to_contain_text("Saved")
    await page.goto(f"{site.url}/jobs/{job}")
    await expect(page.locator("#input-feedback")).to_have_value("newer")


async def test_two_tabs_of_one_person_do_not_wipe_each_other_and_an_edit_is_open_after_a_reload(
    site: Site, opened: Opened, asked: Opened
) -> None:
    job, _ = await preview(opened, asked)
    visitor = await site.visitor("ada")
    one = await visitor.goto(f"/jobs/{job}")
    two = await visitor.page.context.new_page()
    await two.goto(f"{site.url}/jobs/{job}")
    await one.locator("#input-feedback").fill("from the one")
    await expect(one.locator("#saved")).to_contain_text("Saved")
    await two.locator("summary", has_text=re.compile("edit", re.IGNORECASE)).locator("visible=true").first.click()
    await two.locator("#input-content").fill("# From the other")
    await expect(two.locator("#saved")).to_contain_text("Saved")
    await two.reload()
    await expect(two.locator("#input-feedback")).to_have_value("from the one")
    await expect(two.locator("#input-content")).to_be_visible()
    await expect(two.locator("#input-content")).to_have_value("# From the other")


async def test_a_text_of_many_bytes_is_kept_one_that_is_too_large_is_said_and_tried_no_more(
    site: Site, opened: Opened, asked: Opened
) -> None:
    job, _ = await preview(opened, asked)
    page = await (await site.visitor("ada")).goto(f"/jobs/{job}")
    assert await page.locator("#input-feedback").get_attribute("maxlength") == "16384"
    saved = page.locator("#saved")
    fill = """([name, text]) => {
      const box = document.getElementById(name);
      box.value = text;
      box.dispatchEvent(new Event('input', { bubbles: true }));
    }"""
    await page.evaluate(fill, ["input-content", "字" * 80_000])
    await expect(saved).to_contain_text("Saved")
    await page.evaluate(fill, ["input-content", "字" * 200_000])
    await expect(saved).to_contain_text("too large to be kept")
    await page.evaluate(fill, ["input-feedback", "x" * 17_000])
    await expect(saved).to_contain_text("Not saved")
    await expect(saved).not_to_contain_text("Saved")
    await page.evaluate(fill, ["input-feedback", "shorter"])
    await expect(saved).to_contain_text("Saved")


async def test_a_job_that_is_gone_is_said_and_not_asked_for_again(site: Site, opened: Opened, asked: Opened) -> None:
    job, _ = await preview(opened, asked)
    visitor = await site.visitor("ada")
    page = visitor.page
    await page.add_init_script(HIDE % "false")
    visitor.watched.forgive("htmx:")
    await page.goto(f"{site.url}/jobs/{job}")
    await page.locator("#input-feedback").fill("typed")
    await expect(page.locator("#saved")).to_contain_text("Saved")
    asks: list[str] = []

    async def nowhere(route: Route) -> None:
        asks.append(route.request.url)
        await route.fulfill(status=404, body="gone")

    await page.evaluate(SEEN, True)
    await page.route("**/live*", nowhere)
    await page.evaluate(SEEN, False)
    await expect(page.locator("#connection")).to_contain_text("gone")
    count = len(asks)
    await page.evaluate("new Promise((then) => setTimeout(then, 2500))")  # it would be tried again within one second
    assert len(asks) == count == 1
    await expect(page.locator("#input-feedback")).to_have_value("typed")


async def test_the_word_that_nothing_was_sent_goes_when_the_server_is_there_again(
    site: Site, opened: Opened, asked: Opened
) -> None:
    job, _ = await preview(opened, asked)
    visitor = await site.visitor("ada")
    visitor.watched.forgive("ERR_FAILED|Failed to fetch|htmx:")
    page = await visitor.goto(f"/jobs/{job}")
    await page.route("**/answer", lambda route: route.abort())
    await page.locator("#decide button[value=proceed]").click()
    await expect(page.locator("#unsent")).to_contain_text("could not be reached")
    await page.locator("#input-feedback").fill("on it goes")
    await expect(page.locator("#saved")).to_contain_text("Saved")
    await expect(page.locator("#unsent")).to_be_empty()
