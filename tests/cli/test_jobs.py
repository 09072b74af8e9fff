"""Looking at jobs and steering them."""

import json

from domain.evaluation import Evidence
from domain.job import JobResult, JobStatus, Usage, ValidationSummary
from domain.prompt import HitlType
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
        "7 model calls, 10 tokens in, 20 out\n",
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


def test_the_inbox_lists_what_waits(cli: Cli, script: Script) -> None:
    script.asks(HitlType.PREVIEW, {})
    assert cli("inbox").stdout.split("\t")[:2] == [str(script.job.job_id), "preview"]
    assert json.loads(cli("inbox", "--json").stdout)["items"][0]["hitl_type"] == "preview"


def test_an_empty_inbox_is_no_error_and_prints_no_data(cli: Cli) -> None:
    done = cli("inbox")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "nothing waits" in done.stderr


def test_cancel_sends_its_reason(cli: Cli, script: Script) -> None:
    job = str(script.job.job_id)
    done = cli("cancel", job, "--reason", "not needed", "--json")
    assert json.loads(done.stdout)["status"] == "cancelled"
    assert script.sent(f"/jobs/{job}/cancel")[0].body == {"reason": "not needed"}
    assert cli("cancel", job).exit_code == 2


def test_retry_goes_on(cli: Cli, script: Script) -> None:
    job = str(script.job.job_id)
    assert cli("retry", job).stdout == f"goes on {job}\n"
    assert script.sent(f"/jobs/{job}/retry")[0].body == {}
