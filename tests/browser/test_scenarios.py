"""The scenarios of the product, A to E, by hand in a browser: from a sentence to a skill in the library."""

import re

import pytest
from playwright.async_api import expect

from tests.support import acme
from tests.support.authors import Author, answers
from tests.support.browser import Site
from tests.support.fleet import Fleet

BROKEN = "---\nname: write-release-notes\nabout: nothing\n---\n\n# Release notes\n\nTODO: write this.\n"
"""A skill without its description, which the format asks for."""


@pytest.fixture
async def author(fleet: Fleet, site: Site) -> Author:
    acme.play(fleet.provider)
    return Author(await site.visitor("ada"))


async def test_a_b_e_half_an_answer_is_kept_and_a_whole_one_becomes_a_published_skill(
    author: Author, fleet: Fleet
) -> None:
    page = author.page
    job = await author.start(acme.TASK)
    await author.is_asked("clarify")
    await author.question(acme.AUDIENCE).get_by_label("Everyone who uses the CLI").check()
    async with page.expect_response("**/answer") as sent:
        await author.send()
    assert (await sent.value).status == 422
    told = author.told
    await expect(told).to_contain_text("Some answers are still missing")
    await expect(told).to_contain_text(acme.PARTS)
    await expect(told).to_contain_text(acme.DONE)
    await expect(told).not_to_contain_text(acme.AUDIENCE)

    await author.look_at(job)  # what was answered is kept, also when the page is read again
    await expect(author.question(acme.AUDIENCE).get_by_label("Everyone who uses the CLI")).to_be_checked()
    parts = author.question(acme.PARTS)
    await parts.get_by_label("Refactorings").check()
    await parts.get_by_label("Or in your own words").first.fill("changes to the changelog itself")
    await author.question(acme.DONE).get_by_label("You decide").check()
    await author.send()

    await author.is_asked("preview")
    await expect(page.locator("article.skill h1, article.skill h2").first).to_contain_text("Release Notes")
    assert await page.locator("article.skill pre span[class]").count() > 0, "no code is highlighted"
    understood = await fleet.job(job)
    assert understood.result.understanding_summary and understood.draft_path
    given = await answers(fleet, job)
    assert given[1] == ["o2", "changes to the changelog itself"] and given[2] == "you decide"

    await author.approve()
    await author.publish()
    await page.locator('#publish a[href^="/library/"]').click()
    await expect(page.get_by_role("heading", name="write-release-notes", level=1)).to_be_visible()
    await page.goto(f"{author.visitor.url}/library")
    await expect(page.get_by_role("link", name=re.compile("write-release-notes")).first).to_be_visible()
    done = await fleet.job(job)
    assert done.promoted and done.final_path == "development/write-release-notes"


async def test_c_feedback_makes_a_new_revision_that_shows_what_it_changed(author: Author, fleet: Fleet) -> None:
    page = author.page
    job = await author.start(acme.TASK, questions=0)
    await author.is_asked("preview")
    before = await page.locator("article.skill").inner_text()
    await author.revise(acme.FEEDBACK)
    await author.sees(page.get_by_text("What your feedback changed"))
    prompt = page.locator("#prompt")
    await expect(prompt).to_contain_text(acme.FEEDBACK)
    await expect(prompt.locator("ins").filter(has_text="--silent").first).to_be_visible()
    assert await prompt.locator("del").count() == 0
    after = await page.locator("article.skill").inner_text()
    assert "--silent" in after and "--silent" not in before
    await author.approve()
    await author.sees(page.get_by_role("button", name="Publish in the library"))
    assert (await fleet.job(job)).feedback == [acme.FEEDBACK]


async def test_d_what_validation_finds_is_told_exactly_and_fix_issues_mends_it(author: Author, fleet: Fleet) -> None:
    page = author.page
    job = await author.start(acme.TASK, questions=0)
    await author.is_asked("preview")
    whole = await page.locator("#decide [name=content]").input_value()
    await author.edit(whole.replace("description:", "about:", 1))
    await author.sees(page.locator("#prompt ins").filter(has_text="about:"))
    await author.approve()
    await author.is_asked("validate")
    found = page.locator("#prompt .findings")
    await expect(found).to_contain_text("description")
    await expect(found).to_contain_text("error")
    assert (await fleet.job(job)).status == "pending_review"
    await author.press("Fix issues")
    await author.sees(page.get_by_role("button", name="Publish in the library"))
    assert (await fleet.job(job)).validation_passed


async def test_d_findings_are_let_stand_one_by_one_with_a_reason(author: Author, fleet: Fleet) -> None:
    page = author.page
    job = await author.start(acme.TASK, questions=0)
    await author.is_asked("preview")
    await author.edit(BROKEN)
    await author.sees(page.locator("article.skill").get_by_text("TODO: write this."))
    await author.approve()
    await author.is_asked("validate")
    boxes = page.locator("#prompt .findings input[type=checkbox]")
    assert await boxes.count() >= 2, "each error has a box of its own"
    await boxes.first.check()
    await author.waive("a try-out")
    await expect(author.told).to_be_visible()  # the others still stand
    await expect(boxes.first).to_be_checked()
    await expect(page.locator("#decide [name=reason]")).to_have_value("a try-out")
    for box in await boxes.all():
        await box.check()
    await author.waive("a try-out")
    await author.sees(page.get_by_role("heading", name="Publish it"))
    assert (await fleet.job(job)).status == "completed"


async def test_a_cancelled_job_says_who_and_why(author: Author, fleet: Fleet) -> None:
    page = author.page
    await author.start(acme.TASK)
    await author.is_asked("clarify")
    await page.locator("details#cancel > summary").click()
    await page.get_by_label(re.compile("Why")).last.fill("the CLI is retired")
    await page.locator("details#cancel button").click()
    await author.sees(page.locator("#head").get_by_text("the CLI is retired"))
    await expect(page.locator("#head").get_by_text(re.compile("cancelled")).first).to_be_visible()
