"""The evidence of published versions and drafts over HTTP, and the wish for another evaluation."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from temporalio.testing import WorkflowEnvironment

from domain.evaluation import Arm
from domain.job import JobStatus
from store.session import Database
from tests.support.evaluated import AT, a_report, evaluate
from tests.support.published import publish_skill
from tests.support.rows import NAME, a_run, make_draft, make_evidence, make_job

HOSTILE = "<script>alert(1)</script>"


async def test_the_newest_evaluation_of_a_version_is_read_by_model_too(
    client: httpx.AsyncClient, database: Database
) -> None:
    await publish_skill(database, "notes")
    await evaluate(database, a_report("notes", model="a/x"))
    await evaluate(database, a_report("notes", model="b/y", verdict="fix", made_at=AT + timedelta(days=1)))
    for path in ("development/notes", "-/notes"):
        found = (await client.get(f"/api/v1/skills/{path}/versions/latest/evaluation")).json()
        assert (found["schema"], found["verdict"], found["models"]["agent"]) == (
            "skill-fleet-evaluation/1",
            "fix",
            "b/y",
        )
    older = await client.get("/api/v1/skills/-/notes/versions/1.0.0/evaluation", params={"model": "a/x"})
    assert (older.json()["verdict"], older.json()["numbers"]["with"]) == ("keep", 0.9)


async def test_the_text_is_markdown_that_no_browser_runs(client: httpx.AsyncClient, database: Database) -> None:
    await publish_skill(database, "notes")
    await evaluate(database, a_report("notes").model_copy(update={"rationalizations": [HOSTILE]}))
    answer = await client.get("/api/v1/skills/-/notes/versions/latest/evidence.md")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.text.startswith("# Evidence for `notes` 1.0.0")
    assert f"`{HOSTILE}`" in answer.text


async def test_all_evaluations_are_listed_and_the_skill_shows_the_newest(
    client: httpx.AsyncClient, database: Database
) -> None:
    await publish_skill(database, "notes")
    assert (await client.get("/api/v1/skills/-/notes/evaluations")).json() == {"name": "notes", "evaluations": []}
    await evaluate(database, a_report("notes", "0.9.0", verdict="retire", made_at=AT + timedelta(days=2)))
    for day, verdict in enumerate(("keep", "fix")):
        made_at = AT + timedelta(days=day)
        await evaluate(database, a_report("notes", verdict=verdict, made_at=made_at))  # type: ignore[arg-type]
    listed = (await client.get("/api/v1/skills/development/notes/evaluations")).json()["evaluations"]
    assert [(one["version"], one["verdict"]) for one in listed] == [
        ("0.9.0", "retire"),
        ("1.0.0", "fix"),
        ("1.0.0", "keep"),
    ]
    folder = client._transport.app.state.services.library.root / "development" / "notes"  # type: ignore[attr-defined]
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text("---\nname: notes\ndescription: d\n---\n# Notes\n")
    shown = (await client.get("/api/v1/skills/notes")).json()["evaluation"]
    assert (shown["verdict"], shown["with"], shown["delta"], shown["version"]) == ("fix", 0.9, 0.5, "1.0.0")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("-/notes/versions/1.0.0/evaluation", "never evaluated"),
        ("-/notes/versions/1.0.0/evidence.md", "never evaluated"),
        ("-/notes/versions/7.0.0/evaluation", "no version"),
        ("-/nobody/evaluations", "no published skill"),
    ],
)
async def test_what_is_not_there_says_what_to_do(
    client: httpx.AsyncClient, database: Database, path: str, said: str
) -> None:
    await publish_skill(database, "notes")
    answer = await client.get(f"/api/v1/skills/{path}")
    assert (answer.status_code, said in answer.json()["detail"]) == (404, True), answer.json()


async def test_a_draft_is_reported_on_before_it_is_published(client: httpx.AsyncClient, database: Database) -> None:
    job = await make_job(database, status=JobStatus.COMPLETED)
    empty = await client.get(f"/api/v1/jobs/{job}/evidence.md")
    assert (empty.status_code, "written nothing" in empty.json()["detail"]) == (404, True)
    await make_draft(database, job)
    await make_evidence(database, job, a_run(output=HOSTILE), a_run(Arm.WITH, 1, passed=True))
    text = (await client.get(f"/api/v1/jobs/{job}/evidence.md")).text
    assert text.startswith(f"# Evidence for `{NAME}` (a draft)")
    assert "without it 0 %" in text
    document = (await client.get(f"/api/v1/jobs/{job}/evaluation.json")).json()
    assert (document["version"], document["reason"], document["job_id"]) == ("", None, str(job))
    assert [run["output"] for run in document["runs"]] == [HOSTILE, "Notes."]


async def test_an_evaluation_is_a_job_of_its_own(
    client: httpx.AsyncClient, database: Database, temporal: WorkflowEnvironment
) -> None:
    await publish_skill(database, "notes")
    answer = await client.post("/api/v1/skills/development/notes/evaluate", json={"model": "openai/gpt-5"})
    assert answer.status_code == 202
    job = UUID(answer.json()["job_id"])
    assert answer.headers["location"] == f"/api/v1/jobs/{job}"
    handle = temporal.client.get_workflow_handle(f"evaluate-skill:{job}")
    assert (await handle.describe()).workflow_type == "EvaluateSkill"
    # No worker has opened it: it is seen, listed and cancelled all the same.
    assert (await client.get(f"/api/v1/jobs/{job}")).json()["status"] == "pending"
    cancelled = await client.post(f"/api/v1/jobs/{job}/cancel", json={"reason": "too dear"})
    assert cancelled.status_code == 202 or cancelled.status_code == 200
    signals = [
        event.workflow_execution_signaled_event_attributes.signal_name
        async for event in handle.fetch_history_events()
        if event.HasField("workflow_execution_signaled_event_attributes")
    ]
    assert signals == ["cancel"]
    await handle.terminate("the test is over")


async def test_the_same_key_is_the_same_evaluation(
    client: httpx.AsyncClient, database: Database, temporal: WorkflowEnvironment
) -> None:
    await publish_skill(database, "notes")
    path, key = "/api/v1/skills/notes/evaluate", {"Idempotency-Key": "once"}
    first = await client.post(path, json={}, headers=key)
    again = await client.post(path, json={}, headers=key)
    other = await client.post(path, json={"version": "1.0.0"}, headers=key)
    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 422)
    assert first.json()["job_id"] == again.json()["job_id"]
    await temporal.client.get_workflow_handle(f"evaluate-skill:{first.json()['job_id']}").terminate("over")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("nobody", {}, 404),
        ("notes", {"version": "3.0.0"}, 404),
        ("notes", {"model": "gpt"}, 422),
        ("notes", {"model": "openai/gpt 5; rm"}, 422),
        ("notes", {"unknown": 1}, 422),
        ("notes", {"budget": {}}, 422),
        ("notes", {"budget": {"calls": 0}}, 422),
        ("notes", {"budget": {"dollars": 1}}, 422),
    ],
)
async def test_what_cannot_be_evaluated_is_refused_at_once(
    client: httpx.AsyncClient, database: Database, path: str, body: dict[str, object], status: int
) -> None:
    await publish_skill(database, "notes")
    assert (await client.post(f"/api/v1/skills/{path}/evaluate", json=body)).status_code == status
