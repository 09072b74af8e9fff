"""The library's page: searched, narrowed, counted and paged, with nothing of a stranger's text run."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from api.pages.library.page import ON_A_PAGE, Search
from api.pages.library.tree import tree_of
from domain.library.usage import UsageOutcome
from domain.library.views import Count, Shown
from domain.skill import SkillStatus
from domain.taxonomy import default_taxonomy, parse_taxonomy
from store.session import Database
from tests.api.pages.by_hand import HTML, page
from tests.support.evaluated import a_report, evaluate
from tests.support.shelved import shelve, turn, use

PARTIAL = {**HTML, "HX-Request": "true", "HX-Request-Type": "partial"}
EVIL = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


def cards(text: str) -> list[str]:
    """The names on the cards, in order."""
    return [piece.partition('">')[2].partition("<")[0] for piece in text.split('<h3><a href="/library/')[1:]]


async def test_an_empty_library_says_what_to_do(client: httpx.AsyncClient) -> None:
    text, _ = await page(client, "/library")
    assert "Nothing is published yet" in text
    assert cards(text) == []


async def test_a_search_forgives_typing_errors_and_its_count_is_told(
    client: httpx.AsyncClient, database: Database
) -> None:
    for name in ("release-notes", "cleaning-tables"):
        await shelve(database, name)
    text, fields = await page(client, "/library?q=realease+nots")
    assert cards(text) == ["release-notes"]
    assert "1 skill fits" in text
    assert {"q", "category", "tag", "status", "sort"} <= fields.names
    text, _ = await page(client, "/library?q=nothing+like+that")
    assert "Nothing fits" in text
    assert "/?task=Create+a+skill+for+nothing+like+that" in text


async def test_shelf_tag_and_status_narrow_it_down(client: httpx.AsyncClient, database: Database) -> None:
    await shelve(database, "release-notes", tags="git")
    await shelve(database, "release-plans", tags="planning")
    await shelve(database, "old-notes", category="data", tags="git")
    await turn(database, "old-notes", SkillStatus.DEPRECATED, "too old", "release-notes")
    assert cards((await page(client, "/library"))[0]) == ["release-notes", "release-plans"]
    assert cards((await page(client, "/library?tag=GitHub"))[0]) == ["release-notes"]
    assert cards((await page(client, "/library?category=docs&status=any"))[0]) == ["release-notes", "release-plans"]
    text, _ = await page(client, "/library?status=deprecated")
    assert cards(text) == ["old-notes"]
    assert "too old" in text
    assert '<a href="/library/release-notes">release-notes</a> instead' in text
    assert (await client.get("/library?status=odd", headers=HTML)).status_code == 422


async def test_the_tree_counts_and_opens_the_shelf_that_is_looked_at(
    client: httpx.AsyncClient, database: Database
) -> None:
    await shelve(database, "release-notes", tags="git")
    await shelve(database, "sorting", category="data")
    text, _ = await page(client, "/library?category=documents")
    tree = text.partition('<ul class="tree">')[2]
    assert '>Everything</a> <span class="quiet">(2)' in tree
    assert '<a href="/library?category=documents" aria-current="true">Documents</a> <span class="quiet">(1)' in tree
    assert '<a href="/library?category=documents&amp;tag=git">git</a> <span class="quiet">(1)' in tree
    assert '<a href="/library?category=data">Data</a> <span class="quiet">(1)' in tree


def test_a_shelf_that_the_taxonomy_forgot_is_still_in_the_tree() -> None:
    taxonomy = parse_taxonomy(default_taxonomy())
    tree = tree_of(taxonomy, {"gone": 2, "data": 1}, "databases", [Count(value="sql", skills=1)])
    assert (tree.skills, tree.shelves[-1].name, tree.shelves[-1].skills) == (3, "gone", 2)
    [opened] = [shelf for shelf in tree.shelves if shelf.open]
    assert (opened.name, [tag.value for tag in opened.tags]) == ("data", ["sql"])


async def test_cards_say_what_was_gained_and_how_often_it_is_used(
    client: httpx.AsyncClient, database: Database
) -> None:
    await shelve(database, "release-notes")
    await shelve(database, "sorting")
    await evaluate(database, a_report("release-notes"))
    await evaluate(database, a_report("sorting", "0.9.0"))  # of another version: nothing is known of this one
    for days_ago in (0, 3, 40):
        await use(database, "release-notes", UsageOutcome.SUCCESS, days_ago)
    text, _ = await page(client, "/library")
    first, second = text.split('<li class="card"')[1:3]
    assert "worth keeping" in first
    assert "+50\N{NO-BREAK SPACE}points" in first
    assert "2 uses in 30 days" in first
    assert "never tried out" in second
    assert "no use in 30 days" in second


async def test_a_long_list_comes_in_pages_and_no_skill_is_lost(client: httpx.AsyncClient, database: Database) -> None:
    for n in range(ON_A_PAGE + 2):
        await shelve(database, f"skill-{n:03}")
    text, _ = await page(client, "/library?sort=name")
    first = cards(text)
    more = text.partition('id="more"><a href="')[2].partition('"')[0].replace("&amp;", "&")
    assert len(first) == ON_A_PAGE
    text, _ = await page(client, more)
    assert first + cards(text) == [f"skill-{n:03}" for n in range(ON_A_PAGE + 2)]
    assert "Back to the first" in text
    assert (await client.get("/library?cursor=nonsense", headers=HTML)).status_code == 422


async def test_htmx_gets_the_list_and_the_shelves_alone(client: httpx.AsyncClient, database: Database) -> None:
    await shelve(database, "release-notes")
    part = await client.get("/library?q=notes", headers=PARTIAL)
    assert part.text.lstrip().startswith('<section id="found"')
    assert cards(part.text) == ["release-notes"]
    assert '<a href="/library?q=notes&amp;category=data">Data</a>' in part.text  # a shelf's link keeps the words
    assert "<html" not in part.text
    assert part.headers["Cache-Control"] == "no-store"
    whole = await client.get("/library?q=notes", headers={**PARTIAL, "HX-Request-Type": "full"})
    assert whole.text.startswith("<!doctype html>")


async def test_what_strangers_write_is_text(client: httpx.AsyncClient, database: Database) -> None:
    await shelve(database, "release-notes", description=f"'{EVIL}'", tags=EVIL.replace(" ", ""))
    for path in ("/library", f"/library?q={EVIL}", f"/library?tag={EVIL}", f"/library?category={EVIL[:60]}"):
        text, fields = await page(client, path)
        assert "<img src=x" not in text
        assert "<script>alert" not in text
        assert fields.inline == 0
    assert "&lt;img src=x" in (await page(client, "/library"))[0]


async def test_commands_name_the_address_that_was_asked(client: httpx.AsyncClient) -> None:
    response = await client.get("http://localhost:4711/library", headers=HTML)
    assert "npx skills add http://localhost:4711<" in response.text
    for path in ("/.well-known/agent-skills/index.json", "/.claude-plugin/marketplace.json", "/api/v1/taxonomy/xml"):
        assert f'href="{path}"' in response.text
        assert (await client.get(path)).status_code == 200


async def test_without_a_database_the_page_says_so(cut_off: httpx.AsyncClient) -> None:
    response = await cut_off.get("/library", headers=HTML)
    assert (response.status_code, "<h1>" in response.text) == (503, True)


@pytest.mark.parametrize(
    ("asked", "changed", "wanted"),
    [
        (Search(), {}, {}),
        (Search(q="a&b=c", status=Shown.ANY), {"tag": "x y"}, {"q": ["a&b=c"], "status": ["any"], "tag": ["x y"]}),
        (Search(category="data", tag="sql"), {"tag": ""}, {"category": ["data"]}),
    ],
)
def test_the_address_keeps_what_was_chosen(
    asked: Search, changed: dict[str, str], wanted: dict[str, list[str]]
) -> None:
    assert parse_qs(urlsplit(asked.url(**changed)).query) == wanted
