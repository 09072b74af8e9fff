"""The library over HTTP: validation of any text, paths that stay inside, XML that is well-formed."""

from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest

from api.library import LibraryFolder, available_skills
from domain.errors import InvalidAnswer, NotFound
from domain.skill import SkillStatus, SkillSummary

VALID = (
    "---\nname: handling-user-data\ndescription: Handles user data with care. Use when a task touches personal data."
    "\n---\n\n# Handling user data\n\n## Steps\n\n1. Find the record.\n2. Delete it.\n"
)


async def test_a_text_is_checked_against_every_rule(client: httpx.AsyncClient) -> None:
    report = (await client.post("/api/v1/skills/validate", json={"content": VALID})).json()
    assert report["passed"] is True
    broken = (await client.post("/api/v1/skills/validate", json={"content": "---\nname: x\n---\n"})).json()
    assert broken["passed"] is False
    assert any(finding["field"] == "description" for finding in broken["findings"])


async def test_the_folder_it_will_lie_in_counts(client: httpx.AsyncClient) -> None:
    body = {"content": VALID, "name": "another-name"}
    assert (await client.post("/api/v1/skills/validate", json=body)).json()["passed"] is False
    lenient = await client.post("/api/v1/skills/validate", json={**body, "profile": "lenient"})
    assert lenient.json()["passed"] is True
    assert (await client.post("/api/v1/skills/validate", json={**body, "profile": "odd"})).status_code == 422


@pytest.mark.parametrize("content", ["", "\0", "---\na: &a [*a]\n---\n", "---\n" + "[" * 5000 + "\n---\n"])
async def test_a_hostile_text_gets_a_report_not_an_error(client: httpx.AsyncClient, content: str) -> None:
    response = await client.post("/api/v1/skills/validate", json={"content": content})
    assert (response.status_code, response.json()["passed"]) == (200, False)


@pytest.mark.parametrize("path", ["nothing", "data/nothing", "../../etc/passwd", "%2e%2e/x", "a/b/c", "data/"])
async def test_what_is_not_published_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/api/v1/skills/{path}")).status_code == 404


async def test_an_empty_library_is_empty_everywhere(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/skills")).json()["skills"] == []
    assert (await client.get("/api/v1/taxonomy/xml")).text == "<available_skills>\n</available_skills>\n"
    shelves = (await client.get("/api/v1/taxonomy")).json()["categories"]
    assert "development" in [shelf["name"] for shelf in shelves]


def test_the_xml_is_escaped_and_its_locations_are_absolute(tmp_path: Path) -> None:
    root = tmp_path / "a&b"
    skill = SkillSummary(
        name="x",
        description="<b> & 'c'",
        category="data",
        path="data/x",
        status=SkillStatus.ACTIVE,
        version="1",
        digest="d",
    )
    [entry] = ElementTree.fromstring(available_skills([skill], LibraryFolder(root)))
    assert (entry.findtext("description") or "").strip() == "<b> & 'c'"
    assert (entry.findtext("location") or "").strip() == str(root / "data/x/SKILL.md")


def test_a_link_that_leads_out_of_the_library_is_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "skills"
    (root / "data").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "SKILL.md").write_text("secret")
    (root / "data" / "x").symlink_to(tmp_path / "secret")
    with pytest.raises(NotFound):
        LibraryFolder(root).text("data/x")
    with pytest.raises(InvalidAnswer):
        LibraryFolder(root).text("../secret")
