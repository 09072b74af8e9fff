"""Everything works without JavaScript: the whole way from a sentence to the library, by forms and links alone."""

from playwright.async_api import expect

from tests.support import acme
from tests.support.authors import Author
from tests.support.browser import Site
from tests.support.fleet import Fleet


async def test_a_sentence_becomes_a_skill_in_the_library_without_a_script(fleet: Fleet, site: Site) -> None:
    acme.play(fleet.provider)
    author = Author(await site.visitor("ada", javascript=False), again=True)
    page = author.page
    job = await author.start(acme.TASK)
    await author.is_asked("clarify")
    await author.question(acme.AUDIENCE).get_by_label("Our own engineers").check()
    await author.send()
    await expect(author.told).to_contain_text(acme.PARTS)
    await expect(author.question(acme.AUDIENCE).get_by_label("Our own engineers")).to_be_checked()
    await author.decide_rest()
    await author.is_asked("preview")
    await author.revise(acme.FEEDBACK)
    await author.sees(page.get_by_text("What your feedback changed"))
    await author.approve()
    await author.publish()
    await page.locator('#publish a[href^="/library/"]').click()
    await expect(page.get_by_role("heading", name="write-release-notes", level=1)).to_be_visible()
    assert (await fleet.job(job)).promoted


async def test_every_page_says_what_it_has_without_a_script(site: Site) -> None:
    ada = await site.visitor("ada", javascript=False)
    for path in ("/", "/inbox", "/library", "/analytics", "/settings"):
        page = await ada.goto(path)
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        await expect(page.get_by_role("navigation", name="Main").get_by_role("link", name="Inbox")).to_be_visible()
