"""The main job over HTTP only, with real steps: start, questions, preview, revision, validation, publication."""

import asyncio

import httpx

from domain.job import JobStatus
from tests.support.fleet import TASK, Fleet
from tests.support.provider_models import FaultKind


async def prompt(client: httpx.AsyncClient, job: str, kind: str, number: int = 1) -> dict[str, object]:
    """The open prompt, once it is this one."""
    async with asyncio.timeout(40):
        while True:
            view: dict[str, object] = (await client.get(f"/api/v1/hitl/{job}/prompt")).json()
            if (view["hitl_type"], view["round_number"]) == (kind, number):
                return view
            await asyncio.sleep(0.02)


async def answer(client: httpx.AsyncClient, job: str, asked: dict[str, object], **body: object) -> None:
    given = {"interaction_id": asked["interaction_id"], **body}
    response = await client.post(f"/api/v1/hitl/{job}/response", json=given)
    assert response.status_code == 202, response.text


async def status(client: httpx.AsyncClient, job: str, wanted: JobStatus) -> dict[str, object]:
    async with asyncio.timeout(40):
        while True:
            view: dict[str, object] = (await client.get(f"/api/v1/jobs/{job}/status")).json()
            if view["status"] == wanted:
                return view
            await asyncio.sleep(0.02)


async def test_a_sentence_becomes_a_published_skill(fleet: Fleet, client: httpx.AsyncClient) -> None:
    started = await client.post("/api/v1/skills", json={"task_description": TASK})
    job = started.json()["job_id"]

    asked = await prompt(client, job, "clarify")
    data = asked["prompt_data"]
    assert isinstance(data, dict)
    await answer(
        client, job, asked, action="proceed", answers={question["id"]: "you decide" for question in data["questions"]}
    )
    asked = await prompt(client, job, "preview")
    await answer(client, job, asked, action="revise", feedback="Add more examples to the Quick Start section")
    asked = await prompt(client, job, "preview", 2)
    shown = asked["prompt_data"]
    assert isinstance(shown, dict) and shown["diff"]
    await answer(client, job, asked, action="proceed")
    view = await status(client, job, JobStatus.COMPLETED)
    assert isinstance(view["result"], dict)
    assert view["result"]["validation"]["passed"] is True

    revisions = (await client.get(f"/api/v1/jobs/{job}/revisions")).json()["revisions"]
    last = revisions[-1]["n"]
    text = (await client.get(f"/api/v1/jobs/{job}/revisions/{last}")).json()
    assert text["content"].startswith("---\n") and "SKILL.md" in text["files"]
    assert (await client.get(f"/api/v1/jobs/{job}/revisions/{last}/diff")).json()["diff"].startswith("--- revision")
    assert (await client.get(f"/api/v1/jobs/{job}/revisions/{last}/diff?against={last}")).json()["diff"] == ""
    assert (await client.get(f"/api/v1/jobs/{job}/revisions/99")).status_code == 404
    evaluation = (await client.get(f"/api/v1/jobs/{job}/evaluation")).json()
    assert {run["arm"] for run in evaluation["runs"]} == {"without", "with"}
    assert evaluation["evidence"]["status"] == "measured"
    assert (await client.get(f"/api/v1/jobs/{job}/usage")).json()["calls"] > 5
    record = (await client.get(f"/api/v1/jobs/{job}/interactions")).json()["interactions"]
    assert [(item["interaction_type"], item["channel"], item["responded_by"]) for item in record] == [
        ("clarify", "api", "local"),
        ("preview", "api", "local"),
        ("preview", "api", "local"),
    ]
    assert (await client.post(f"/api/v1/drafts/{job}/promote")).json()["result"]["final_path"]


async def test_a_cancelled_job_ends_and_its_stream_with_it(fleet: Fleet, client: httpx.AsyncClient) -> None:
    job = (await client.post("/api/v1/skills", json={"task_description": TASK})).json()["job_id"]
    await prompt(client, job, "clarify")
    cancelled = await client.post(f"/api/v1/jobs/{job}/cancel", json={"reason": "changed my mind"})
    assert cancelled.status_code == 202
    text = (await client.get(f"/api/v1/jobs/{job}/events")).text
    assert "event: cancelled" in text and "changed my mind" in text
    assert (await client.get(f"/api/v1/hitl/{job}/prompt")).json()["hitl_type"] is None


async def test_a_job_that_waits_for_a_key_goes_on_when_it_is_mended(fleet: Fleet, client: httpx.AsyncClient) -> None:
    fleet.provider.fail(FaultKind.UNAUTHORIZED, times=1)
    options = {"auto_approve": True}
    job = (await client.post("/api/v1/skills", json={"task_description": TASK, "options": options})).json()["job_id"]
    view = await parked(client, job)
    assert view["error"]
    page = await client.get(f"/jobs/{job}", headers={"Accept": "text/html"})
    assert "It is mended: try again" in page.text
    assert (await client.post(f"/api/v1/jobs/{job}/retry", json={})).status_code == 202
    await status(client, job, JobStatus.COMPLETED)


async def parked(client: httpx.AsyncClient, job: str) -> dict[str, object]:
    async with asyncio.timeout(40):
        while True:
            view: dict[str, object] = (await client.get(f"/api/v1/jobs/{job}/status")).json()
            if view.get("parked_at"):
                return view
            await asyncio.sleep(0.02)


async def test_a_validation_that_fails_is_shown_and_mended_by_hand(fleet: Fleet, client: httpx.AsyncClient) -> None:
    body = {"task_description": TASK, "options": {"max_questions": 0}}
    job = (await client.post("/api/v1/skills", json=body)).json()["job_id"]
    asked = await prompt(client, job, "preview")
    await answer(client, job, asked, action="edit", content="---\nname: x\n---\n\n# Broken\n")
    await answer(client, job, await prompt(client, job, "preview", 2), action="proceed")
    asked = await prompt(client, job, "validate")
    page = (await client.get(f"/jobs/{job}", headers={"Accept": "text/html"})).text
    assert "Fix issues" in page and "description" in page
    refused = {"interaction_id": asked["interaction_id"], "action": "waive"}
    assert (await client.post(f"/api/v1/hitl/{job}/response", json=refused)).json()["errors"]["reason"]
    await answer(client, job, asked, action="waive", reason="a test")
    await status(client, job, JobStatus.COMPLETED)
