"""A job's page as a browser has it open: it reads the stream, and applies the parts as htmx does."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import httpx

from tests.support.sse import blocks

PARTIAL = re.compile(r'<hx-partial hx-target="#(\w+)" hx-swap="(\w+)">(.*?)</hx-partial>', re.DOTALL)
LINE = re.compile(r'<li id="event-(\d+)">')
HTML = {"Accept": "text/html"}


def part(text: str, name: str) -> str:
    """The element with this id, cut out of a page."""
    start = text.index(f'id="{name}"')
    start = text.rindex("<", 0, start)
    tag = re.match(r"<(\w+)", text[start:])
    assert tag is not None
    depth = 0
    for found in re.finditer(rf"<(/?){tag[1]}\b[^>]*>", text[start:]):
        depth += -1 if found[1] else 1
        if depth == 0:
            return text[start : start + found.end()]
    raise AssertionError(f"{name} has no end")


class Screen:
    """What one page shows. `parts`: what was sent for each element, in its order; `at`: its place in the story."""

    def __init__(self, text: str) -> None:
        self.lines = [int(number) for number in LINE.findall(text)]
        found = re.search(r'hx-sse:connect="([^"]+)"', text)
        self.live = found[1].replace("&amp;", "&") if found else ""
        self.at: str | None = None
        self.ids: list[str] = []
        self.parts: dict[str, list[str]] = {}
        self.ended = False

    @classmethod
    async def open(cls, client: httpx.AsyncClient, job: UUID) -> "Screen":
        """The page, read."""
        response = await client.get(f"/jobs/{job}", headers=HTML)
        assert response.status_code == 200, response.text
        return cls(response.text)

    @asynccontextmanager
    async def connected(self, client: httpx.AsyncClient) -> AsyncIterator[AsyncIterator[str]]:
        """The stream, from where this page stands; gives the kind of each message once it is applied."""
        headers = {"Accept": "text/html, text/event-stream"} | ({"Last-Event-ID": self.at} if self.at else {})
        async with client.stream("GET", self.live, headers=headers) as response:
            assert response.headers["content-type"].startswith("text/event-stream"), response.status_code
            yield self._applied(response)

    async def until(self, client: httpx.AsyncClient, seen: Callable[["Screen"], bool], within: float = 20) -> None:
        """Follow until this is so, then cut the connection."""
        async with asyncio.timeout(within), self.connected(client) as messages:
            async for _ in messages:
                if seen(self):
                    return
        assert seen(self), "the stream ended before"

    async def to_the_end(self, client: httpx.AsyncClient, within: float = 20) -> None:
        """Follow until the page is told that nothing more comes."""
        await self.until(client, lambda screen: screen.ended, within)

    def last(self, name: str) -> str:
        """What was sent last for an element; empty when nothing was."""
        return self.parts.get(name, [""])[-1]

    async def _applied(self, response: httpx.Response) -> AsyncIterator[str]:
        async for block in blocks(response):
            fields: dict[str, list[str]] = {}
            for line in block.split("\n"):
                name, _, value = line.partition(": ")
                fields.setdefault(name, []).append(value)
            if "id" in fields:
                self.at = fields["id"][0]
                self.ids.append(self.at)
            if fields.get("event") == ["ended"]:
                self.ended = True
            self._apply("\n".join(fields.get("data", [])))
            yield block
            if self.ended:
                return

    def _apply(self, html: str) -> None:
        for name, swap, inner in PARTIAL.findall(html):
            if name == "events":
                assert swap == "beforeend"
                self.lines += [int(number) for number in LINE.findall(inner)]
            self.parts.setdefault(name, []).append(inner)
