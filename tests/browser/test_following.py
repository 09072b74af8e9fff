"""A whole job followed on one page that is never loaded again: what is written, and an api that dies on the way."""

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from temporalio.testing import WorkflowEnvironment

from store import jobs
from store.session import Database
from tests.support import acme
from tests.support.api_server import ApiProcess
from tests.support.authors import Author, answers
from tests.support.browser import Site
from tests.support.fleet import Fleet
from tests.support.provider import FaultKind

STAYS = "window.stays = true"
"""A mark on the page that loading it again would wipe out."""

NUMBERS = "all => all.map(one => Number(one.id.slice('event-'.length)))"


async def test_the_skill_is_seen_while_it_is_written_and_each_step_is_told_once(fleet: Fleet, site: Site) -> None:
    acme.play(fleet.provider)
    fleet.provider.when(field="steps").fail(FaultKind.STALLED_STREAM, times=1)
    author = Author(await site.visitor("ada"))
    page = author.page
    await author.start(acme.TASK, questions=0)
    await page.evaluate(STAYS)
    writing = page.locator("#writing")
    await expect(writing.get_by_role("heading").first).to_contain_text("Writing:")
    await expect(writing.locator("pre").first).to_contain_text(re.compile(r"\w"))
    await expect(page.locator("#prompt")).to_be_hidden()
    fleet.provider.release()
    await author.is_asked("preview")
    await expect(writing).to_be_hidden()
    await expect(page.locator(".timeline [aria-current=step]")).to_contain_text("Preview")
    numbers = await page.locator("#events li").evaluate_all(NUMBERS)
    assert numbers == [*range(1, len(numbers) + 1)] and len(numbers) > 5
    assert await page.evaluate("window.stays") is True


@pytest.fixture
async def api(
    database: Database, database_url: str, temporal: WorkflowEnvironment, tmp_path: Path
) -> AsyncIterator[ApiProcess]:
    """The api as a process of its own, beside the workers of `fleet`."""
    (tmp_path / "skills").mkdir(exist_ok=True)
    process = ApiProcess(
        {
            "SKILL_FLEET_DATABASE_URL": database_url,
            "SKILL_FLEET_LIBRARY": str(tmp_path / "skills"),
            "TEMPORAL_ADDRESS": temporal.client.service_client.config.target_host,
            "TEMPORAL_CONFIG_FILE": os.devnull,
        }
    )
    await process.start()
    yield process
    await process.kill()


async def test_an_answer_sent_while_the_api_is_dead_is_still_there_and_counts_once_it_lives(
    api: ApiProcess, browser: Browser, fleet: Fleet
) -> None:
    acme.play(fleet.provider)
    site = Site(f"http://127.0.0.1:{api.port}", browser)
    author = Author(await site.visitor("ada"))
    author.visitor.watched.forgive("ERR_|Failed to fetch|network error|htmx:")
    page = author.page
    job = await author.start(acme.TASK)
    await author.is_asked("clarify")
    await page.evaluate(STAYS)
    typed = author.question(acme.DONE).get_by_role("textbox")
    await typed.fill("No breaking change is missed")

    await api.kill()
    for text in (acme.AUDIENCE, acme.PARTS):
        await author.question(text).get_by_label("You decide").check()
    await author.send()  # into the void
    await expect(author.told).to_contain_text("could not be reached")
    async with fleet.database.transaction() as session:
        await jobs.change(session, job, "meanwhile", "note", "Something happened meanwhile")

    await api.start()
    meanwhile = page.locator("#events li", has_text="Something happened meanwhile")
    await expect(meanwhile).to_have_count(1)
    await expect(typed).to_have_value("No breaking change is missed")
    await author.send()
    await author.is_asked("preview")
    numbers = await page.locator("#events li").evaluate_all(NUMBERS)
    assert numbers == [*range(1, len(numbers) + 1)]
    assert await page.evaluate("window.stays") is True
    assert await answers(fleet, job) == ["you decide", "you decide", "No breaking change is missed"]
    assert await site.close() == []
