"""For everyone: axe finds nothing serious on any page in any state, no phone scrolls sideways, motion may be off."""

from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from store.session import Database
from tests.support.browser import DESKTOP, PHONE, Scheme, Screen, Site
from tests.support.states import every_state

GRAVE = {"serious", "critical"}
LOOKS: list[tuple[Screen, Scheme]] = [(DESKTOP, "light"), (PHONE, "dark")]
"""Colours do not hang on the width: each scheme once, each width once."""

MOVES = """() => document.getAnimations().filter(one => one.effect.getTiming().duration > 1).length
 + [...document.querySelectorAll('*')].filter(one => {
     const style = getComputedStyle(one);
     return style.scrollBehavior === 'smooth'
       || style.transitionDuration.split(',').some(each => parseFloat(each) > 0.01)
       || (style.animationName !== 'none' && parseFloat(style.animationDuration) > 0.01);
   }).length"""
"""How much on a page moves, or would."""


class Finding(NamedTuple):
    """What axe has against an element of a page."""

    page: str
    rule: str
    element: str


async def findings(page: Page, name: str) -> list[Finding]:
    """Everything serious or critical that axe finds on the page as it stands."""
    found = (await Axe().run(page)).response["violations"]
    grave = [one for one in found if one["impact"] in GRAVE]
    return [Finding(name, one["id"], node["html"][:160]) for one in grave for node in one["nodes"]]


async def wide(page: Page) -> list[str]:
    """What sticks out of a narrow page to the right, so that all of it scrolls sideways; nothing when it does not."""
    script = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')]
      .filter(one => one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 120))"""
    found: list[str] = await page.evaluate(script)
    return found[:3]


@dataclass
class Found:
    """What is wrong with pages, by their names."""

    grave: list[Finding] = field(default_factory=list)
    sideways: dict[str, list[str]] = field(default_factory=dict)
    moving: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    async def look(self, page: Page, name: str) -> None:
        """Look at a page with all that is folded on it open."""
        if await astray(page):
            self.lost.append(name)
        await page.evaluate("() => document.querySelectorAll('details').forEach(one => { one.open = true; })")
        self.grave += await findings(page, name)
        if out := await wide(page):
            self.sideways[name] = out
        if await page.evaluate(MOVES):
            self.moving.append(name)


async def astray(page: Page) -> bool:
    """Whether a page lacks a title of its own, its one heading, or the first Tab's way to its content."""
    titled = (await page.title()).endswith(" · Skill Fleet") and await page.locator("h1:not(article *)").count() == 1
    await page.evaluate("() => document.activeElement.blur()")
    skip = page.locator("a.skip")
    await skip.focus()
    return not titled or await skip.get_attribute("href") != "#main" or await page.get_by_role("main").count() != 1


@pytest.mark.parametrize(("screen", "scheme"), LOOKS, ids=["desktop-light", "phone-dark"])
async def test_every_page_in_every_state_is_for_everyone(
    site: Site, database: Database, screen: Screen, scheme: Scheme
) -> None:
    states = await every_state(database)
    visitor = await site.visitor("ada", screen=screen, scheme=scheme, calm=True)
    found = Found()
    for name, path in states.pages.items():
        await found.look(await visitor.goto(path), name)
    assert found == Found()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_form_that_says_no_and_empty_pages_are_for_everyone(site: Site, scheme: Scheme) -> None:
    visitor = await site.visitor("ada", scheme=scheme, screen=PHONE, calm=True)
    found = Found()
    page = await visitor.goto("/")
    await page.get_by_label("Say it in one sentence").fill("two words")
    await page.get_by_role("button", name="Make the skill").click()
    await expect(page.get_by_role("alert").filter(has_text="3 words").first).to_be_visible()
    await found.look(page, "start with errors")
    for path in ("/inbox", "/library", "/analytics", "/settings"):
        await found.look(await visitor.goto(path), f"empty {path}")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    found.grave += await findings(page, "keys")
    assert found == Found()
