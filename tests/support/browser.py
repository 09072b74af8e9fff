"""A real Chromium for tests: who visits, what they saw that nobody should, and the pages they leave.

`Site` is a served application that people visit; each `Visitor` is a browser of their own. What a page must never do
(an error in the console, a request to another host, an alert) is collected all the while and told at the end.
"""

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal, TypedDict
from urllib.parse import urlsplit

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Error,
    Page,
    Request,
    WebError,
    async_playwright,
    expect,
)

from api.dependencies import USER_COOKIE

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = "The tests in a browser need Chromium: install the package chromium (Debian: apt-get install chromium)."
QUIETLY = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--force-color-profile=srgb"),
)
"""No sandbox, because tests run as root in containers; the rest keeps the browser from talking to its maker."""

WITHIN = 15_000
"""Milliseconds that something may take to be seen, on a machine that runs other tests beside."""

REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4(?:04|09|10|13|22|03) ")
"""What Chromium writes into the console about a page that says no, as it should. Everything else is a fault."""

Scheme = Literal["light", "dark"]


class Screen(TypedDict):
    """A size of the window in CSS pixels."""

    width: int
    height: int


DESKTOP = Screen(width=1280, height=900)
PHONE = Screen(width=360, height=740)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A headless Chromium of this machine, or Playwright's own. Raises RuntimeError with what to install."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    expect.set_options(timeout=WITHIN)
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(executable_path=found, args=[*QUIETLY])
        except Error as error:
            raise RuntimeError(f"{MISSING}\n{error.message}" if found is None else error.message) from error
        try:
            yield browser
        finally:
            await browser.close()


class Watched:
    """What went wrong in one browser; `forgiven` are patterns of what a test brings about itself."""

    def __init__(self, context: BrowserContext) -> None:
        self.wrong: list[str] = []
        self.forgiven: list[re.Pattern[str]] = [REFUSED]
        context.on("console", self._said)
        context.on("weberror", self._broke)
        context.on("request", self._asked)
        context.on("dialog", self._popped)

    def forgive(self, pattern: str) -> None:
        """Take no offence at this from now on."""
        self.forgiven.append(re.compile(pattern))

    def _note(self, text: str) -> None:
        if not any(pattern.search(text) for pattern in self.forgiven):
            self.wrong.append(text)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._note(f"{message.text} ({message.location.get('url', '')})")

    def _broke(self, error: WebError) -> None:
        self._note(f"{error.error}")

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).hostname != "127.0.0.1" and not request.url.startswith(("data:", "about:")):
            self._note(f"a request left this machine: {request.url}")

    async def _popped(self, dialog: Dialog) -> None:
        self._note(f"{dialog.type}: {dialog.message}")
        await dialog.dismiss()


class Visitor:
    """A person at a browser of their own."""

    def __init__(self, url: str, name: str, page: Page, watched: Watched) -> None:
        self.url = url
        self.name = name
        self.page = page
        self.watched = watched

    async def goto(self, path: str) -> Page:
        """Go to a page by its address; wait until it is there, not for its streams."""
        await self.page.goto(self.url + path, wait_until="load")
        return self.page

    async def leave(self) -> None:
        """Close the browser."""
        await self.page.context.close()


class Site:
    """A served application, and who visits it."""

    def __init__(self, url: str, browser: Browser) -> None:
        self.url = url
        self._browser = browser
        self._visitors: list[Visitor] = []

    async def visitor(
        self,
        name: str = "local",
        *,
        screen: Screen = DESKTOP,
        scheme: Scheme = "light",
        javascript: bool = True,
        calm: bool = False,
    ) -> Visitor:
        """A person with a fresh browser, under this name; `calm`: one who wants no motion."""
        context = await self._browser.new_context(
            viewport={"width": screen["width"], "height": screen["height"]},
            color_scheme=scheme,
            java_script_enabled=javascript,
            reduced_motion="reduce" if calm else "no-preference",
            locale="en-GB",
            timezone_id="UTC",
        )
        context.set_default_timeout(WITHIN)
        if name != "local":
            await context.add_cookies([{"name": USER_COOKIE, "value": name, "url": self.url}])
        watched = Watched(context)
        visitor = Visitor(self.url, name, await context.new_page(), watched)
        self._visitors.append(visitor)
        return visitor

    async def close(self) -> list[str]:
        """Everybody leaves; gives what went wrong in any browser."""
        for visitor in self._visitors:
            await visitor.leave()
        return [f"{visitor.name}: {text}" for visitor in self._visitors for text in visitor.watched.wrong]
