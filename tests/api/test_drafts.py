"""Promoting over HTTP: refused at once with the reason, published for real, and never twice."""

from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import update

from domain.job import JobStatus, Origin
from domain.skill import SkillStatus, ValidationReport
from store import evidence, jobs, skills
from store.library_tables import Skill
from store.session import Database
from store.tables import Job
from tests.api.conftest import Opened
from tests.support.fleet import Fleet


@pytest.fixture
async def completed(opened: Opened, database: Database) -> UUID:
    """A completed job whose draft did not pass."""
    job = await opened(status=JobStatus.COMPLETED)
    async with database.transaction() as session:
        await jobs.merge_result(session, job, revision=1, digest="d1")
        report = ValidationReport(passed=False, score=0.5, findings=[])
        await evidence.keep_report(session, uuid4(), job, 1, "d1", report)
    return job


async def test_a_job_without_a_draft_cannot_be_promoted(client: httpx.AsyncClient, opened: Opened) -> None:
    response = await client.post(f"/api/v1/drafts/{await opened()}/promote")
    assert (response.status_code, response.json()["code"]) == (409, "promotion_refused")
    assert "no draft" in response.json()["detail"]


async def test_a_job_that_still_runs_cannot_be_promoted_even_by_force(
    client: httpx.AsyncClient, completed: UUID, database: Database
) -> None:
    async with database.transaction() as session:
        await session.execute(update(Job).where(Job.job_id == completed).values(status=JobStatus.RUNNING))
    body = {"force": True, "reason": "in a hurry"}
    response = await client.post(f"/api/v1/drafts/{completed}/promote", json=body)
    assert (response.status_code, response.json()["code"]) == (409, "promotion_refused")


async def test_a_draft_that_did_not_pass_is_refused_unless_forced_with_a_reason(
    client: httpx.AsyncClient, completed: UUID
) -> None:
    url = f"/api/v1/drafts/{completed}/promote"
    refused = await client.post(url, json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "promotion_refused")
    without = await client.post(url, json={"force": True, "reason": " "})
    assert (without.status_code, list(without.json()["errors"])) == (422, ["reason"])


@pytest.mark.parametrize("status", [JobStatus.CANCELLED, JobStatus.FAILED])
async def test_the_draft_of_a_job_that_did_not_complete_is_gone_on_from_not_promoted(
    client: httpx.AsyncClient, opened: Opened, database: Database, status: JobStatus
) -> None:
    job = await opened(status=status)
    body = {"force": True, "reason": "it is good enough"}
    empty = await client.post(f"/api/v1/drafts/{job}/promote", json=body)
    assert (empty.status_code, empty.json()["code"]) == (409, "nothing_to_promote")
    assert f"{status} and wrote no draft" in empty.json()["detail"]
    async with database.transaction() as session:
        await jobs.merge_result(session, job, revision=3, digest="d3")
    refused = await client.post(f"/api/v1/drafts/{job}/promote", json=body)
    assert refused.status_code == 409
    assert "revision 3" in refused.json()["detail"]
    assert f'POST /api/v1/skills {{"from_job": "{job}"}}' in refused.json()["detail"]


async def test_promoting_what_is_published_does_not_move_it_to_another_shelf(
    client: httpx.AsyncClient, completed: UUID, database: Database
) -> None:
    async with database.transaction() as session:
        await skills.reserve(session, "release-notes", "documents", "Writes notes.", "d1", completed)
        await session.execute(update(Skill).values(status=SkillStatus.ACTIVE))
        await jobs.merge_result(session, completed, final_path="documents/release-notes")
    url = f"/api/v1/drafts/{completed}/promote"
    assert (await client.post(url)).status_code == 200
    assert (await client.post(url, json={"category": "documents"})).status_code == 200
    refused = await client.post(url, json={"category": "data"})
    assert (refused.status_code, refused.json()["code"]) == (409, "promotion_refused")
    assert "documents/release-notes" in refused.json()["detail"]


async def test_an_unknown_shelf_is_refused_by_field(client: httpx.AsyncClient, completed: UUID) -> None:
    response = await client.post(f"/api/v1/drafts/{completed}/promote", json={"category": "nonsense"})
    assert (response.status_code, list(response.json()["errors"])) == (422, ["category"])
    assert "development" in response.json()["errors"]["category"]


async def test_a_finished_draft_is_published_once_and_then_read_everywhere(
    fleet: Fleet, client: httpx.AsyncClient, library: Path
) -> None:
    job = await fleet.start(auto_approve=True)
    await fleet.outcome(job)
    published = await client.post(f"/api/v1/drafts/{job}/promote", json={"category": "documents"})
    assert published.status_code == 202
    view = (await client.get(f"/api/v1/jobs/{job}")).json()
    assert view["promoted"] is True
    assert view["final_path"].startswith("documents/")
    assert (library / view["final_path"] / "SKILL.md").is_file()
    assert (await client.post(f"/api/v1/drafts/{job}/promote")).status_code == 200

    [listed] = (await client.get("/api/v1/skills?category=documents")).json()["skills"]
    assert (listed["path"], listed["status"]) == (view["final_path"], "active")
    assert (await client.get("/api/v1/skills?q=nothing-of-the-kind")).json()["skills"] == []
    for path in (listed["path"], listed["name"]):
        detail = (await client.get(f"/api/v1/skills/{path}")).json()
        assert detail["content"].startswith("---\nname: ")
        assert "SKILL.md" in detail["files"]
    xml = (await client.get("/api/v1/taxonomy/xml")).text
    assert f"{library}/{listed['path']}/SKILL.md" in xml
    shelves = (await client.get("/api/v1/taxonomy")).json()["categories"]
    assert {shelf["name"]: shelf["skills"] for shelf in shelves}["documents"] == 1
    page = await client.get(f"/library/{listed['path']}")
    assert page.status_code == 200
    assert listed["name"] in (await client.get("/library")).text
    events = (await client.get(f"/api/v1/jobs/{job}/events")).text
    assert "event: promotion_completed" in events


async def test_bytes_that_are_published_already_count_as_published_until_they_are_withdrawn(
    fleet: Fleet, client: httpx.AsyncClient
) -> None:
    first = await fleet.start(auto_approve=True)
    made = await fleet.outcome(first)
    assert (await client.post(f"/api/v1/drafts/{first}/promote")).status_code == 202
    place = (await client.get(f"/api/v1/jobs/{first}")).json()["final_path"]
    second = await fleet.start(auto_approve=True, origin=Origin(job_id=first, revision=made.revision))
    await fleet.outcome(second)
    same = await client.post(f"/api/v1/drafts/{second}/promote")
    assert (same.status_code, same.json()["result"]["final_path"]) == (200, place)
    view = (await client.get(f"/api/v1/jobs/{second}")).json()
    assert (view["promoted"], view["final_path"]) == (True, place)
    assert (await client.post(f"/api/v1/drafts/{second}/promote")).status_code == 200

    async with fleet.database.transaction() as session:
        await session.execute(update(Skill).values(status=SkillStatus.YANKED))
    for job in (first, second):
        refused = await client.post(f"/api/v1/drafts/{job}/promote")
        assert (refused.status_code, refused.json()["code"]) == (409, "not_current")
        assert f"skills restore {place.partition('/')[2]}" in refused.json()["detail"]
