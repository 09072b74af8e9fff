"""The library over HTTP: searched, read by any name, version by version, and never as something a browser would run."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from domain.library.metadata import OriginKind, Publishing, SkillOrigin, metadata_of, rendered
from domain.skill import SKILL_FILE, SkillFileEntry, SkillStatus
from domain.skill_file import frontmatter_of, parse
from store import aliases, changes, search, skills, versions
from store.session import Database

Shelf = tuple[Database, Path]


def text_of(name: str, description: str, body: str = "Read it.", tags: str = "", requires: str = "") -> bytes:
    marks = [f'  {key}: "{value}"' for key, value in (("tags", tags), ("requires", requires)) if value]
    metadata = "\n".join(["metadata:", *marks, ""]) if marks else ""
    head = f"---\nname: {name}\ndescription: {description}\n{metadata}---\n"
    return f"{head}\n# {name}\n\n## Steps\n\n{body}\n".encode()


async def publish(
    shelf: Shelf, text: bytes, *, version: str = "1.0.0", category: str = "data", more: Sequence[SkillFileEntry] = ()
) -> str:
    """A version as the library publishes one: rows, files and search; its name."""
    database, root = shelf
    files = [SkillFileEntry(path=SKILL_FILE, data=text), *more]
    front = frontmatter_of(parse(text))
    publishing = Publishing(
        version=version,
        category=category,
        origin=SkillOrigin(kind=OriginKind.FOLDER),
        by="ada",
        at=datetime.now(UTC),
    )
    metadata = metadata_of(front, files, publishing)
    async with database.transaction() as session:
        await skills.describe(session, await skills.get(session, front.name), metadata)
        await session.flush()
        kept = await versions.keep(
            session, metadata, [*files, rendered(metadata)], changelog=f"to {version}", provenance={"usd": 1.5}
        )
        assert kept
        await search.index(session, front.name, text.decode())
        change = changes.Entry(name=front.name, key=version, kind="published", person="ada", version=version)
        await changes.record(session, change)
    for file in files:
        place = root / category / front.name / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.data)
    return front.name


async def turn(shelf: Shelf, name: str, status: SkillStatus, note: str, replaced_by: str | None = None) -> None:
    async with shelf[0].transaction() as session:
        row = await skills.get(session, name)
        assert row is not None
        row.status, row.note, row.replaced_by = status, note, replaced_by


@pytest.fixture
def shelf(database: Database, library: Path) -> Shelf:
    return database, library


async def test_a_search_forgives_counts_and_pages(client: httpx.AsyncClient, shelf: Shelf) -> None:
    for name in ("release-notes", "release-plans", "cleaning-tables"):
        await publish(shelf, text_of(name, f"About {name}.", tags="git writing"), category="documents")
    found = (await client.get("/api/v1/skills", params={"q": "realease nots"})).json()
    assert found["skills"][0]["name"] == "release-notes"
    assert found["skills"][0]["score"] > 0.5
    found = (await client.get("/api/v1/skills", params={"limit": 2, "category": "docs", "tag": "GitHub"})).json()
    assert ([skill["name"] for skill in found["skills"]], found["total"]) == (["cleaning-tables", "release-notes"], 3)
    assert found["facets"]["tags"] == [{"value": "git", "skills": 3}, {"value": "writing", "skills": 3}]
    rest = (await client.get("/api/v1/skills", params={"limit": 2, "cursor": found["next_cursor"]})).json()
    assert ([skill["name"] for skill in rest["skills"]], rest["next_cursor"]) == (["release-plans"], None)


@pytest.mark.parametrize("typed", ["\0", "'\"", "& | !", "-", "a" * 2_000, "\ufffe", "{}'||(select 1)||'", "%00\\"])
async def test_whatever_is_searched_for_gets_an_answer(client: httpx.AsyncClient, shelf: Shelf, typed: str) -> None:
    await publish(shelf, text_of("one", "About one."))
    for name in ("q", "category", "tag", "cursor"):
        answer = await client.get("/api/v1/skills", params={name: typed})
        assert answer.status_code in (200, 422), (name, answer.text)
    assert (await client.get("/api/v1/skills", params={"q": typed})).status_code == 200


async def test_a_cursor_of_another_list_is_refused_not_a_failure(client: httpx.AsyncClient, shelf: Shelf) -> None:
    for name in ("one", "two"):
        await publish(shelf, text_of(name, f"About {name}."))
    cursor = (await client.get("/api/v1/skills", params={"limit": 1, "sort": "newest"})).json()["next_cursor"]
    for sort in ("newest", "name"):
        answer = await client.get("/api/v1/skills", params={"cursor": cursor, "sort": sort, "limit": 1})
        assert answer.status_code == (200 if sort == "newest" else 422), answer.text


async def test_a_skill_tells_what_it_needs_and_who_needs_it(client: httpx.AsyncClient, shelf: Shelf) -> None:
    await publish(shelf, text_of("base", "About base."))
    await publish(shelf, text_of("middle", "About middle.", requires="base>=1.0.0 gone"))
    await publish(shelf, text_of("top", "About top.", requires="middle"))
    middle = (await client.get("/api/v1/skills/data/middle")).json()
    assert (middle["required_by"], middle["install_order"]) == (["top"], ["base", "middle"])
    assert [finding["code"] for finding in middle["problems"]] == ["requires-unknown"]
    assert (await client.get("/api/v1/skills/top")).json()["install_order"] == ["base", "middle", "top"]


async def test_another_name_answers_with_a_warning(client: httpx.AsyncClient, shelf: Shelf) -> None:
    await publish(shelf, text_of("release-notes", "Writes them."))
    async with shelf[0].transaction() as session:
        await aliases.put(session, "changelog", "release-notes", "ada")
    for path in ("changelog", "documents/changelog"):
        answer = await client.get(f"/api/v1/skills/{path}")
        assert answer.json()["path"] == "data/release-notes"
        assert "another name of data/release-notes" in answer.json()["warning"]
        assert answer.headers["warning"].startswith('299 - "changelog is another name')
        assert answer.headers["link"] == '</api/v1/skills/data/release-notes>; rel="canonical"'
    own = await client.get("/api/v1/skills/data/release-notes")
    assert (own.json()["warning"], "warning" in own.headers) == (None, False)
    assert own.json()["aliases"] == ["changelog"]
    assert (await client.get("/api/v1/skills/data/changelog/versions")).json()["name"] == "release-notes"


async def test_what_is_out_of_use_says_so_and_what_to_use(client: httpx.AsyncClient, shelf: Shelf) -> None:
    await publish(shelf, text_of("old", "Was good."))
    await turn(shelf, "old", SkillStatus.DEPRECATED, 'too "slow"\nby far — ü', "new")
    answer = await client.get("/api/v1/skills/data/old")
    assert "Use new instead" in answer.json()["warning"]
    assert 'rel="successor-version"' in answer.headers["link"]
    assert answer.headers["warning"].isascii()
    assert (await client.get("/api/v1/skills")).json()["total"] == 0
    listed = (await client.get("/api/v1/skills", params={"status": "deprecated"})).json()["skills"]
    assert (listed[0]["note"][:3], listed[0]["replaced_by"]) == ("too", "new")


async def test_what_was_withdrawn_says_why_and_its_versions_stay_readable(
    client: httpx.AsyncClient, shelf: Shelf
) -> None:
    await publish(shelf, text_of("bad", "Was bad."))
    await turn(shelf, "bad", SkillStatus.YANKED, "it leaks keys")
    gone = await client.get("/api/v1/skills/data/bad")
    assert (gone.status_code, gone.json()["code"]) == (410, "skill_yanked")
    assert "it leaks keys" in gone.json()["detail"]
    version = await client.get("/api/v1/skills/data/bad/versions/1.0.0")
    assert (version.status_code, version.json()["status"]) == (200, "yanked")
    assert "it leaks keys" in version.json()["warning"]
    assert (await client.get("/api/v1/skills/data/bad/versions/1.0.0/files/SKILL.md")).status_code == 200


async def test_versions_are_read_and_compared(client: httpx.AsyncClient, shelf: Shelf) -> None:
    script = SkillFileEntry(path="scripts/run.py", data=b"print(1)\n")
    await publish(shelf, text_of("notes", "One.", "First way."))
    await publish(shelf, text_of("notes", "One.", "Second way."), version="1.10.0", more=[script])
    await publish(shelf, text_of("notes", "One.", "Third way."), version="1.9.0")
    base = "/api/v1/skills/data/notes"
    listed = (await client.get(f"{base}/versions")).json()["versions"]
    assert [(one["version"], one["current"]) for one in listed] == [
        ("1.10.0", False),
        ("1.9.0", True),
        ("1.0.0", False),
    ]
    one = (await client.get(f"{base}/versions/1.10.0")).json()
    assert [file["path"] for file in one["files"]] == ["SKILL.md", "scripts/run.py"]
    assert (one["changelog"], one["provenance"]["usd"], one["metadata"]["digest"]) == ("to 1.10.0", 1.5, one["digest"])
    assert "Second way." in one["content"]
    diff = (await client.get(f"{base}/versions/1.10.0/diff")).json()
    assert (diff["against"], [(file["path"], file["change"]) for file in diff["files"]]) == (
        "1.9.0",
        [("SKILL.md", "changed"), ("scripts/run.py", "added")],
    )
    assert "-Third way.\n+Second way." in diff["diff"]
    assert diff["sections"] == [{"heading": "Steps", "kind": "changed"}]
    first = (await client.get(f"{base}/versions/1.0.0/diff")).json()
    assert (first["against"], first["files"][0]["change"]) == (None, "added")
    same = (await client.get(f"{base}/versions/current/diff", params={"against": "1.9.0"})).json()
    assert (same["diff"], same["files"]) == ("", [])
    told = (await client.get(f"{base}/changes")).json()["changes"]
    assert [change["version"] for change in told] == ["1.9.0", "1.10.0", "1.0.0"]


@pytest.mark.parametrize("path", ["versions/9.9.9", "versions/x", "versions/1.0.0%00", "versions/1.0.0/files/../x"])
async def test_what_never_was_is_not_found(client: httpx.AsyncClient, shelf: Shelf, path: str) -> None:
    await publish(shelf, text_of("notes", "One."))
    assert (await client.get(f"/api/v1/skills/data/notes/{path}")).status_code == 404
    assert (await client.get(f"/api/v1/skills/documents/notes/{path}")).status_code == 404
    assert (await client.get(f"/api/v1/skills/data/no%00tes/{path}")).status_code == 404


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("references/page.html", b"<script>alert(1)</script>", "text/plain; charset=utf-8"),
        ("assets/x.svg", b"<svg onload='alert(1)'/>", "text/plain; charset=utf-8"),
        ("scripts/x.js", b"alert(1)", "text/plain; charset=utf-8"),
        ("assets/x.bin", b"\0\xff", "application/octet-stream"),
        ("assets/x.png", b"\x89PNG", "image/png"),
        ("references/x.md", b"# x", "text/markdown; charset=utf-8"),
    ],
)
async def test_no_file_is_served_as_something_a_browser_would_run(
    client: httpx.AsyncClient, shelf: Shelf, name: str, data: bytes, media_type: str
) -> None:
    await publish(shelf, text_of("notes", "One."), more=[SkillFileEntry(path=name, data=data)])
    answer = await client.get(f"/api/v1/skills/data/notes/versions/1.0.0/files/{name}")
    assert (answer.content, answer.headers["content-type"]) == (data, media_type)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"


async def test_a_tag_is_found_and_counted_under_any_of_its_words(client: httpx.AsyncClient, shelf: Shelf) -> None:
    for name, tags in (("one", "py"), ("two", "python"), ("three", "C++")):
        await publish(shelf, text_of(name, "x.", tags=tags))
    for word in ("python3", "py", "Python"):
        found = (await client.get("/api/v1/skills", params={"tag": word})).json()
        assert [skill["name"] for skill in found["skills"]] == ["one", "two"]
    assert (await client.get("/api/v1/skills", params={"tag": "C++"})).json()["total"] == 1
    every = (await client.get("/api/v1/skills")).json()["facets"]["tags"]
    assert every == [{"value": "python", "skills": 2}, {"value": "C++", "skills": 1}]


async def test_the_taxonomy_tells_other_words_and_facets(client: httpx.AsyncClient, shelf: Shelf) -> None:
    await publish(shelf, text_of("notes", "One."))
    taxonomy = (await client.get("/api/v1/taxonomy")).json()
    data = next(one for one in taxonomy["categories"] if one["name"] == "data")
    assert (data["skills"], "databases" in data["aliases"]) == (1, True)
    assert {"name": "python", "aliases": ["py", "python3"]} in taxonomy["facets"][0]["values"]


async def test_latest_is_the_version_that_agents_read_on_every_route(client: httpx.AsyncClient, shelf: Shelf) -> None:
    await publish(shelf, text_of("notes", "Writes."))
    await publish(shelf, text_of("notes", "Writes more."), version="1.1.0")
    base = "/api/v1/skills/data/notes/versions"
    for word in ("latest", "current"):
        assert (await client.get(f"{base}/{word}")).json()["version"] == "1.1.0"
        assert (await client.get(f"{base}/{word}/files/SKILL.md")).content.count(b"Writes more.") == 1
        assert (await client.get(f"{base}/{word}/diff")).json()["against"] == "1.0.0"
        assert (await client.get(f"{base}/1.0.0/diff", params={"against": word})).json()["against"] == "1.1.0"
        assert (await client.get(f"{base}/{word}/archive")).status_code == 200
    assert (await client.get(f"{base}/newest")).status_code == 404


async def test_a_version_says_who_forced_it_and_names_no_job_where_none_was(
    client: httpx.AsyncClient, shelf: Shelf
) -> None:
    await publish(shelf, text_of("notes", "Writes."))
    plain = (await client.get("/api/v1/skills/data/notes/versions/1.0.0")).json()
    assert (plain["forced"], plain["provenance"]["job_id"]) == (None, None)
    text = text_of("notes", "Writes more.")
    files = [SkillFileEntry(path=SKILL_FILE, data=text)]
    origin = SkillOrigin(kind=OriginKind.JOB)
    given = Publishing(version="1.1.0", category="data", origin=origin, by="bob", at=datetime.now(UTC))
    metadata = metadata_of(frontmatter_of(parse(text)), files, given)
    async with shelf[0].transaction() as session:
        assert await versions.keep(session, metadata, files, forced_reason="it burns", provenance={})
    forced = (await client.get("/api/v1/skills/data/notes/versions/1.1.0")).json()
    assert forced["forced"] == {"person": "bob", "reason": "it burns"}
