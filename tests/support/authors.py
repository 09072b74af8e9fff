"""What an author does on the pages, by the words that stand there: start, answer, approve, revise, publish.

Every method waits for what a person would see, and for nothing else. The same methods work without JavaScript.
"""

import asyncio
import re
from uuid import UUID

from playwright.async_api import Locator, Page, expect
from pydantic import JsonValue

from domain.prompt import HitlType
from tests.support.browser import WITHIN, Visitor
from tests.support.fleet import Fleet

TITLES = {
    "clarify": "A few questions",
    "deep_understanding": "A few more questions",
    "confirm": "Shall it be written like this?",
    "preview": "Read the skill",
    "validate": "Validation found something",
    "budget": "The budget is spent",
}
"""What stands above a prompt, by its kind."""

STARTED = re.compile(r"/jobs/[0-9a-f-]{36}")


class Author:
    """A person at the pages. `again` reloads while waiting: what one without JavaScript does. `patience`: milliseconds
    that they wait for something to be seen."""

    def __init__(self, visitor: Visitor, *, again: bool = False, patience: float = WITHIN) -> None:
        self.visitor = visitor
        self.page: Page = visitor.page
        self._again = again
        self._patience = patience

    @property
    def job(self) -> UUID:
        """The job whose page is open."""
        return UUID(self.page.url.partition("/jobs/")[2][:36])

    async def start(self, sentence: str, *, questions: int | None = None) -> UUID:
        """Say the sentence; the job's page is there afterwards."""
        await self.visitor.goto("/")
        await self.page.get_by_label("Say it in one sentence").fill(sentence)
        if questions is not None:
            await self.page.locator("#options > summary").click()
            await self.page.get_by_label(re.compile("Questions in a round")).fill(str(questions))
        await self.page.get_by_role("button", name="Make the skill").click()
        await self.page.wait_for_url(STARTED)
        return self.job

    async def look_at(self, job: UUID) -> None:
        """Open a job's page."""
        await self.visitor.goto(f"/jobs/{job}")

    async def sees(self, what: Locator) -> Locator:
        """Wait until this is to be seen; without JavaScript, by looking again."""
        if self._again:
            for _ in range(100):
                if await what.count():
                    break
                await asyncio.sleep(0.2)
                await self.page.goto(self.page.url.partition("#")[0])
        await expect(what.first).to_be_visible(timeout=self._patience)
        return what.first

    async def is_asked(self, kind: str) -> Locator:
        """Wait for an open prompt of this kind."""
        return await self.sees(self.page.get_by_role("heading", name=TITLES[kind], exact=True))

    @property
    def told(self) -> Locator:
        """What the page says is wrong."""
        return self.page.get_by_role("alert").filter(has_text=re.compile(r"\S")).first

    def question(self, text: str) -> Locator:
        """The card of one question."""
        return self.page.get_by_role("group", name=re.compile(re.escape(text)))

    async def press(self, words: str | re.Pattern[str]) -> None:
        """Press the button with these words."""
        await self.page.get_by_role("button", name=words, exact=isinstance(words, str)).first.click()

    async def decide_rest(self) -> None:
        """Leave every question that has no answer yet to the model, and send."""
        for card in await self.page.locator("#prompt fieldset").all():
            if not await card.locator(":checked").count():
                await card.get_by_label("You decide", exact=True).check()
        await self.send()

    async def send(self) -> None:
        """Send the answers to the questions."""
        await self.page.locator("#decide button[value=proceed]").click()

    async def revise(self, feedback: str) -> None:
        """Ask for a change of the skill that is shown."""
        await self._folded("revise", "feedback", feedback)

    async def edit(self, text: str) -> None:
        """Hand in a text of one's own."""
        await self._folded("edit", "content", text)

    async def approve(self) -> None:
        """Approve what the preview shows."""
        await self.page.locator("#decide button[value=proceed]").click()

    async def publish(self) -> None:
        """Publish the draft; wait until it lies in the library."""
        await (await self.sees(self.page.get_by_role("button", name="Publish in the library"))).click()
        await self.sees(self.page.get_by_role("heading", name="Published", exact=True))

    async def waive(self, reason: str) -> None:
        """Let what is ticked stand."""
        await self._folded("waive", "reason", reason)

    async def _folded(self, action: str, field: str, text: str) -> None:
        form, button = self.page.locator("#decide"), self.page.locator(f"button[name=action][value={action}]")
        if not await button.is_visible():
            await form.locator("details", has=button).locator("> summary").click()
        await form.locator(f"[name={field}]").fill(text)
        await button.click()


async def answers(fleet: Fleet, job: UUID) -> list[JsonValue]:
    """What was answered to the first questions of a job, in their order."""
    first = next(one for one in await fleet.interactions(job) if one.interaction_type is HitlType.CLARIFY)
    given = (first.response_data or {})["answers"]
    assert isinstance(given, dict)
    return [*given.values()]
