"""Analytics and settings in a browser: chosen without JavaScript, read out as pictures, bars as long as they say."""

from uuid import UUID

import pytest
from playwright.async_api import expect

from domain.job import JobStatus
from store import calls
from store.session import Database
from tests.support.browser import PHONE, Site
from tests.support.rows import a_call, make_job

HOSTILE = '"><script>document.title="taken"</script>'


@pytest.fixture
async def worked(database: Database) -> UUID:
    """A job that ended, one that goes on, and calls of two models; one of them has a hostile name."""
    done = await make_job(database, status=JobStatus.COMPLETED)
    await make_job(database)
    async with database.transaction() as session:
        for n in range(4):
            model = "openai/a" if n else HOSTILE
            await calls.keep(session, done, a_call(f"write/{n}/0", model=model, input_tokens=1_000, output_tokens=500))
    return done


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_window_is_chosen_with_and_without_javascript(site: Site, worked: UUID, javascript: bool) -> None:
    page = await (await site.visitor(javascript=javascript)).goto("/analytics")
    await page.get_by_label("Time").select_option("the last 7 days")
    await page.get_by_role("button", name="Show").click()
    await expect(page).to_have_url(f"{site.url}/analytics?days=7")
    await expect(page.get_by_label("Time")).to_have_value("7")


async def test_charts_are_pictures_with_a_sentence_and_the_numbers_open_by_keyboard(site: Site, worked: UUID) -> None:
    page = await (await site.visitor(screen=PHONE)).goto("/analytics")
    await expect(page.get_by_role("img", name="2 jobs were accepted and")).to_be_visible()
    await expect(page.get_by_role("img", name="4 model calls with 6,000 tokens: price unknown.")).to_be_visible()
    summary = page.get_by_text("As a table by day")
    await summary.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("main details[open] tbody tr")).to_have_count(30)
    await expect(page.locator("main details[open] tbody tr").first).to_contain_text("4,000")


async def test_bars_are_as_long_as_their_numbers_and_hostile_names_are_text(site: Site, worked: UUID) -> None:
    page = await (await site.visitor()).goto("/analytics")
    row = page.get_by_role("row", name="openai/a").first
    other = page.get_by_role("row", name=HOSTILE).first
    longest, third = [await each.locator(".bar rect:not(.track)").bounding_box() for each in (row, other)]
    assert longest is not None and third is not None
    assert third["width"] == pytest.approx(longest["width"] / 3, rel=0.05)
    assert await page.title() == "Analytics · Skill Fleet"


async def test_settings_say_where_a_key_is_set_and_that_nothing_is_managed_here(site: Site) -> None:
    page = await (await site.visitor()).goto("/settings")
    await expect(page.get_by_role("row", name="Author: writes")).to_contain_text("SKILL_FLEET_MODEL_API_KEY")
    await expect(page.get_by_text("Requests to this api need no key")).to_be_visible()
    assert await page.locator("main input, main button, main textarea, main select").count() == 0
