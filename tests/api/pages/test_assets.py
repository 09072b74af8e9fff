"""The page's own files: kept for ever under their hash, else asked for again; small; those of others unaltered."""

import re
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from api.pages.assets import AGAIN, FOR_EVER, Assets
from api.pages.frame import API
from tests.api.pages.by_hand import HTML

FIRST_PAGE = 60 * 1024
"""Bytes that the first page may take on its way, with all that it links: a second on a slow phone line."""

VENDOR = API / "static" / "vendor"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "style.css").write_text("p { color: red }\n" * 200)
    (tmp_path / "deep" / "x.js").write_text("let x;")
    return tmp_path


@pytest.fixture
def static(folder: Path) -> httpx.AsyncClient:
    """Asks for files of the folder, as the application that mounts them would."""
    assets = Assets(folder)
    return httpx.AsyncClient(transport=httpx.ASGITransport(assets), base_url="http://static")


def address(folder: Path, name: str) -> str:
    return Assets(folder).url(name).removeprefix("/static")


@pytest.mark.parametrize("name", ["style.css", "deep/x.js"])
async def test_a_file_by_its_hash_is_kept_for_ever(static: httpx.AsyncClient, folder: Path, name: str) -> None:
    response = await static.get(address(folder, name))
    assert (response.status_code, response.headers["Cache-Control"]) == (200, FOR_EVER)
    assert response.content == (folder / name).read_bytes()


@pytest.mark.parametrize("query", ["", "?v=", "?v=000000000000", "?v=../style.css", "?w=1"])
async def test_a_file_under_any_other_address_is_asked_for_again(static: httpx.AsyncClient, query: str) -> None:
    response = await static.get(f"/style.css{query}")
    assert (response.status_code, response.headers["Cache-Control"]) == (200, AGAIN)


async def test_what_has_not_changed_is_not_sent_again(static: httpx.AsyncClient, folder: Path) -> None:
    tag = (await static.get("/style.css")).headers["ETag"]
    again = await static.get(address(folder, "style.css"), headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["Cache-Control"]) == (304, b"", FOR_EVER)


def test_another_content_has_another_address(folder: Path) -> None:
    before = address(folder, "style.css")
    (folder / "style.css").write_text("p { color: blue }")
    assert address(folder, "style.css") != before


def test_a_template_that_names_no_file_fails_at_once(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Assets(folder).url("gone.css")


@pytest.mark.parametrize("path", ["/static/none.css", "/static/../app.py", "/static/%2e%2e/app.py"])
async def test_there_is_nothing_else_below_static(cut_off: httpx.AsyncClient, path: str) -> None:
    assert (await cut_off.get(path)).status_code == 404


async def sent(client: httpx.AsyncClient, path: str) -> tuple[int, str]:
    """How many bytes come for this address, packed as browsers ask for them; and what they unpack to."""
    async with client.stream("GET", path, headers={**HTML, "Accept-Encoding": "gzip"}) as response:
        text = (await response.aread()).decode()
        assert response.headers.get("Content-Encoding") == ("gzip" if len(text) >= 1024 else None)
        return response.num_bytes_downloaded, text


async def test_the_first_page_with_all_that_it_links_is_small(client: httpx.AsyncClient) -> None:
    weight, text = await sent(client, "/")
    linked = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', text))
    assert {path.split("?")[0] for path in linked} >= {"/static/style.css", "/static/page.js", "/static/icon.svg"}
    for path in sorted(linked):
        weight += (await sent(client, path))[0]
    assert weight <= FIRST_PAGE


async def test_every_linked_file_is_kept_for_ever(cut_off: httpx.AsyncClient) -> None:
    text = (await cut_off.get("/", headers=HTML)).text
    for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', text):
        assert (await cut_off.get(path)).headers["Cache-Control"] == FOR_EVER


def test_the_code_of_others_is_as_it_was_published() -> None:
    lines = [line.split() for line in (VENDOR / "SHA256SUMS").read_text().splitlines()]
    sums = {name: digest for digest, name in lines}
    assert {name: sha256((VENDOR / name).read_bytes()).hexdigest() for name in sums} == sums
    assert {file.name for file in VENDOR.iterdir()} == {*sums, "SHA256SUMS", "README.md"}


def test_it_is_told_what_the_code_of_others_is_and_under_which_licence() -> None:
    told = (VENDOR / "README.md").read_text()
    version = re.findall(r'version="(\d+\.\d+\.\d+)"', (VENDOR / "htmx.min.js").read_text())
    assert version == ["4.0.1"]
    for script in VENDOR.glob("*.js"):
        assert re.search(rf"`{re.escape(script.name)}` .*\| {re.escape(version[0])} \|.*0BSD", told)
    assert "Zero-Clause BSD" in (VENDOR / "LICENSE").read_text()
