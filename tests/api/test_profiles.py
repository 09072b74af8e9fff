"""Roles, mounts and onboarding over HTTP."""

from pathlib import Path

import httpx
import pytest

from domain.skill import SkillStatus
from store import mounts
from store.library_tables import SkillAlias
from store.session import Database
from tests.support.published import publish_skill

ADA, EVE = {"X-User-Id": "ada"}, {"X-User-Id": "eve"}
ROLES = """roles:
  - name: scribe
    title: Scribe
    description: Writes things down.
    skills: [notes, gone, missing]
    tags: [text]
"""


@pytest.fixture(autouse=True)
async def shelf(database: Database) -> None:
    await publish_skill(database, "notes")
    await publish_skill(database, "letters", tags=["text"])
    await publish_skill(database, "gone", status=SkillStatus.YANKED)
    await publish_skill(database, "old", status=SkillStatus.DEPRECATED, replaced_by="notes")
    await publish_skill(database, "draft", status=SkillStatus.DRAFT)


async def mine(client: httpx.AsyncClient, by: dict[str, str] = ADA) -> list[tuple[str, str | None]]:
    found = (await client.get("/api/v1/users/me/mounts", headers=by)).json()["mounts"]
    return [(one["name"], one["role"]) for one in found]


async def test_without_a_file_there_are_the_default_roles(client: httpx.AsyncClient) -> None:
    roles = (await client.get("/api/v1/profiles")).json()["roles"]
    assert [role["name"] for role in roles] == ["skill-author", "backend-developer", "operator", "data-analyst"]
    assert roles[1]["skills"] == ["letters", "notes"]


async def test_a_role_brings_its_set_once_and_says_what_is_missing(client: httpx.AsyncClient, library: Path) -> None:
    (library / "roles.yaml").write_text(ROLES)
    await client.put("/api/v1/users/me/mounts/notes", headers=ADA)
    begun = (await client.post("/api/v1/users/me/onboard", json={"role": "Scribe"}, headers=ADA)).json()
    assert (begun["role"], begun["added"]) == ("scribe", ["letters"])
    assert begun["missing"] == ["gone is yanked", "missing is not in the library"]
    assert await mine(client) == [("letters", "scribe"), ("notes", "scribe")]
    again = (await client.post("/api/v1/users/me/onboard", json={"role": "scribe"}, headers=ADA)).json()
    assert (again["added"], again["mounts"]) == ([], begun["mounts"])
    assert await mine(client, EVE) == []


@pytest.fixture
async def chain(database: Database) -> None:
    """`top` needs `middle`, which needs `base`, which needs `top` again; and some that are not to be had."""
    await publish_skill(database, "top", requires=["middle>=1.0.0", "old", "gone", "draft", "../x"])
    await publish_skill(database, "middle", requires=["base>=2.0.0", "nowhere"])
    await publish_skill(database, "base", requires=["top"])


MISSING = [
    "top requires old: old is deprecated; use notes instead",
    "top requires gone: gone is yanked",
    "draft, which top requires, is not in the library",
    "top requires '../x', which names no skill",
    "middle requires base>=2.0.0, and the library has base 1.0.0",
    "nowhere, which middle requires, is not in the library",
]
REQUIRED = ["middle, which top requires", "base, which middle requires"]


@pytest.mark.usefixtures("chain")
async def test_what_a_role_s_skills_require_is_mounted_too_and_told(client: httpx.AsyncClient, library: Path) -> None:
    (library / "roles.yaml").write_text("roles:\n  - {name: scribe, skills: [top]}\n")
    [role] = (await client.get("/api/v1/profiles")).json()["roles"]
    begun = (await client.post("/api/v1/users/me/onboard", json={"role": "scribe"}, headers=ADA)).json()
    assert begun["added"] == sorted(role["skills"]) == ["base", "middle", "top"]
    assert (begun["required"], begun["missing"], role["missing"]) == (REQUIRED, MISSING, MISSING)
    assert await mine(client) == [("base", "scribe"), ("middle", "scribe"), ("top", "scribe")]
    again = (await client.post("/api/v1/users/me/onboard", json={"role": "scribe"}, headers=ADA)).json()
    assert (again["added"], again["required"]) == ([], REQUIRED)


@pytest.mark.usefixtures("chain")
async def test_mounting_a_skill_mounts_what_it_requires_and_says_so(client: httpx.AsyncClient) -> None:
    done = (await client.put("/api/v1/users/me/mounts/top", headers=ADA)).json()
    assert [one["name"] for one in done["mounts"]] == ["base", "middle", "top"]
    assert (done["required"], done["missing"]) == (REQUIRED, MISSING)
    alone = (await client.put("/api/v1/users/me/mounts/notes", headers=EVE)).json()
    assert (await mine(client, EVE), alone["required"], alone["missing"]) == ([("notes", None)], [], [])


async def test_a_role_that_is_none_names_those_that_are(client: httpx.AsyncClient) -> None:
    refused = await client.post("/api/v1/users/me/onboard", json={"role": "king"}, headers=ADA)
    assert (refused.status_code, "data-analyst" in refused.json()["errors"]["role"]) == (422, True)


@pytest.mark.parametrize("text", ["roles: 1\n", "roles:\n - name: 'A B'\n", "\x00"])
async def test_a_broken_file_is_told_of_as_that(client: httpx.AsyncClient, library: Path, text: str) -> None:
    (library / "roles.yaml").write_text(text)
    broken = await client.get("/api/v1/profiles")
    assert (broken.status_code, broken.json()["code"]) == (500, "library_broken")


async def test_skills_are_mounted_and_unmounted_by_name_or_alias(client: httpx.AsyncClient, database: Database) -> None:
    async with database.transaction() as session:
        session.add(SkillAlias(alias="memo", name="notes", made_by="ada"))
    for _ in range(2):
        assert (await client.put("/api/v1/users/me/mounts/memo", headers=ADA)).status_code == 200
    assert await mine(client) == [("notes", None)]
    assert (await client.delete("/api/v1/users/me/mounts/memo", headers=ADA)).json() == {"mounts": []}
    assert (await client.delete("/api/v1/users/me/mounts/notes", headers=ADA)).status_code == 404


@pytest.mark.parametrize(("name", "status"), [("none", 404), ("draft", 404), ("gone", 409), ("old", 200)])
async def test_what_is_withdrawn_or_unknown_cannot_be_mounted(
    client: httpx.AsyncClient, name: str, status: int
) -> None:
    assert (await client.put(f"/api/v1/users/me/mounts/{name}", headers=ADA)).status_code == status


async def test_a_mounted_skill_that_is_yanked_later_stays_listed_but_is_not_served(
    client: httpx.AsyncClient, database: Database
) -> None:
    for name in ("notes", "old"):
        await client.put(f"/api/v1/users/me/mounts/{name}", headers=ADA)
    await publish_skill(database, "notes", status=SkillStatus.YANKED, version="1.0.1")
    listed = (await client.get("/api/v1/users/me/mounts", headers=ADA)).json()["mounts"]
    assert [(one["name"], one["notice"]) for one in listed] == [
        ("notes", "notes is yanked"),
        ("old", "old is deprecated; use notes instead"),
    ]
    async with database.transaction() as session:
        assert [one.name for one in await mounts.served(session, "ada")] == ["old"]
        assert {one.name for one in await mounts.served(session, None)} == {"letters", "old"}
