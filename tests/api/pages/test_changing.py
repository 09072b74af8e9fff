"""A part of a page as a stream: only news, lines as streams end them, and on through a database that is away."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from sqlalchemy.exc import OperationalError

from api.hub import Hub
from api.pages.changing import changing, streamed


class Page:
    """What is shown, as a test changes it; the readings that are ordered to fail do."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.failing = 0
        self.readings = 0

    async def render(self) -> str:
        self.readings += 1
        if self.failing:
            self.failing -= 1
            raise OperationalError("SELECT 1", {}, OSError("away"))
        return self.html


async def read(frames: AsyncGenerator[str, None]) -> str:
    async with asyncio.timeout(10):
        return await anext(frames)


async def test_only_news_is_sent_and_silence_is_told() -> None:
    hub, page = Hub(), Page("one")
    async with aclosing(changing(hub, page.render, None, breath=0, heartbeat=0.05)) as frames:
        first = await read(frames)
        assert first.endswith("data: one\n\n") and first.startswith("id: ")
        assert await read(frames) == ": heartbeat\n\n"
        page.html = "two"
        hub.wake(None)
        assert "data: two\n" in await read(frames)


async def test_a_browser_that_has_the_state_is_told_nothing_but_that_the_stream_lives() -> None:
    hub, page = Hub(), Page("one")
    async with aclosing(changing(hub, page.render, None, breath=0)) as frames:
        state = (await read(frames)).partition("\n")[0].removeprefix("id: ")
    async with aclosing(changing(hub, page.render, state, breath=0, heartbeat=0.05)) as frames:
        assert [await read(frames), await read(frames)] == [": heartbeat\n\n"] * 2


async def test_every_kind_of_line_end_stays_within_its_frame() -> None:
    page = Page("a\r\nb\rc\n\nevent: x\nd\u2028e")
    async with aclosing(changing(Hub(), page.render, None, breath=0)) as frames:
        _, _, data = (await read(frames)).partition("\n")
    assert data == "data: a\ndata: b\ndata: c\ndata: \ndata: event: x\ndata: d\u2028e\n\n"


async def test_a_database_that_is_away_later_is_asked_again() -> None:
    hub, page = Hub(), Page("one")
    async with aclosing(changing(hub, page.render, None, breath=0, heartbeat=0.05)) as frames:
        await read(frames)
        page.html, page.failing = "two", 2
        while (frame := await read(frames)) == ": heartbeat\n\n":
            pass
    assert "data: two\n" in frame
    assert page.readings >= 4


async def test_many_changes_at_once_are_one_reading() -> None:
    hub, page = Hub(), Page("one")
    async with aclosing(changing(hub, page.render, None, breath=0.2)) as frames:
        await read(frames)
        coming = asyncio.create_task(read(frames))
        for n in range(20):
            page.html = f"{n}"
            hub.wake(None)
            await asyncio.sleep(0)
        assert "data: 19\n" in await coming
    assert page.readings == 2


async def test_what_is_wrong_at_first_is_no_stream() -> None:
    page = Page("one")
    page.failing = 1
    with pytest.raises(OperationalError):
        await streamed(changing(Hub(), page.render, None, breath=0))
