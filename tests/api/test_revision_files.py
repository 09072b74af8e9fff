"""The files of a revision over HTTP: which there are, each as it is, and compared with those of another revision."""

from hashlib import sha256
from uuid import UUID

import httpx
import pytest

from domain.skill import SkillFileEntry
from store import revisions
from store.session import Database
from tests.api.conftest import Opened
from tests.support.rows import SKILL, new_revision

GUIDE = "references/guide.md"
HTML = b"<script>alert(1)</script>"


@pytest.fixture
async def several(opened: Opened, database: Database) -> UUID:
    """A job with two revisions; the second one has a guide, a page and bytes beside its SKILL.md."""
    job = await opened()
    more = [
        SkillFileEntry(path=GUIDE, data=b"one\ntwo\n"),
        SkillFileEntry(path="assets/page.html", data=HTML),
        SkillFileEntry(path="assets/blob.bin", data=b"\0\1\2"),
    ]
    second = new_revision(2)
    async with database.transaction() as session:
        await revisions.keep(session, job, new_revision(1))
        await revisions.keep(session, job, second.model_copy(update={"files": [*second.files, *more]}))
    return job


async def test_the_files_of_a_revision_are_told_with_their_sums(client: httpx.AsyncClient, several: UUID) -> None:
    url = f"/api/v1/jobs/{several}/revisions"
    files = (await client.get(f"{url}/2/files")).json()["files"]
    assert [file["path"] for file in files] == ["SKILL.md", "assets/blob.bin", "assets/page.html", GUIDE]
    assert files[0] == {
        "path": "SKILL.md",
        "size": len(SKILL.encode()),
        "sha256": sha256(SKILL.encode()).hexdigest(),
    }
    assert (await client.get(f"{url}/1/files")).json()["files"] == files[:1]
    assert (await client.get(f"{url}/3/files")).status_code == 404


async def test_a_file_is_read_byte_for_byte_and_never_run(client: httpx.AsyncClient, several: UUID) -> None:
    url = f"/api/v1/jobs/{several}/revisions/2/files"
    page = await client.get(f"{url}/assets/page.html")
    assert (page.content, page.headers["content-type"]) == (HTML, "text/plain; charset=utf-8")
    assert page.headers["content-security-policy"] == "default-src 'none'; sandbox"
    blob = await client.get(f"{url}/assets/blob.bin")
    assert (blob.content, blob.headers["content-disposition"]) == (b"\0\1\2", "attachment")


@pytest.mark.parametrize("path", ["references/none.md", "x" * 256, "%00", "..%2f..%2fetc%2fpasswd"])
async def test_a_file_that_is_not_there_is_named(client: httpx.AsyncClient, several: UUID, path: str) -> None:
    response = await client.get(f"/api/v1/jobs/{several}/revisions/2/files/{path}")
    assert response.status_code in (404, 422)


async def test_a_file_of_a_strange_job_is_not_found(client: httpx.AsyncClient, several: UUID) -> None:
    response = await client.get(f"/api/v1/jobs/{UUID(int=1)}/revisions/2/files/{GUIDE}")
    assert (response.status_code, "no job" in response.json()["detail"]) == (404, True)


async def test_another_file_is_compared_as_the_skill_is(client: httpx.AsyncClient, several: UUID) -> None:
    url = f"/api/v1/jobs/{several}/revisions"
    found = (await client.get(f"{url}/2/diff", params={"file": GUIDE})).json()
    assert "+one\n+two" in found["diff"]
    assert [row["kind"] for row in found["rows"]] == ["added", "added"]
    gone = (await client.get(f"{url}/1/diff", params={"file": GUIDE, "against": 2})).json()
    assert {row["kind"] for row in gone["rows"]} == {"removed"}
    missing = await client.get(f"{url}/2/diff", params={"file": "nowhere.md"})
    assert (missing.status_code, "nowhere.md" in missing.json()["detail"]) == (404, True)


async def test_files_too_large_to_compare_are_said_to_be_so(
    client: httpx.AsyncClient, several: UUID, database: Database
) -> None:
    huge = SkillFileEntry(path="data.txt", data=b"ab\n" * 900_000)
    third = new_revision(3, SKILL + "more\n")
    async with database.transaction() as session:
        await revisions.keep(session, several, third.model_copy(update={"files": [*third.files, huge]}))
    found = (await client.get(f"/api/v1/jobs/{several}/revisions/3/diff", params={"file": "data.txt"})).json()
    assert (found["rows"], found["diff"]) == ([], "The texts are too large to compare here.")
