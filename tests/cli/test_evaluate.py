"""`evidence` and `evaluate`, against a server that plays the api's contract."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from typer.testing import CliRunner, Result

from cli.app import build
from cli.overview import judged, next_step
from domain.evidence.report import EvaluationReport, EvaluationSummary
from domain.evidence.report_text import markdown
from domain.job import JobResult, JobStatus, JobStatusView
from tests.cli.conftest import Cli
from tests.support.evaluated import AT, a_report
from tests.support.quick_server import QuickServer

JOB = uuid4()


class Played:
    """What the server answers, and what it was asked."""

    def __init__(self) -> None:
        self.report = a_report("notes", "1.2.0")
        self.asked: list[str] = []
        self.bodies: list[object] = []


def played(script: Played) -> FastAPI:
    app = FastAPI()

    @app.get("/api/v1/{path:path}")
    async def read(path: str, request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        script.asked.append(f"{path}{query}")
        if "unknown" in path:
            return JSONResponse({"detail": "notes 1.2.0 was never evaluated.", "status": 404}, 404)
        if path.endswith("evidence.md"):
            return Response(markdown(script.report), media_type="text/markdown")
        return Response(script.report.model_dump_json(by_alias=True), media_type="application/json")

    @app.post("/api/v1/{path:path}")
    async def change(path: str, request: Request) -> Response:
        script.asked.append(path)
        script.bodies.append(await request.json())
        view = JobStatusView(job_id=JOB, status=JobStatus.PENDING)
        return JSONResponse(view.model_dump(mode="json"), 202)

    return app


@pytest.fixture
def script() -> Played:
    return Played()


@pytest.fixture
def run(script: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = QuickServer(uvicorn.Config(played(script), log_level="critical", ws="none", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    environment = {
        "SKILL_FLEET_API_URL": f"http://127.0.0.1:{listening.getsockname()[1]}",
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(build(), list(arguments), env=environment)

    yield call
    server.should_exit = server.force_exit = True
    thread.join(10)
    listening.close()


def test_the_evidence_of_a_skill_is_printed_as_it_is(run: Cli, script: Played) -> None:
    shown = run("evidence", "notes")
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.strip() == markdown(script.report).strip()
    assert script.asked == ["skills/-/notes/versions/latest/evidence.md"]


def test_version_and_model_are_asked_for(run: Cli, script: Played) -> None:
    run("evidence", "data/notes", "--version", "1.1.0", "--model", "openai/gpt-5")
    assert script.asked == ["skills/data/notes/versions/1.1.0/evidence.md?model=openai%2Fgpt-5"]


def test_json_is_the_document(run: Cli, script: Played) -> None:
    shown = run("evidence", "notes", "--json")
    assert json.loads(shown.stdout)["schema"] == "skill-fleet-evaluation/1"
    assert EvaluationReport.model_validate_json(shown.stdout) == script.report


def test_both_files_are_written_into_a_folder(run: Cli, script: Played, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    shown = run("evidence", "notes", "-o", str(folder))
    assert shown.exit_code == 0, shown.output
    assert (folder / "evidence.md").read_text() == markdown(script.report)
    assert EvaluationReport.model_validate_json((folder / "evaluation.json").read_text()) == script.report
    assert str(folder / "evidence.md") in shown.stdout


def test_a_jobs_draft_has_evidence_too_and_no_versions(run: Cli, script: Played) -> None:
    assert run("evidence", str(JOB)).exit_code == 0
    assert script.asked == [f"jobs/{JOB}/evidence.md"]
    refused = run("evidence", str(JOB), "--version", "1.0.0")
    assert refused.exit_code == 2
    assert "one draft" in refused.stderr
    assert len(script.asked) == 1


def test_what_was_never_evaluated_is_said(run: Cli) -> None:
    refused = run("evidence", "unknown")
    assert refused.exit_code == 1
    assert "never evaluated" in refused.stderr


def test_an_evaluation_is_started_and_says_how_to_stay_with_it(run: Cli, script: Played) -> None:
    started = run("evaluate", "notes", "--model", "openai/gpt-5", "--version", "1.1.0")
    assert started.exit_code == 0, started.output
    assert script.asked == ["skills/notes/evaluate"]
    assert script.bodies == [{"model": "openai/gpt-5", "version": "1.1.0"}]
    assert f"skill-fleet watch {JOB}" in started.stderr
    run("evaluate", "notes")
    assert script.bodies[1] == {}
    assert json.loads(run("evaluate", "notes", "--json").stdout)["job_id"] == str(JOB)


def test_what_it_may_spend_is_sent_as_it_was_said(run: Cli, script: Played) -> None:
    given = ("--budget-calls", "40", "--budget-tokens", "9000", "--budget-usd", "1.5")
    assert run("evaluate", "notes", *given).exit_code == 0
    assert run("evaluate", "notes", "--budget-usd", "0.5").exit_code == 0
    assert script.bodies == [{"budget": {"calls": 40, "tokens": 9000, "usd": 1.5}}, {"budget": {"usd": 0.5}}]
    assert run("evaluate", "notes", "--budget-calls", "0").exit_code == 2


def test_the_next_step_after_a_verdict_is_to_read_why() -> None:
    ended = JobStatusView(
        job_id=JOB, status=JobStatus.COMPLETED, result=JobResult(skill_name="notes", revision=1, outcome="retire")
    )
    assert next_step(ended) == "skill-fleet evidence notes"
    proven = ended.model_copy(update={"result": JobResult(skill_name="notes", revision=1)})
    assert next_step(proven) == f"skill-fleet promote {JOB}"


def test_a_glance_says_the_verdict_and_the_numbers() -> None:
    found = EvaluationSummary(
        evaluation_id=JOB,
        name="notes",
        version="1.0.0",
        digest="d",
        model="openai/gpt-5",
        reason="demand",
        verdict="fix",
        why=["no case was run"],
        created_at=AT,
    )
    assert judged(found) == "fix, by openai/gpt-5: no case was run"
    rates = found.model_copy(update={"with_": 0.9, "without": 0.4, "delta": 0.5, "cases": 3})
    assert judged(rates) == "fix: with 90%, without 40% (+50 points, 3 cases, by openai/gpt-5)"
