"""The frame of every page: no inline code, a nonce of its own, keys that are told once, words for when things fail."""

import re
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from api.dependencies import USER_COOKIE
from api.pages.frame import API
from tests.api.conftest import served
from tests.api.pages.by_hand import HTML

TEMPLATES = sorted((API / "templates").rglob("*.html"))
SCRIPT = (API / "static" / "page.js").read_text(encoding="utf-8")
MOST_LINES = 210

INLINE = re.compile(
    r"<style|<script(?![^>]*\bsrc=)[^>]*>|\sstyle\s*=|\son[a-z]+\s*=|\shx-on\b|javascript:|\bhx-vals='?\"?js:"
    r"|hx-trigger=\"[^\"]*\[[^\"]*\"",
    re.IGNORECASE,
)
"""What the content policy forbids, or htmx would have to evaluate."""

each_template = pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: str(file.relative_to(API / "templates")))


@pytest.mark.parametrize(
    "bad",
    [
        '<p style="color: red">',
        "<style>p {}</style>",
        "<script>alert(1)</script>",
        '<script nonce="x">alert(1)</script>',
        '<button onclick="go()">',
        '<a href="javascript:go()">',
        '<p hx-on:click="go()">',
        "<p hx-vals='js:{a: 1}'>",
        '<p hx-trigger="click[ctrlKey]">',
    ],
)
def test_the_scan_knows_inline_code(bad: str) -> None:
    assert INLINE.search(bad)


@each_template
def test_no_template_has_inline_code(file: Path) -> None:
    assert [found[0] for found in INLINE.finditer(file.read_text(encoding="utf-8"))] == []


@each_template
def test_every_script_carries_the_nonce(file: Path) -> None:
    scripts = re.findall(r"<script\b[^>]*>", file.read_text(encoding="utf-8"))
    assert [script for script in scripts if 'nonce="{{ nonce }}"' not in script] == []


def nonces(response: httpx.Response) -> set[str]:
    """The one nonce of an HTML answer, as its scripts carry it; the policy must name the same."""
    policy = re.findall(r"'nonce-([^']+)'", response.headers["Content-Security-Policy"])
    scripts = re.findall(r"<script\b([^>]*)>", response.text)
    carried = {nonce for script in scripts for nonce in re.findall(r'nonce="([^"]+)"', script)}
    assert len(policy) == 1
    assert scripts
    assert all("nonce=" in script for script in scripts)
    assert carried == set(policy)
    return carried


@pytest.fixture
def failing(app: FastAPI) -> FastAPI:
    """The application with one more page, which has a bug."""
    router = APIRouter()

    @router.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError("the password is hunter2")

    app.include_router(router)
    return app


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/inbox", 200), ("/library", 200), ("/nowhere", 404)])
async def test_each_page_has_a_nonce_of_its_own(client: httpx.AsyncClient, path: str, status: int) -> None:
    first, second = [await client.get(path, headers=HTML) for _ in range(2)]
    assert (first.status_code, second.status_code) == (status, status)
    assert not nonces(first) & nonces(second)


async def test_so_have_the_pages_of_failures(cut_off: httpx.AsyncClient, failing: FastAPI) -> None:
    away = await cut_off.get("/inbox", headers=HTML)
    assert away.status_code == 503
    async with served(failing) as client:
        bug = await client.get("/broken", headers=HTML)
    assert bug.status_code == 500
    assert "hunter2" not in bug.text
    assert not nonces(away) & nonces(bug)


async def test_what_no_browser_reads_as_a_page_lets_no_script_in(cut_off: httpx.AsyncClient) -> None:
    for path in ("/api/v1/health/live", "/static/page.js", "/nowhere"):
        assert "script-src" not in (await cut_off.get(path)).headers["Content-Security-Policy"]


async def frame(client: httpx.AsyncClient, path: str = "/nowhere") -> str:
    """Any page; one that is not there has the same frame, and needs no database."""
    return (await client.get(path, headers=HTML)).text


@pytest.mark.parametrize(
    ("path", "current"), [("/inbox/x", "/inbox"), ("/library/a/b", "/library"), ("/jobs/x/y", "/"), ("/inboxes", None)]
)
async def test_the_navigation_says_where_one_is(cut_off: httpx.AsyncClient, path: str, current: str | None) -> None:
    found = re.findall(r'<a href="([^"]+)" aria-current="page">', await frame(cut_off, path))
    assert found == ([current] if current else [])


async def test_it_says_who_reads_and_never_runs_their_name(cut_off: httpx.AsyncClient) -> None:
    cut_off.cookies.set(USER_COOKIE, "ada<b>")
    text = await frame(cut_off)
    assert "You are ada&lt;b&gt;" in text
    assert '<label for="who-name">' in text


async def test_it_has_places_for_what_page_js_says_and_a_version(cut_off: httpx.AsyncClient) -> None:
    text = await frame(cut_off)
    assert '<p id="said" role="status"></p>' in text
    assert '<p id="failed" role="alert" hidden></p>' in text
    assert re.search(r"<span>Skill Fleet \d+\.\d+\.\d+</span>", text)
    for name in set(re.findall(r'byId\("([a-z-]+)"\)', SCRIPT)) - {"connection"}:  # which only a job's page has
        assert f'id="{name}"' in text


async def rows(client: httpx.AsyncClient) -> dict[str, tuple[str, str]]:
    """The sheet of keys: what each does, and where it leads."""
    found = re.findall(r'<tr data-keys="([^"]+)"(?: data-does="([^"]+)")?(?: data-to="([^"]+)")?>', await frame(client))
    return {keys: (does, to) for keys, does, to in found}


async def test_each_key_of_the_sheet_does_what_page_js_can_and_leads_to_a_page(cut_off: httpx.AsyncClient) -> None:
    keys = await rows(cut_off)
    able = set(re.findall(r"^  ([a-z]+): \(", SCRIPT, re.MULTILINE))
    assert {does for does, _ in keys.values() if does} == able
    assert {keys[f"g {key}"][1] for key in "hilas"} == {"/", "/inbox", "/library", "/analytics", "/settings"}
    for does, to in keys.values():
        assert (does == "go") == bool(to)
        assert not to or (await cut_off.get(to, headers=HTML)).status_code != 404


async def test_a_key_that_a_page_offers_stands_in_the_sheet(cut_off: httpx.AsyncClient) -> None:
    texts = [file.read_text(encoding="utf-8") for file in TEMPLATES]
    offered = {key for text in texts for key in re.findall(r'data-key="([^"{]+)"', text)}
    assert offered <= {keys for keys, (does, _) in (await rows(cut_off)).items() if does in ("press", "search")}


def test_the_script_is_short_and_evaluates_nothing() -> None:
    assert len(SCRIPT.splitlines()) <= MOST_LINES
    assert not re.search(r"\beval\b|new Function|innerHTML|document\.write|setTimeout\(\s*[\"'`]", SCRIPT)
