"""(k) The page under readers: how long each address takes to its last byte while fifty people read and fifty browsers
follow a job live, and how many bytes the first visit loads. Beside a bare page under the same readers in the same run.
"""

import asyncio
import os
import re
import sys
import time
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from itertools import cycle, islice

import httpx

from deploy.ports import pick
from tests.bench.arithmetic import Goal, Table, halves, percentile
from tests.bench.site import Site
from tests.bench.systems import Ours
from tests.bench.wall import MARK
from tests.support.terminal import ROOT

READERS = 50
LIVE = re.compile(r'hx-sse:connect="([^"]+)"')
THINK = 5.0
"""Seconds that a reader looks at a page before the next, as people do who look for something."""

HASTE = 1.0
"""The same for people who only click: fifty of them ask for fifty pages a second, which is more than one process of
Python gives; told so that one sees how it fares then."""

OPENING = 0.25
"""Seconds between two browsers that open a job and follow it."""

PATIENCE = 60.0
"""Seconds beyond the time of reading after which a measurement is given up."""

SIDE_BY_SIDE = 20
"""Jobs that are on their way to their state at once."""


@dataclass
class Seen:
    """What readers saw of one page: milliseconds to its last byte, and how often it was refused for want of time."""

    times: list[float] = field(default_factory=list)
    refused: int = 0


Pages = dict[str, Seen]
"""By the name of the page."""


class Files(HTMLParser):
    """What a browser loads for a page: style sheets, icons, scripts, pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a file."""
        named = dict(attrs).get("href" if tag == "link" else "src") if tag in ("link", "script", "img") else None
        if named and named not in self.found:
            self.found.append(named)


async def first_visit(http: httpx.AsyncClient) -> dict[str, int]:
    """Bytes on the wire of the first page and of each of its files."""
    page = await http.get("/")
    files = Files()
    files.feed(page.text)
    loaded = {"/": page.num_bytes_downloaded}
    for name in files.found:
        response = await http.get(name)
        assert response.status_code == httpx.codes.OK, f"{name}: {response.status_code}"
        loaded[name.partition("?")[0]] = response.num_bytes_downloaded
    return loaded


async def prepare(ours: Ours, jobs: int) -> tuple[list[str], list[str]]:
    """Jobs in several states: of ten, one published, one ended early, two with an open preview, the others with
    questions. Gives the ids of those with a preview, and of the published ones.
    """
    published, previews = max(1, jobs // 10), max(1, jobs // 5)
    gate = asyncio.Semaphore(SIDE_BY_SIDE)

    async def one(at: int) -> str:
        name = f"{MARK}pages-{at:04d}"
        async with gate:
            await ours.start(name, "whole" if at < published + previews else "parked")
            await ours.until_waiting(name)
            if at < published:
                await ours.answer(name)
                await ours.until_done(name)
            elif at % 10 == 0:
                await ours.cancel(name)
        return ours.ids[name]

    ids = await asyncio.gather(*(one(at) for at in range(jobs)))
    return [job for at, job in enumerate(ids[published : published + previews], published) if at % 10], ids[:published]


async def addresses(http: httpx.AsyncClient, previews: Sequence[str], published: Sequence[str]) -> dict[str, str]:
    """What readers walk, by name."""
    [skill, *_] = (await http.get("/api/v1/skills")).raise_for_status().json()["skills"]
    return {
        "start": "/",
        "inbox": "/inbox",
        "job, open preview": f"/jobs/{previews[0]}",
        "job, published": f"/jobs/{published[0]}",
        "revision": f"/jobs/{published[0]}/revisions/1",
        "library": "/library",
        "skill": f"/library/{skill['path']}",
        "analytics": "/analytics",
        "settings": "/settings",
    }


async def read(
    http: httpx.AsyncClient, pages: Mapping[str, str], number: int, until: float, seen: Pages, think: float
) -> None:
    """One reader; each begins elsewhere, and at another moment."""
    await asyncio.sleep(think * number / READERS)
    for name in islice(cycle(pages), number, None):
        began = time.perf_counter()
        if began > until:
            return
        response = await http.get(pages[name])
        seen[name].times.append(1000 * (time.perf_counter() - began))
        seen[name].refused += response.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert response.status_code in (httpx.codes.OK, httpx.codes.SERVICE_UNAVAILABLE), f"{name}: {response.text}"
        await asyncio.sleep(think)


async def follow(http: httpx.AsyncClient, job: str) -> None:
    """A browser that has the job's page open; a stream that ends is opened again, as browsers do."""
    while (page := await http.get(f"/jobs/{job}")).status_code == httpx.codes.SERVICE_UNAVAILABLE:  # noqa: ASYNC110 - refused: asked for again
        await asyncio.sleep(HASTE)
    address = LIVE.search(page.text)
    assert address is not None, f"the page of an open job names no stream: {page.status_code}"
    while True:
        async with http.stream("GET", unescape(address[1]), headers={"Accept": "text/event-stream"}) as stream:
            assert stream.status_code == httpx.codes.OK, f"live: {stream.status_code}"
            async for _ in stream.aiter_raw():
                pass
        await asyncio.sleep(HASTE)


async def readers(base: str, pages: Mapping[str, str], seconds: float, think: float) -> Pages:
    """Let everybody read for so long. The first round is not counted. Raises TimeoutError when somebody waits on."""
    async with client(base) as http:
        for path in pages.values():
            await http.get(path)
        seen = {name: Seen() for name in pages}
        until = time.perf_counter() + seconds
        async with asyncio.timeout(seconds + PATIENCE), asyncio.TaskGroup() as people:
            for number in range(READERS):
                people.create_task(read(http, pages, number, until, seen, think))
    return seen


@asynccontextmanager
async def followed(base: str, jobs: Sequence[str]) -> AsyncIterator[None]:
    """Browsers that follow these jobs while the block runs; people do not come all at once."""
    async with client(base) as http:
        browsers = []
        try:
            for job in jobs:
                browsers.append(asyncio.create_task(follow(http, job)))
                await asyncio.sleep(OPENING)
            yield
            broken = [one.exception() for one in browsers if one.done()]
            assert not broken, f"streams that ended: {broken}"
        finally:
            for one in browsers:
                one.cancel()
            await asyncio.gather(*browsers, return_exceptions=True)


def client(base: str) -> httpx.AsyncClient:
    """Browsers enough for everybody."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=2)
    return httpx.AsyncClient(base_url=base, timeout=60, limits=limits)


@asynccontextmanager
async def bare() -> AsyncIterator[str]:
    """The bare page as a process of its own; gives its address."""
    port = pick(None, set())
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "uvicorn", "tests.bench.bare_page:app", "--port", str(port), "--no-access-log"],
        cwd=ROOT,
        env={"PATH": os.defpath},
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    try:
        async with asyncio.timeout(30), httpx.AsyncClient() as http:
            while True:
                with suppress(httpx.TransportError):
                    await http.get(f"http://127.0.0.1:{port}/")
                    break
                await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()


async def rows(site: Site, jobs: int, seconds: float) -> list[Table]:
    """Both tables."""
    site.slow(0.0)
    base = site.terminal.stack.api_url
    previews, published = await prepare(site.ours, jobs)
    async with httpx.AsyncClient(base_url=base, timeout=60) as http:
        loaded = await first_visit(http)
        pages = await addresses(http, previews, published)
    live = list(islice(cycle(previews), READERS))
    async with bare() as floor, followed(base, live):
        shown = {"bare page": "/", "bare file": "/file"}
        at_floor = await readers(floor, shown, seconds / 2, THINK)
        as_people = await readers(base, pages, seconds, THINK)
        in_haste = await readers(base, pages, seconds, HASTE)
    site.calls.forget()
    return [table_of(as_people, in_haste, at_floor, jobs), visit_table(loaded)]


def table_of(seen: Pages, haste: Pages, floor: Pages, jobs: int) -> Table:
    """How long each page takes, and how much longer than a bare one; then all of them for people in haste."""
    head = ("page", "p50 / p99", "÷ bare p50", "refused")
    table = Table(f"(k) Pages for {READERS} readers and {READERS} live streams, ms", head)
    least = percentile(floor["bare page"].times, 0.5)
    lines = [*seen.items(), (f"all, by people who look for {HASTE:g} s", together(haste)), *floor.items()]
    for name, found in lines:
        over = percentile(found.times, 0.5) / least
        table.rows.append((name, halves(found.times, 1), f"{over:.1f}", str(found.refused)))
    every = together(seen).times
    table.notes.append(
        f"{len(every)} pages, each to its last byte on loopback; {jobs} jobs in five states; "
        f"a reader looks at a page for {THINK:g} s. The bare page: FastAPI and a template, no database, under the same "
        "readers while the streams are open."
    )
    table.goals.append(Goal(f"(k) server time at {READERS} readers, p99", 100, percentile(every, 0.99), "ms"))
    return table


def together(seen: Pages) -> Seen:
    """All pages as one."""
    return Seen([one for found in seen.values() for one in found.times], sum(one.refused for one in seen.values()))


def visit_table(loaded: Mapping[str, int]) -> Table:
    """What the first visit loads."""
    table = Table("(k) Bytes of the first page with its files, gzipped", ("file", "bytes"))
    table.rows = [(name, f"{size:,}") for name, size in loaded.items()]
    total = sum(loaded.values()) / 1000
    table.rows.append(("all", f"{1000 * total:,.0f}"))
    table.goals.append(Goal("(k) first page with its files, gzipped", 60, total, "KB"))
    return table
