"""Pictures of every page as people have it: a real stack, a scripted model, a desktop and a phone, light and dark.

`python -m tests.browser.screenshots [folder]` writes `page-<name>-<desktop|phone>-<light|dark>.png`, by default into
`docs/images`; a minute. What is seen was made by hand in the browser (`tests/support/authors.py`), nothing is drawn.
"""

import asyncio
import re
import shutil
import sys
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

import httpx

from tests.support import acme
from tests.support.authors import Author
from tests.support.browser import PHONE, Scheme, Screen, Site, chromium
from tests.support.provider import Provider
from tests.support.terminal import ROOT, up

FOLDER = ROOT / "docs" / "images"
SCREENS: dict[str, Screen] = {"desktop": Screen(width=1200, height=760), "phone": PHONE}
SCHEMES: tuple[Scheme, Scheme] = ("light", "dark")

PATIENCE = 90_000
"""Milliseconds that a whole proof of a skill may take; it has ten times the calls of the tests' quick one."""

MONTHLY = "Write the monthly summary of all Acme CLI releases for customers who pay"
UPGRADE = "Write upgrade notes for the Acme CLI from its breaking changes, with the old and the new command"
ENTRY = "Write the changelog entry of one merged pull request of the Acme CLI"


async def answered(author: Author) -> None:
    """Answer the three questions as somebody does who knows."""
    await author.is_asked("clarify")
    await author.question(acme.AUDIENCE).get_by_label("Everyone who uses the CLI").check()
    await author.question(acme.PARTS).get_by_label("Dependency bumps").check()
    await author.question(acme.DONE).get_by_role("textbox").fill("Nobody asks what a breaking change means for them.")


async def published(author: Author) -> UUID:
    """A skill from the sentence to the library, with one round of feedback."""
    job = await author.start(acme.TASK)
    await answered(author)
    await author.send()
    await author.is_asked("preview")
    await author.revise(acme.FEEDBACK)
    await author.sees(author.page.get_by_text("What your feedback changed"))
    await author.approve()
    await author.publish()
    return job


async def half_answered(author: Author) -> UUID:
    """A job with questions, two of them answered and kept."""
    job = await author.start(MONTHLY)
    async with author.page.expect_response(re.compile("/draft$")):
        await answered(author)
    await author.sees(author.page.locator("#saved", has_text="Saved"))
    return job


async def previewed(author: Author) -> UUID:
    """A job whose second revision waits for approval."""
    job = await author.start(UPGRADE, questions=0)
    await author.is_asked("preview")
    await author.revise(acme.FEEDBACK)
    await author.sees(author.page.get_by_text("What your feedback changed"))
    return job


async def doubted(author: Author) -> UUID:
    """A job whose text lost its description by hand, and is not valid."""
    job = await author.start(ENTRY, questions=0)
    await author.is_asked("preview")
    whole = await author.page.locator("#decide [name=content]").input_value()
    await author.edit(whole.replace("description:", "about:", 1))
    await author.sees(author.page.locator("#prompt ins").filter(has_text="about:"))
    await author.approve()
    await author.is_asked("validate")
    return job


async def used(url: str) -> None:
    """Agents tell that they used the new skill."""
    outcomes = ["success"] * 7 + ["failure"] + ["unknown"] * 2
    events = [
        {"event_id": str(uuid4()), "skill": "write-release-notes", "agent": "claude-code", "outcome": outcome}
        for outcome in outcomes
    ]
    async with httpx.AsyncClient(base_url=url) as client:
        (await client.post("/api/v1/usage", json={"events": events}, headers={"X-User-Id": "grace"})).raise_for_status()


async def lived(site: Site) -> dict[str, str]:
    """Do what there shall be pictures of; gives the addresses of the pages by their names."""
    ada = Author(await site.visitor("ada"), patience=PATIENCE)
    asked = await half_answered(ada)  # first: once there is a skill that does nearly this, that is what is asked
    done = await published(ada)
    shown = await previewed(ada)
    invalid = await doubted(ada)
    await used(site.url)
    return {
        "start": "/",
        "inbox": "/inbox",
        "questions": f"/jobs/{asked}#prompt",
        "preview": f"/jobs/{shown}#prompt",
        "validation": f"/jobs/{invalid}#prompt",
        "published": f"/jobs/{done}",
        "revision": f"/jobs/{done}/revisions/2?show=split",
        "library": "/library",
        "skill": "/library/development/write-release-notes",
        "analytics": "/analytics",
        "settings": "/settings",
    }


async def draw(site: Site, pages: dict[str, str], folder: Path) -> None:
    """Draw every page as it is seen at first."""
    for screen, scheme in product(SCREENS, SCHEMES):
        visitor = await site.visitor("ada", screen=SCREENS[screen], scheme=scheme, calm=True)
        for name, path in pages.items():
            page = await visitor.goto(path)
            await page.screenshot(path=folder / f"page-{name}-{screen}-{scheme}.png", animations="disabled")
        await visitor.leave()


async def main(folder: Path) -> None:
    """Start a stack, live in it, draw it, and stop it."""
    with TemporaryDirectory() as place:
        library = Path(place) / "skills"
        shutil.copytree(ROOT / "skills", library, ignore=shutil.ignore_patterns("_drafts"))
        async with Provider.start() as provider, chromium() as browser:
            acme.play(provider)
            settings = {**provider.settings, "SKILL_FLEET_EVALUATION": "standard"}
            async with up(Path(place), **settings) as terminal:
                site = Site(terminal.stack.api_url, browser)
                await draw(site, await lived(site), folder)
                for wrong in await site.close():
                    sys.stderr.write(f"{wrong}\n")


if __name__ == "__main__":
    into = Path(sys.argv[1]) if sys.argv[1:] else FOLDER
    into.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(into))
