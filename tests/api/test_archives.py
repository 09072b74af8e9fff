"""Archives and releases over HTTP: any version, its digest, names that are safe, and nothing of what was withdrawn."""

from base64 import b64decode
from hashlib import sha256

import httpx
import pytest

from api.handing_out import plain
from domain.library.archive import ArchiveFormat
from domain.library.unpacking import unpacked
from domain.skill import SkillStatus
from store import aliases
from store.session import Database
from tests.support.published import publish_skill

FILES = {"references/a.md": b"# A\n", "scripts/run.sh": b"#!/bin/sh\n"}
API = "/api/v1"


def at(version: str, form: str = "zip", path: str = "development/whole") -> str:
    return f"{API}/skills/{path}/versions/{version}/archive?format={form}"


@pytest.mark.parametrize("form", ArchiveFormat)
async def test_every_version_is_there_in_every_form(
    client: httpx.AsyncClient, database: Database, form: ArchiveFormat
) -> None:
    await publish_skill(database, "whole", files=FILES)
    await publish_skill(database, "whole", version="2.0.0", body="# Two\n")
    old = await client.get(at("1.0.0", form))
    assert {file.path for file in unpacked(old.content, form, folder="whole")} == {*FILES, "SKILL.md", "metadata.json"}
    assert old.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert old.headers["content-disposition"] == f'attachment; filename="whole-1.0.0.{form}"'
    stated = old.headers["repr-digest"].removeprefix("sha-256=:").removesuffix(":")
    assert b64decode(stated) == sha256(old.content).digest()
    latest = await client.get(at("latest", form))
    assert latest.content == (await client.get(at("2.0.0", form))).content != old.content
    assert "immutable" not in latest.headers["cache-control"]
    assert (await client.get(at("1.0.0", form))).content == old.content


async def test_a_release_states_the_digest_of_each_artifact(client: httpx.AsyncClient, database: Database) -> None:
    await publish_skill(database, "whole", files=FILES, requires=["lone>=1.0.0"])
    release = (await client.get(f"{API}/releases/whole")).json()
    assert (release["version"], release["status"], release["requires"]) == ("1.0.0", "active", ["lone>=1.0.0"])
    assert [one["format"] for one in release["artifacts"]] == ["skill", "zip", "tar.gz", "skill-md"]
    for artifact in release["artifacts"]:
        data = (await client.get(artifact["url"])).content
        assert (artifact["digest"], artifact["size"]) == (f"sha256:{sha256(data).hexdigest()}", len(data))


async def test_another_name_leads_to_the_skill_with_a_warning(client: httpx.AsyncClient, database: Database) -> None:
    await publish_skill(database, "whole", status=SkillStatus.DEPRECATED, replaced_by="better")
    async with database.transaction() as session:
        await aliases.put(session, "entire", "whole", "ada")
    release = (await client.get(f"{API}/releases/entire")).json()
    assert (release["name"], release["status"], release["replaced_by"]) == ("whole", "deprecated", "better")
    assert "another name" in release["warning"]


async def test_what_was_yanked_is_told_of_and_not_handed_out(client: httpx.AsyncClient, database: Database) -> None:
    await publish_skill(database, "whole", status=SkillStatus.YANKED)
    release = (await client.get(f"{API}/releases/whole")).json()
    assert (release["status"], release["artifacts"]) == ("yanked", [])
    assert (await client.get(at("1.0.0"))).status_code in (404, 410)


@pytest.mark.parametrize(
    "url",
    [
        at("9.9.9"),
        at("1.0.0", path="data/whole"),
        at("1.0.0", path="development/nothing"),
        at("..%2f..%2f1.0.0"),
        at("1.0.0", path="development/draft"),
        f"{API}/releases/nothing",
        f"{API}/releases/draft",
        f"{API}/releases/whole?version=0.0.1",
    ],
)
async def test_what_is_not_published_is_not_found(client: httpx.AsyncClient, database: Database, url: str) -> None:
    await publish_skill(database, "whole")
    await publish_skill(database, "draft", status=SkillStatus.DRAFT)
    assert (await client.get(url)).status_code == 404


async def test_an_unknown_form_is_refused(client: httpx.AsyncClient, database: Database) -> None:
    await publish_skill(database, "whole")
    assert (await client.get(at("1.0.0", "rar"))).status_code == 422


def test_a_name_cannot_end_the_header_it_stands_in() -> None:
    assert plain('a"; x=\r\nSet-Cookie: b/../c.zip') == "a-x-Set-Cookie-b-..-c.zip"
