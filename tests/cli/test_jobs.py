"""Looking at jobs and steering them."""

import json

import pytest

from domain.evaluation import Arm, CaseRun, EvaluationCase, EvaluationView, Evidence, TddState
from domain.job import AuditEntry, AuditLog, JobResult, JobStatus, Usage, ValidationSummary
from domain.prompt import HitlType
from domain.skill import RevisionSummary
from tests.cli.conftest import Cli
from tests.cli.scripted_api import NOW, Fault, Script


def test_jobs_are_rows_with_tabs_in_a_pipe(cli: Cli, script: Script) -> None:
    script.job = script.job.model_copy(update={"task_description": "two\nlines\tand \x1b[1m"})
    done = cli("jobs", "--status", "running", "--q", "data", "--limit", "5")
    assert done.stdout.rstrip("\n").split("\t") == [
        str(script.job.job_id),
        "running",
        "-",
        "0",
        "-",
        "two lines and \\x1b[1m",
    ]


def test_show_tells_who_wrote_it_and_how_it_was_proven(cli: Cli, script: Script) -> None:
    result = JobResult(
        skill_name="user-data",
        draft_path="_drafts/x/user-data",
        validation=ValidationSummary(passed=True, score=0.93),
        evidence=Evidence(status="measured", with_=0.75, without=0.25, delta=0.5, n=4),
        usage=Usage(calls=7, input_tokens=10, output_tokens=20, models=["openai/gpt-5"]),
    )
    script.job = script.job.model_copy(update={"result": result})
    script.ends(JobStatus.COMPLETED)
    said = cli("show", str(script.job.job_id)).stdout
    for words in (
        "completed in generation",
        "user-data",
        "openai/gpt-5",
        "with 75%, without 25% (+50 points, 4 cases)",
        "passed, score 0.93",
        "_drafts/x/user-data",
        "7 model calls, 10 tokens in, 20 out, price unknown\n",
        f"skill-fleet promote {script.job.job_id}",
    ):
        assert words in said
    assert "small local model" not in said


def test_show_says_when_the_small_model_wrote_it(cli: Cli, script: Script) -> None:
    usage = Usage(models=["openai/Qwen2.5-Coder-1.5B-Instruct-Q4"])
    script.job = script.job.model_copy(update={"result": JobResult(usage=usage)})
    job = str(script.job.job_id)
    assert "written by a small local model: read before use; better: set SKILL_FLEET_MODEL" in cli("show", job).stdout
    told = json.loads(cli("show", job, "--json").stdout)
    assert (told["small_model"], "SKILL_FLEET_MODEL_API_KEY" in told["notice"]) == (True, True)


def test_show_json_is_the_job_with_what_a_person_is_told(cli: Cli, script: Script) -> None:
    script.asks(HitlType.CONFIRM, {})
    told = json.loads(cli("show", str(script.job.job_id), "--json").stdout)
    assert (told["status"], told["evidence"]["with"]) == ("pending_hitl", 0.75)
    assert told["next"] == f"skill-fleet answer {script.job.job_id}"


def test_show_does_without_an_evaluation(cli: Cli, script: Script) -> None:
    script.faults[f"/jobs/{script.job.job_id}/evaluation"] = [Fault(status=404)]
    assert cli("show", str(script.job.job_id)).exit_code == 0


def test_show_names_a_problem_and_since_when(cli: Cli, script: Script) -> None:
    script.parked("no key")
    said = cli("show", str(script.job.job_id)).stdout
    assert f"parked since {NOW:%Y-%m-%d}" in said
    assert "no key" in said


@pytest.mark.parametrize(
    ("views", "names"),
    [
        (["--usage", "--trace", "all", "--checklist"], "--checklist and --usage and --trace are 3"),
        (["--record", "--understanding"], "--record and --understanding are 2"),
    ],
)
def test_show_gives_one_view_at_a_time(cli: Cli, script: Script, views: list[str], names: str) -> None:
    done = cli("show", str(script.job.job_id), *views)
    assert (done.exit_code, done.stdout) == (2, "")
    assert names in " ".join(done.stderr.split())


def test_cancel_sends_its_reason(cli: Cli, script: Script) -> None:
    job = str(script.job.job_id)
    done = cli("cancel", job, "--reason", "not needed", "--json")
    assert json.loads(done.stdout)["status"] == "cancelled"
    assert script.sent(f"/jobs/{job}/cancel")[0].body == {"reason": "not needed"}
    done = cli("cancel", job)
    assert (done.exit_code, "--reason TEXT" in done.stderr) == (2, True)


def test_retry_goes_on(cli: Cli, script: Script) -> None:
    job = str(script.job.job_id)
    assert cli("retry", job).stdout == f"goes on {job}\n"
    assert script.sent(f"/jobs/{job}/retry")[0].body == {}


def test_a_parked_prompt_is_asked_again(cli: Cli, script: Script) -> None:
    job = str(script.job.job_id)
    assert cli("reopen", job).stdout == f"asks again {job}\n"
    assert script.sent(f"/jobs/{job}/reopen")[0].body == {}


def test_the_checklist_shows_each_box_and_each_case(cli: Cli, script: Script) -> None:
    job = str(script.job.job_id)
    assert "no tests yet" in cli("show", job, "--checklist").stdout
    script.evaluation = EvaluationView(
        job_id=script.job.job_id,
        cases=[EvaluationCase(id="c1", prompt="delete a user", expectations=[])],
        runs=[
            CaseRun(case_id="c1", arm=Arm.WITHOUT, output="", passed=False, checked=[]),
            CaseRun(case_id="c1", arm=Arm.WITH, output="", passed=True, checked=[]),
        ],
        evidence=Evidence(status="measured", with_=1.0, without=0.0, n=1),
        tdd=TddState(phase="green", checklist_state={"baseline_run": True, "skill_written": False}),
    )
    said = cli("show", job, "--checklist").stdout
    for words in (
        "Phase: GREEN",
        "[x] baseline run",
        "[ ] skill written",
        "without the skill 0/1",
        "with the skill 1/1",
    ):
        assert words in said
    assert json.loads(cli("show", job, "--checklist", "--json").stdout)["tdd"]["phase"] == "green"


def test_the_record_is_one_document_with_all_that_is_kept(cli: Cli, script: Script) -> None:
    interaction = script.asks(HitlType.CONFIRM, {"summary": "s", "path": "a/b", "plan": []})
    script.record.revisions = [RevisionSummary(n=1, digest="d" * 64, made_by="m", by_person=False, created_at=NOW)]
    entry = AuditEntry(
        number=1,
        received_at=NOW,
        job_id=script.job.job_id,
        interaction_id=interaction,
        hitl_type=HitlType.CONFIRM,
        person="ada",
        channel="cli",
        outcome="accepted",
        action="revise",
        body={"feedback": "shorter"},
        digest="x",
        revision=1,
    )
    script.record.audit = AuditLog(entries=[entry])
    job = str(script.job.job_id)
    told = json.loads(cli("show", job, "--record", "--json").stdout)
    assert told.keys() == {"job", "interactions", "audit", "revisions", "events"}
    assert (told["job"]["job_id"], told["audit"][0]["person"], told["events"][0]["seq"]) == (job, "ada", 1)
    said = cli("show", job, "--record").stdout
    for words in (
        "ada over cli: confirm revise on revision 1, accepted – feedback: shorter",
        "confirm round 1: pending",
    ):
        assert words in said


def test_the_record_of_a_job_that_has_only_begun(cli: Cli, script: Script) -> None:
    told = json.loads(cli("show", str(script.job.job_id), "--record", "--json").stdout)
    assert (told["events"], told["audit"]) == ([], [])
