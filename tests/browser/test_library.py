"""The library in a browser: what is typed is found without a reload, more is shown below, commands are copied."""

from playwright.async_api import Page, expect

from api.pages.library.page import ON_A_PAGE
from domain.skill import SkillStatus
from store.session import Database
from tests.support.browser import PHONE, Site
from tests.support.shelved import shelve, turn


async def skills_of(page: Page) -> list[str]:
    """The names on the cards, in order."""
    return await page.locator("#skills h3").all_inner_texts()


async def test_what_is_typed_is_found_at_once_and_the_field_keeps_its_focus(site: Site, database: Database) -> None:
    await shelve(database, "release-notes", tags="git")
    await shelve(database, "handling-user-data", category="operations")
    await shelve(database, "old-user-data", category="operations")
    await turn(database, "old-user-data", SkillStatus.DEPRECATED, "old")
    page = await (await site.visitor()).goto("/library")
    await page.get_by_label("Search by name").press_sequentially("user dta")
    await expect(page.locator("#found [role=status]")).to_contain_text("1 skill fits “user dta”")
    assert await skills_of(page) == ["handling-user-data"]
    await expect(page.get_by_label("Search by name")).to_be_focused()
    await expect(page.get_by_label("Search by name")).to_have_value("user dta")
    shelf = page.locator("#tree").get_by_role("link", name="Operations")
    await expect(shelf).to_have_attribute("href", "/library?q=user+dta&category=operations")
    await page.get_by_text("Shelf, tag,").click()
    await page.get_by_label("Which ones").select_option("deprecated")
    await expect(page.locator("#skills h3")).to_have_text(["old-user-data"])


async def test_more_is_shown_below_what_is_there(site: Site, database: Database) -> None:
    for n in range(ON_A_PAGE + 2):
        await shelve(database, f"skill-{n:03}")
    page = await (await site.visitor()).goto("/library?sort=name")
    await expect(page.locator("#skills > li")).to_have_count(ON_A_PAGE)
    await page.get_by_role("link", name="Show more").click()
    await expect(page.locator("#skills > li")).to_have_count(ON_A_PAGE + 2)
    await expect(page.get_by_role("link", name="Show more")).to_have_count(0)
    assert await skills_of(page) == [f"skill-{n:03}" for n in range(ON_A_PAGE + 2)]


async def test_without_javascript_all_of_it_is_links_and_forms(site: Site, database: Database) -> None:
    path = await shelve(database, "release-notes")
    await shelve(database, "release-notes", version="1.1.0", body="## Steps\n\nTwo.")
    page = await (await site.visitor(javascript=False)).goto("/library")
    await page.get_by_label("Search by name").fill("realease nots")
    await page.get_by_role("button", name="Search").click()
    assert await skills_of(page) == ["release-notes"]
    await page.get_by_role("link", name="release-notes").first.click()
    for tab in ("Versions", "Evidence", "Use", "Install", "Manage"):
        await page.get_by_label("About this skill").get_by_role("link", name=tab).click()
        await expect(page.get_by_label("About this skill").get_by_role("link", name=tab)).to_have_attribute(
            "aria-current", "page"
        )
    await page.goto(f"{site.url}/library/{path}?tab=versions")
    await page.get_by_role("button", name="Compare").click()
    await expect(page.get_by_role("heading", name="What 1.1.0 changed against 1.0.0")).to_be_visible()


async def test_a_phone_has_the_search_first_and_the_shelves_folded(site: Site, database: Database) -> None:
    await shelve(database, "release-notes")
    phone = await (await site.visitor(screen=PHONE, javascript=False)).goto("/library")
    places = [await phone.locator(at).bounding_box() for at in ("#search", "#tree", "#found")]
    tops = [place["y"] for place in places if place]
    assert tops == sorted(tops) and tops[-1] < PHONE["height"], "the list begins on the first screen"
    shelf = phone.locator("#tree").get_by_role("link", name="Everything")
    await expect(shelf).to_be_hidden()
    await phone.locator("#tree summary").click()
    await expect(shelf).to_be_visible()
    wide = await (await site.visitor(javascript=False)).goto("/library")
    await expect(wide.locator("#tree").get_by_role("link", name="Everything")).to_be_visible()
    await expect(wide.locator("#tree summary")).to_be_hidden()


async def test_an_install_command_is_copied_as_it_stands(site: Site, database: Database) -> None:
    path = await shelve(database, "release-notes")
    page = await (await site.visitor()).goto(f"/library/{path}?tab=install")
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.get_by_role("button", name="Copy").first.click()
    await expect(page.locator("#said")).to_have_text("Copied")
    copied = await page.evaluate("() => navigator.clipboard.readText()")
    assert copied == f"skill-fleet --api-url {site.url} skills install release-notes --agent claude --project"
