"""Several people, several browsers: what one types the other finds, who looks is seen, and a race has a fair loser."""

from playwright.async_api import expect

from domain.prompt import HitlType
from store.session import Database
from tests.support import acme
from tests.support.authors import Author
from tests.support.browser import Site
from tests.support.fleet import Fleet
from tests.support.rows import make_job, make_prompt
from tests.support.states import shown_at


async def test_two_reviewers_see_each_other_come_and_go(site: Site, database: Database) -> None:
    job = await make_job(database, user="ada")
    await make_prompt(database, job, data=shown_at(HitlType.CLARIFY))
    ada, grace = Author(await site.visitor("ada")), Author(await site.visitor("grace"))
    await ada.look_at(job)
    watching = ada.page.locator("#watching")
    await expect(watching).not_to_contain_text("grace")
    await grace.look_at(job)
    await expect(watching).to_contain_text("grace")
    await expect(grace.page.locator("#watching")).to_contain_text("ada")
    await grace.page.goto(f"{site.url}/library")
    await expect(watching).not_to_contain_text("grace")


async def test_who_loses_a_race_is_told_who_won_and_keeps_what_was_typed(fleet: Fleet, site: Site) -> None:
    acme.play(fleet.provider)
    ada, grace = Author(await site.visitor("ada")), Author(await site.visitor("grace"))
    job = await ada.start(acme.TASK)
    await ada.is_asked("clarify")
    await grace.page.route("**/live*", lambda route: route.abort())  # her page hears of nothing
    grace.visitor.watched.forgive("ERR_FAILED|Failed to fetch|htmx:")
    await grace.look_at(job)
    await grace.question(acme.DONE).get_by_role("textbox").fill("No breaking change is missed")
    async with grace.page.expect_response("**/answer") as sent:
        await ada.decide_rest()
        await ada.sees(ada.page.locator("#prompt").get_by_role("heading", name="Read the skill"))
        for text in (acme.AUDIENCE, acme.PARTS):
            await grace.question(text).get_by_label("You decide").check()
        await grace.send()
    assert (await sent.value).status == 409
    await expect(grace.told).to_contain_text("ada")
    await expect(grace.page.locator("#left")).to_contain_text("No breaking change is missed")
    [answered] = [one for one in await fleet.interactions(job) if one.interaction_type is HitlType.CLARIFY]
    assert answered.responded_by == "ada"


async def test_a_prompt_that_another_answers_goes_away_live_and_typed_text_does_not(fleet: Fleet, site: Site) -> None:
    acme.play(fleet.provider)
    ada, grace = Author(await site.visitor("ada")), Author(await site.visitor("grace"))
    job = await ada.start(acme.TASK)
    await ada.is_asked("clarify")
    await grace.look_at(job)
    await grace.question(acme.DONE).get_by_role("textbox").fill("No breaking change is missed")
    await ada.decide_rest()
    await grace.is_asked("preview")
    await expect(grace.page.locator("#left")).to_contain_text("No breaking change is missed")
