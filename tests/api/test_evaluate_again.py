"""A skill is made, published with its report, and evaluated again with another agent model: the whole way."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment

from activities.evidence.files import EVIDENCE
from activities.library_check import LibraryKeeper
from activities.people import AUTO
from activities.shelves import Shelves
from domain.budget import Budget
from domain.job import JobView
from domain.prompt import HitlType
from tests.api.conftest import application, served
from tests.support.fleet import Fleet
from workflows import library_messages as lib
from workflows import messages as m

OTHER = "openai/other"


@pytest.fixture
async def client(fleet: Fleet, database_url: str, temporal: WorkflowEnvironment) -> AsyncIterator[httpx.AsyncClient]:
    app = application(database_url, temporal.client.service_client.config.target_host, fleet.library)
    async with served(app) as client:
        client.headers["X-User-Id"] = "ada"
        yield client


@pytest.fixture
async def published(fleet: Fleet) -> JobView:
    """A job whose draft was promoted at once."""
    job_id = await fleet.start(auto_approve=True, promote=True)
    await fleet.outcome(job_id)
    job = await fleet.job(job_id)
    assert job.promoted
    return job


async def evaluated(client: httpx.AsyncClient, fleet: Fleet, name: str, **body: object) -> JobView:
    answer = await client.post(f"/api/v1/skills/{name}/evaluate", json=body)
    assert answer.status_code == 202, answer.text
    job_id = UUID(answer.json()["job_id"])
    handle = fleet.client.get_workflow_handle(f"evaluate-skill:{job_id}", result_type=m.Outcome)
    await handle.result()
    return await fleet.job(job_id)


async def test_a_publication_is_reported_and_another_model_tries_the_same_cases(
    client: httpx.AsyncClient, fleet: Fleet, published: JobView
) -> None:
    name = str(published.result.skill_name)
    at = f"/api/v1/skills/-/{name}"
    first = (await client.get(f"{at}/versions/latest/evaluation")).json()
    assert (first["reason"], first["job_id"], first["version"]) == ("publication", str(published.job_id), "1.0.0")
    before = len(fleet.provider.calls())

    job = await evaluated(client, fleet, name, model=OTHER)
    assert (job.status, job.job_type, job.error) == ("completed", "evaluate_skill", None)
    assert job.evaluates is not None and job.evaluates.model == OTHER
    second = (await client.get(f"{at}/versions/latest/evaluation", params={"model": OTHER})).json()
    assert (second["reason"], second["job_id"]) == ("demand", str(job.job_id))
    assert second["verdict"] == job.result.outcome
    assert second["cases"] == first["cases"]
    assert {run["model"] for run in second["runs"]} == {OTHER}
    assert {run["model"] for run in first["runs"]} == {"openai/stand-in"}
    assert second["digest"] == first["digest"]
    made = fleet.provider.calls()[before:]
    assert {call.model for call in made} == {"other", "stand-in"}
    assert job.result.usage is not None and job.result.usage.calls == len(made)

    listed = (await client.get(f"{at}/evaluations")).json()["evaluations"]
    assert [one["reason"] for one in listed] == ["demand", "publication"]
    shown = (await client.get(f"/api/v1/skills/{name}")).json()
    assert shown["evaluation"]["model"] == OTHER
    assert [one["job_id"] for one in (await client.get("/api/v1/jobs")).json()["jobs"]] == [
        str(job.job_id),
        str(published.job_id),
    ]

    folder = fleet.library / EVIDENCE / name / "1.0.0"
    assert sorted(file.name for file in folder.iterdir()) == [
        "evaluation-openai-other.json",
        "evaluation.json",
        "evidence-openai-other.md",
        "evidence.md",
    ]
    keeper = LibraryKeeper(fleet.database, Shelves(fleet.library))
    check = await ActivityEnvironment().run(keeper.check_library, lib.CheckRequest(by="ada"))
    assert check.differences == []
    index = (await client.get("/.well-known/agent-skills/index.json")).json()
    assert [skill["name"] for skill in index["skills"]] == [name]
    assert EVIDENCE not in str(index)
    archive = await client.get(f"{at}/versions/latest/archive")
    assert b"evidence.md" not in archive.content


async def test_at_its_limit_it_judges_what_ran_and_asks_nobody(
    client: httpx.AsyncClient, fleet: Fleet, published: JobView
) -> None:
    before = len(fleet.provider.calls())
    job = await evaluated(client, fleet, str(published.result.skill_name), model=OTHER, budget={"calls": 3})
    assert (job.status, job.result.outcome) == ("completed", "fix")
    assert job.options.budget == Budget(calls=3)
    assert len(fleet.provider.calls()) - before <= 3
    [asked] = await fleet.interactions(job.job_id)
    assert (asked.interaction_type, asked.responded_by) == (HitlType.BUDGET, AUTO)
    report = (await client.get(f"/api/v1/skills/-/{published.result.skill_name}/versions/latest/evaluation")).json()
    assert (report["job_id"], report["verdict"]) == (str(job.job_id), "fix")
    assert report["status"] != "measured"


async def test_a_model_of_a_provider_without_a_key_parks_the_job_and_says_so(
    client: httpx.AsyncClient, fleet: Fleet, published: JobView
) -> None:
    before = len(fleet.provider.calls())
    answer = await client.post(
        f"/api/v1/skills/{published.result.skill_name}/evaluate", json={"model": "anthropic/claude-x"}
    )
    job_id = UUID(answer.json()["job_id"])
    view = await fleet.parked(job_id)
    assert view.error is not None
    assert "anthropic" in view.error and "openai" in view.error
    assert len(fleet.provider.calls()) == before
    await client.post(f"/api/v1/jobs/{job_id}/cancel", json={"reason": "no key"})
    handle = fleet.client.get_workflow_handle(f"evaluate-skill:{job_id}", result_type=m.Outcome)
    assert (await handle.result()).status == "cancelled"
