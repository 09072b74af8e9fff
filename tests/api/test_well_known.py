"""Discovery: strict clients of both drafts get every published skill, whole and verified, and nothing else."""

import asyncio
from hashlib import sha256

import httpx
import pytest
from sqlalchemy import update

from domain.skill import SkillStatus
from store.library_tables import Skill
from store.session import Database
from tests.support import discovery
from tests.support.discovery import legacy_skills_of, skills_of
from tests.support.published import publish_skill

INDEX = "/.well-known/agent-skills/index.json"
LEGACY = "/.well-known/skills/index.json"
FILES = {
    "references/a.md": b"# A\n",
    "scripts/run.sh": b"#!/bin/sh\n",
    "evals/evals.json": b"{}",
    "assets/p.html": b"<b>",
}


@pytest.fixture
async def published(database: Database) -> None:
    """One skill that is a single file, one with more, and some that nobody is to find."""
    await publish_skill(database, "lone")
    await publish_skill(database, "whole", files=FILES)
    await publish_skill(database, "old", status=SkillStatus.DEPRECATED)
    await publish_skill(database, "bad", status=SkillStatus.YANKED)
    await publish_skill(database, "draft", status=SkillStatus.DRAFT)


async def test_strict_clients_of_both_drafts_get_the_same_skills(client: httpx.AsyncClient, published: None) -> None:
    found, legacy = await skills_of(client), await legacy_skills_of(client)
    assert sorted(found) == sorted(legacy) == ["lone", "whole"]
    assert list(found["lone"]) == ["SKILL.md"]
    assert found["whole"] == legacy["whole"]
    assert sorted(found["whole"]) == ["SKILL.md", "assets/p.html", "metadata.json", "references/a.md", "scripts/run.sh"]


async def test_a_client_would_notice_one_changed_byte(client: httpx.AsyncClient, published: None) -> None:
    original = discovery.fetched

    async def changed(client: httpx.AsyncClient, url: str, media_type: str) -> bytes:
        data = await original(client, url, media_type)
        return data + b" " if url.endswith(".zip") else data

    discovery.fetched = changed
    try:
        with pytest.raises(discovery.Refused, match="digest of whole"):
            await skills_of(client)
    finally:
        discovery.fetched = original


async def test_an_empty_library_has_empty_indexes(client: httpx.AsyncClient) -> None:
    assert (await client.get(INDEX)).json() == {"$schema": discovery.SCHEMA, "skills": []}
    assert (await client.get(LEGACY)).json() == {"skills": []}


async def test_the_index_follows_a_new_version_and_the_old_one_stays(
    client: httpx.AsyncClient, database: Database, published: None
) -> None:
    before = (await client.get(INDEX)).json()["skills"]
    await publish_skill(database, "whole", version="1.1.0", body="# New\n", files=FILES)
    after = (await client.get(INDEX)).json()["skills"]
    assert before[0] == after[0]
    assert before[1]["digest"] != after[1]["digest"]
    assert after[1]["url"] == "/.well-known/agent-skills/whole/1.1.0/whole.zip"
    old = (await client.get(before[1]["url"])).content
    assert before[1]["digest"] == f"sha256:{sha256(old).hexdigest()}"


async def test_who_has_it_gets_no_body(client: httpx.AsyncClient, published: None) -> None:
    for url, cache in ((INDEX, "max-age=60"), ("/.well-known/agent-skills/whole/1.0.0/whole.tar.gz", "immutable")):
        first = await client.get(url)
        assert cache in first.headers["cache-control"]
        etag = first.headers["etag"]
        for told in (etag, f"W/{etag}", f'"x", {etag}', "*"):
            again = await client.get(url, headers={"If-None-Match": told})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        assert (await client.get(url, headers={"If-None-Match": '"other"'})).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "agent-skills/whole/1.0.0/other.zip",
        "agent-skills/whole/9.9.9/whole.zip",
        "agent-skills/whole/latest/whole.zip",
        "agent-skills/whole/1.0.0/../../../../etc/passwd",
        "agent-skills/whole/1.0.0/%2e%2e%2fSKILL.md",
        "agent-skills/draft/1.0.0/SKILL.md",
        "agent-skills/nothing/1.0.0/SKILL.md",
        "agent-skills/w%00hole/1.0.0/SKILL.md",
        "skills/whole/../lone/SKILL.md%00",
        "skills/whole/%2e%2e/lone/SKILL.md",
        "skills/whole//etc/passwd",
        "skills/whole/evals/evals.json",
        "skills/whole/references",
        "skills/whole/",
        "skills/draft/SKILL.md",
        "elsewhere/index.json",
    ],
)
async def test_what_is_not_published_there_is_a_problem_document(
    client: httpx.AsyncClient, published: None, path: str
) -> None:
    response = await client.get(f"/.well-known/{path}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_yanked_skill_is_not_handed_out_and_a_deprecated_one_still_is(
    client: httpx.AsyncClient, database: Database, published: None
) -> None:
    assert (await client.get("/.well-known/agent-skills/old/1.0.0/old.zip")).status_code == 200
    for path in ("agent-skills/bad/1.0.0/SKILL.md", "skills/bad/SKILL.md"):
        assert (await client.get(f"/.well-known/{path}")).status_code in (404, 410)
    async with database.transaction() as session:
        await session.execute(update(Skill).where(Skill.name == "whole").values(status=SkillStatus.YANKED))
    assert list(await skills_of(client)) == ["lone"]


async def test_files_of_skills_never_become_pages_of_ours(client: httpx.AsyncClient, published: None) -> None:
    page = await client.get("/.well-known/skills/whole/assets/p.html")
    assert page.headers["content-type"] == "text/plain; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    text = await client.get("/.well-known/skills/whole/references/a.md")
    assert text.headers["content-type"] == "text/markdown; charset=utf-8"


async def test_a_page_elsewhere_may_ask_with_headers_of_its_own(client: httpx.AsyncClient) -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Headers": "if-none-match"}
    response = await client.options(INDEX, headers=asked)
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (204, "*")
    assert (await client.get(INDEX, headers={"Sec-Fetch-Site": "cross-site"})).status_code == 200
    assert (await client.get(INDEX, headers={"Host": "evil.example"})).status_code == 400


async def test_a_skill_that_cannot_be_packed_does_not_take_the_others_with_it(
    client: httpx.AsyncClient, database: Database, published: None
) -> None:
    await publish_skill(database, "broken", files={"con.md": b"", "../x": b""})
    await publish_skill(database, "dots", files={"references/a..b.md": b""})
    assert sorted(await skills_of(client)) == ["dots", "lone", "whole"]
    assert sorted(await legacy_skills_of(client)) == ["lone", "whole"]


async def test_many_clients_at_once_get_the_same(client: httpx.AsyncClient, published: None) -> None:
    answers = await asyncio.gather(*[client.get(INDEX) for _ in range(20)])
    assert len({answer.content for answer in answers}) == 1
