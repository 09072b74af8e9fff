"""A GET never changes anything: every page is read by its links, on a database with jobs in every state."""

import re

import httpx
from sqlalchemy import text

from store.session import Database
from store.tables import METADATA
from tests.support.browser import Site
from tests.support.states import every_state

MOST_PAGES = 700
LINK = re.compile(r'(href|src|hx-get|hx-sse:connect|action)="([^"#]+)')
HTML = {"Accept": "text/html"}


async def content(database: Database) -> dict[str, tuple[int, str]]:
    """Each table's number of rows, and a checksum of all that is in it."""
    found = {}
    async with database.transaction() as session:
        for table in METADATA.sorted_tables:
            whole = f"count(*), coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {table.name} t"
            count, checksum = (await session.execute(text(f"SELECT {whole}"))).one()
            found[table.name] = (count, checksum)
    return found


def links(page: str, markup: str) -> dict[str, bool]:
    """Where a page leads to on this site, as a crawler that knows nothing reads it; whether it promises to be there.

    The address of a form makes no such promise: it is not for reading.
    """
    here = httpx.URL(page)
    found: dict[str, bool] = {}
    for kind, link in LINK.findall(markup):
        there = here.join(link.replace("&amp;", "&"))
        if (there.host, there.port) == (here.host, here.port):
            found[str(there)] = found.get(str(there), False) or kind in ("href", "src")
    return found


async def test_a_crawler_that_follows_every_link_finds_it_and_changes_nothing(site: Site, database: Database) -> None:
    states = await every_state(database)
    before = await content(database)
    seen: dict[str, int] = {}
    promised: set[str] = set()
    waiting = [site.url + path for path in states.pages.values()]
    async with httpx.AsyncClient(follow_redirects=False, headers=HTML, timeout=60) as crawler:
        while waiting and len(seen) < MOST_PAGES:
            address = waiting.pop(0)
            if address in seen:
                continue
            async with crawler.stream("GET", address) as response:
                seen[address] = response.status_code
                if response.headers.get("content-type", "").startswith("text/html"):
                    await response.aread()
                    found = links(address, response.text)
                    promised |= {link for link, there in found.items() if there}
                    waiting += sorted(found.keys() - seen.keys())
    assert not waiting, f"more than {MOST_PAGES} pages: {waiting[:5]}"
    assert {address: status for address, status in seen.items() if status >= 500} == {}
    assert {address: seen[address] for address in promised if seen[address] >= 400} == {}
    assert len(seen) > 2 * len(states.pages)
    assert await content(database) == before
