"""The page of a skill: its texts, versions, evidence, use and record; told clearly when it is not for use any more."""

import httpx
import pytest
from sqlalchemy import func, select

from domain.library.usage import UsageOutcome
from domain.skill import SkillStatus
from store.library_tables import SkillChange
from store.session import Database
from store.tables import METADATA
from tests.api.pages.by_hand import HTML, page
from tests.support.evaluated import a_report, evaluate
from tests.support.shelved import call, shelve, turn, use

EVIL = '<img src=x onerror="alert(1)"><script>alert(2)</script>'
TABS = ("", "?tab=versions", "?tab=evidence", "?tab=use", "?tab=install", "?tab=manage")
PICTURE = b"\x89PNG\r\n\x1a\n\0"


def harmless(text: str) -> bool:
    return "<img src=x" not in text and "<script>alert" not in text


async def test_every_tab_of_a_bare_skill_is_there(client: httpx.AsyncClient, database: Database) -> None:
    path = await shelve(database, "release-notes")
    for tab in TABS:
        text, _ = await page(client, f"/library/{path}{tab}")
        assert text.count('aria-current="page"') == 2  # the library in the menu, and the tab


async def test_the_text_its_files_and_what_it_needs(client: httpx.AsyncClient, database: Database) -> None:
    await shelve(database, "reading-git", category="data")
    path = await shelve(
        database, "release-notes", tags="git", requires="reading-git>=1.0.0", more={"references/tone.md": b"# Dry"}
    )
    text, _ = await page(client, f"/library/{path}")
    assert "<h2 id=" in text.partition('<article class="skill">')[2]
    assert f'href="/library/{path}?file=references%2Ftone.md"' in text
    assert '<a href="/library/reading-git">reading-git&gt;=1.0.0</a>' in text
    assert "Installed before it, in this order: reading-git" in text
    text, _ = await page(client, "/library/data/reading-git")
    assert '<li><a href="/library/release-notes">release-notes</a></li>' in text


async def test_a_file_is_rendered_or_shown_as_it_is_written(client: httpx.AsyncClient, database: Database) -> None:
    more = {
        "a.md": f"# Top\n\n{EVIL}\n\nzero\u200bwidth".encode(),
        "b.py": b"print('<b>')",
        "c.png": PICTURE,
        "d.bin": b"\0\1",
        "e.html": EVIL.encode(),
    }
    path = await shelve(database, "release-notes", more=more)
    text, _ = await page(client, f"/library/{path}?file=a.md")
    assert ">Top</h1>" in text
    assert harmless(text)
    text, _ = await page(client, f"/library/{path}?file=a.md&raw=1")
    assert "# Top" in text
    assert '<span class="inv">U+200B</span>' in text
    assert "1 character that nobody would see" in text
    assert harmless(text)
    assert "print(&#39;&lt;b&gt;&#39;)" in (await page(client, f"/library/{path}?file=b.py"))[0]
    assert (
        f'<img src="/api/v1/skills/{path}/versions/1.0.0/files/c.png"'
        in (await page(client, f"/library/{path}?file=c.png"))[0]
    )
    assert "This is no text" in (await page(client, f"/library/{path}?file=d.bin"))[0]
    assert harmless((await page(client, f"/library/{path}?file=e.html"))[0])


@pytest.mark.parametrize("file", ["../../etc/passwd", "/etc/passwd", "no.md", EVIL, "a\0b", "%2e%2e/x", "x" * 1_001])
async def test_a_file_that_is_not_there_leads_nowhere(client: httpx.AsyncClient, database: Database, file: str) -> None:
    path = await shelve(database, "release-notes")
    response = await client.get(f"/library/{path}", params={"file": file}, headers=HTML)
    assert response.status_code in (404, 422)
    assert harmless(response.text)
    assert "root:" not in response.text


async def test_a_file_of_any_name_can_be_looked_at(client: httpx.AsyncClient, database: Database) -> None:
    name = 'references/a b&c="d"<i>#1.md'
    path = await shelve(database, "release-notes", more={name: b"# Found"})
    text, _ = await page(client, f"/library/{path}")
    [href] = [piece.partition('"')[0] for piece in text.split('href="')[1:] if "?file=references" in piece]
    text, _ = await page(client, href.replace("&amp;", "&"))
    assert ">Found</h1>" in text
    assert "<i>#1" not in text


async def test_versions_are_listed_read_and_compared(client: httpx.AsyncClient, database: Database) -> None:
    path = await shelve(database, "release-notes", body="## Steps\n\nOne.\n\n-- a line")
    await shelve(database, "release-notes", version="1.1.0", body="## Steps\n\nTwo.", changelog=f"- {EVIL}")
    text, _ = await page(client, f"/library/{path}?tab=versions")
    assert harmless(text)
    assert "&lt;img src=x" in text
    assert text.index("<strong>1.1.0</strong>") < text.index("<strong>1.0.0</strong>")
    text, _ = await page(client, f"/library/{path}?version=1.0.0")
    assert "This is version 1.0.0 as it was" in text
    assert "One." in text
    text, _ = await page(client, f"/library/{path}?tab=versions&version=1.1.0&against=1.0.0")
    assert "What 1.1.0 changed against 1.0.0" in text
    removed = [piece.partition("</del>")[0] for piece in text.split("<del>")[1:]]
    assert any("One" in line for line in removed)
    assert any("-- a line" in line for line in removed)
    assert any("Two" in piece.partition("</ins>")[0] for piece in text.split("<ins>")[1:])
    same, _ = await page(client, f"/library/{path}?tab=versions&version=1.1.0&against=1.1.0")
    assert "byte for byte" in same
    for query in ("version=9.0.0", "tab=versions&version=1.1.0&against=9.0.0", "version=%00"):
        assert (await client.get(f"/library/{path}?{query}", headers=HTML)).status_code == 404


async def test_the_evidence_its_course_and_one_report(client: httpx.AsyncClient, database: Database) -> None:
    path = await shelve(database, "release-notes")
    assert "was never tried out" in (await page(client, f"/library/{path}?tab=evidence"))[0]
    await evaluate(database, a_report("release-notes"))
    await evaluate(database, a_report("release-notes", model="openai/other", verdict="retire", reason="demand"))
    text, _ = await page(client, f"/library/{path}?tab=evidence")
    assert text.count('<rect class="b"') == text.count('<rect class="c"') == 2 + 1  # and one that says what it is
    assert "worth keeping" in text
    assert "to be retired" in text
    assert '<option value="openai/other">' in text
    report, _ = await page(client, f"/library/{path}?tab=evidence&version=1.0.0&model=openai/other")
    assert "Report on 1.0.0 with openai/other" in report
    assert "<strong>Retire.</strong>" in report
    missing = await client.get(f"/library/{path}?tab=evidence&version=1.0.0&model=x", headers=HTML)
    assert missing.status_code == 404


async def test_use_is_that_of_this_skill_alone(client: httpx.AsyncClient, database: Database) -> None:
    path = await shelve(database, "release-notes")
    await shelve(database, "other")
    assert "No use was reported" in (await page(client, f"/library/{path}?tab=use"))[0]
    for outcome in (UsageOutcome.SUCCESS, UsageOutcome.SUCCESS, UsageOutcome.FAILURE):
        await use(database, "release-notes", outcome, agent=EVIL)
    await use(database, "other", UsageOutcome.FAILURE, agent="codex")
    text, _ = await page(client, f"/library/{path}?tab=use")
    assert "<dt>Uses</dt><dd>3</dd>" in text
    assert "67\N{NO-BREAK SPACE}%" in text
    assert text.count("<rect ") == 1 + 1  # and the one that says what it is
    assert "codex" not in text
    assert harmless(text)
    found = (await client.get("/api/v1/analytics", params={"skill": "other"})).json()
    assert (found["uses"], found["skill"], [each["agent"] for each in found["agents"]]) == (1, "other", ["codex"])


async def test_install_commands_are_those_of_this_server(client: httpx.AsyncClient, database: Database) -> None:
    path = await shelve(database, "release-notes")
    text = (await client.get(f"http://localhost:4711/library/{path}?tab=install", headers=HTML)).text
    ours = "skill-fleet --api-url http://localhost:4711 skills install release-notes --agent claude --project"
    assert f"<code>{ours}</code>" in text
    assert "npx skills add http://localhost:4711 --skill release-notes" in text
    for form in ("zip", "skill", "tar.gz"):
        url = f"/.well-known/agent-skills/release-notes/1.0.0/release-notes.{form}"
        got = await client.get(url)
        assert got.status_code == 200
        assert f'href="{url}"' in text
        assert got.headers["ETag"].strip('"') in text
    await turn(database, "release-notes", SkillStatus.DEPRECATED, "old")
    text, _ = await page(client, f"/library/{path}?tab=install")
    assert "npx" not in text  # it lists what is in use
    await turn(database, "release-notes", SkillStatus.YANKED, "harmful")
    text, _ = await page(client, f"/library/{path}?tab=install")
    assert "skills install" not in text


async def test_what_is_out_of_use_or_has_another_name_says_so(client: httpx.AsyncClient, database: Database) -> None:
    path = await shelve(database, "release-notes")
    await shelve(database, "better-notes")
    await call(database, "release-notes", "changelog")
    assert "changelog is another name of documents/release-notes" in (await page(client, "/library/changelog"))[0]
    await turn(database, "release-notes", SkillStatus.YANKED, f"harmful {EVIL}", "better-notes")
    for tab in TABS:
        text, _ = await page(client, f"/library/{path}{tab}")
        assert "was withdrawn from the library: harmful" in text
        assert '<a href="/library/better-notes">See better-notes</a>' in text
        assert harmless(text)


async def test_a_bare_name_leads_to_its_place(client: httpx.AsyncClient, database: Database) -> None:
    path = await shelve(database, "release-notes")
    for asked in ("/library/release-notes?tab=use", "/library/-/release-notes?tab=use"):
        response = await client.get(asked, headers=HTML)
        assert (response.status_code, response.headers["Location"].endswith(f"/library/{path}?tab=use")) == (307, True)


@pytest.mark.parametrize("asked", ["release-nots", "documents/relese-notes", "data/release-notes", "a/b/release-note"])
async def test_an_unknown_skill_names_the_nearest(client: httpx.AsyncClient, database: Database, asked: str) -> None:
    path = await shelve(database, "release-notes")
    response = await client.get(f"/library/{asked}", headers=HTML)
    assert response.status_code == 404
    assert f'<a href="/library/{path}">release-notes</a>' in response.text


@pytest.mark.parametrize(
    "asked", ["", "%00", "..%2f..%2fetc%2fpasswd", "%3Cscript%3Ealert(2)%3C/script%3E", "a" * 3_000]
)
async def test_an_address_of_nothing_is_not_found(client: httpx.AsyncClient, database: Database, asked: str) -> None:
    response = await client.get(f"/library/{asked}", headers=HTML)
    assert response.status_code == 404
    assert harmless(response.text)


async def test_where_a_version_came_from(client: httpx.AsyncClient, database: Database) -> None:
    provenance = {
        "models": ["openai/author"],
        "calls": 25,
        "usd": 0.5,
        "approvals": [{"by": "bob", "channel": "page"}],
        "waivers": [{"code": "net-access", "person": "eve", "reason": EVIL}],
        "prompts": {"write": {"n": 1}},
    }
    path = await shelve(database, "release-notes", provenance=provenance)
    text, _ = await page(client, f"/library/{path}?tab=manage")
    for said in (
        "openai/author",
        "25 model calls, 0.50 US dollars",
        "bob (via page)",
        "net-access",
        "published, version",
    ):
        assert said in text
    assert harmless(text)


async def test_looking_changes_nothing(client: httpx.AsyncClient, database: Database) -> None:
    path = await shelve(database, "release-notes")
    await evaluate(database, a_report("release-notes"))

    async def rows() -> list[int]:
        async with database.transaction() as session:
            tables = METADATA.sorted_tables
            return [await session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]

    before = await rows()
    for tab in (*TABS, "?file=SKILL.md", "?version=1.0.0"):
        await page(client, f"/library/{path}{tab}")
    for action in ("status", "rollback", "evaluate"):
        assert (await client.get(f"/library/{path}/{action}", headers=HTML)).status_code == 404
    assert await rows() == before
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(SkillChange)) == 1
