"""`<available_skills>`: the same bytes as the format's reference library, and well-formed whatever is in it."""

from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skills_ref import to_prompt

from api.library import LibraryFolder, available_skills
from domain.skill import SKILL_FILE, SkillStatus, SkillSummary
from domain.skill_file import frontmatter_of, parse
from store import mounts
from store.session import Database
from tests.support.published import publish_skill

TEXTS = [
    "Plain words.",
    'Escapes <b>, & and "quotes", it\'s all here; ünïcödé 技能 too.',
    "'quoted: with a colon'",
    "  trimmed  ",
]


def summary(name: str, description: str, category: str = "data") -> SkillSummary:
    return SkillSummary(
        name=name,
        description=description,
        category=category,
        path=f"{category}/{name}",
        status=SkillStatus.ACTIVE,
        version="1.0.0",
        digest="d",
    )


def shelved(root: Path, name: str, description: str) -> SkillSummary:
    """A skill on the disk, and its row as a publication writes it."""
    folder = root / "data" / name
    folder.mkdir(parents=True)
    quoted = description.replace("'", "''")
    text = f"---\nname: {name}\ndescription: '{quoted}'\n---\n# X\n".encode()
    (folder / SKILL_FILE).write_bytes(text)
    return summary(name, frontmatter_of(parse(text)).description)


@pytest.mark.parametrize("place", ["library", 'it\'s a "library"'])
def test_it_is_byte_for_byte_what_the_reference_writes(tmp_path: Path, place: str) -> None:
    root = tmp_path / place
    found = [shelved(root, f"skill-{n}", text) for n, text in enumerate(TEXTS)]
    assert available_skills(found, LibraryFolder(root)) == to_prompt([root / one.path for one in found])


def test_an_empty_library_has_the_reference_form() -> None:
    assert available_skills([], LibraryFolder(Path("/"))) == to_prompt([])


@given(
    description=st.text(max_size=40), place=st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1)
)
def test_it_is_well_formed_whatever_it_says(description: str, place: str) -> None:
    xml = available_skills([summary("x", description)], LibraryFolder(Path("/nowhere") / place))
    [entry] = ElementTree.fromstring(xml)
    assert [child.tag for child in entry] == ["name", "description", "location"]


async def test_only_active_skills_are_offered_and_fewer_when_asked(
    client: httpx.AsyncClient, database: Database
) -> None:
    await publish_skill(database, "one", category="data")
    await publish_skill(database, "two", category="general")
    await publish_skill(database, "old", status=SkillStatus.DEPRECATED)
    await publish_skill(database, "bad", status=SkillStatus.YANKED)
    async with database.transaction() as session:
        await mounts.mount(session, "ada", ["two", "bad"])

    async def names(query: str, person: str = "local") -> list[str]:
        response = await client.get(f"/api/v1/taxonomy/xml{query}", headers={"X-User-Id": person})
        return [(entry.findtext("name") or "").strip() for entry in ElementTree.fromstring(response.text)]

    assert await names("") == ["one", "two"]
    assert await names("?category=data") == ["one"]
    assert await names("?mounted=true", "ada") == ["two"]
    assert await names("?mounted=true", "bob") == []
