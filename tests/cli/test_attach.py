"""Staying with a job: the story so far, what is open now, and the outcome whatever happens."""

import json

import pytest
from pydantic import JsonValue

from cli import feed
from domain.job import JobStatus
from domain.prompt import HitlType
from tests.cli.conftest import Cli
from tests.cli.scripted_api import Fault, Script

CONFIRM: dict[str, JsonValue] = {"summary": "s", "path": "data/user-data", "plan": ["write"]}


def outcome(stdout: str) -> dict[str, JsonValue]:
    line = json.loads(stdout.splitlines()[-1])
    assert line["type"] == "outcome"
    return dict(line)


def test_a_prompt_of_the_past_does_not_stop_the_watcher(cli: Cli, script: Script) -> None:
    script.asks(HitlType.CONFIRM, CONFIRM)
    script.prompt = None
    script.event("writes")
    script.ends(JobStatus.COMPLETED)
    done = cli("watch", str(script.job.job_id), "--json")
    assert done.exit_code == 0
    assert [json.loads(line)["type"] for line in done.stdout.splitlines()] == [
        "prompt_opened",
        "progress",
        "completed",
        "outcome",
    ]


def test_an_open_prompt_stops_it_with_8_and_the_way_to_answer(cli: Cli, script: Script) -> None:
    script.event("plans")
    script.asks(HitlType.CONFIRM, CONFIRM)
    done = cli("watch", str(script.job.job_id), "--json")
    assert done.exit_code == 8
    told = outcome(done.stdout)
    assert (told["hitl_type"], told["next"]) == ("confirm", f"skill-fleet answer {script.job.job_id}")
    assert f"skill-fleet answer {script.job.job_id}" in done.stderr


def test_in_a_pipe_there_are_plain_lines(cli: Cli, script: Script) -> None:
    script.event("plans")
    script.asks(HitlType.CONFIRM, CONFIRM)
    done = cli("watch", str(script.job.job_id))
    assert done.stdout.splitlines() == [
        "  1 % generation    plans",
        "  2 % generation    asks confirm",
        "waits for a person (confirm)",
        f"answer with: skill-fleet answer {script.job.job_id}",
    ]


def test_a_parked_job_says_its_problem_and_the_way_on(cli: Cli, script: Script) -> None:
    script.parked("the model's key was refused")
    done = cli("watch", str(script.job.job_id))
    assert done.exit_code == 8
    assert "the model's key was refused" in done.stdout
    assert f"skill-fleet retry {script.job.job_id}" in done.stdout


def test_a_failed_job_says_why(cli: Cli, script: Script) -> None:
    script.ends(JobStatus.FAILED, error="the model answered nonsense, three times")
    done = cli("watch", str(script.job.job_id))
    assert done.exit_code == 5
    assert "the model answered nonsense" in done.stdout


def test_escape_sequences_of_a_model_do_not_reach_the_terminal(cli: Cli, script: Script) -> None:
    script.event("writes \x1b[2J\u202e evil")
    script.ends(JobStatus.COMPLETED)
    done = cli("watch", str(script.job.job_id))
    assert "\\x1b[2J\\u202e evil" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_job_that_was_to_be_published_and_is_not_is_a_failure(cli: Cli, script: Script) -> None:
    script.ends(JobStatus.COMPLETED)
    assert cli("create", "handle user data safely", "--promote").exit_code == 1
    script.promoted()
    assert cli("create", "handle user data safely", "--promote").exit_code == 0


def test_when_the_api_stays_away_the_outcome_is_still_told(
    cli: Cli, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "WAITS", (0.0,))
    script.event("writes")
    script.faults[f"/jobs/{script.job.job_id}/events"] = [Fault(status=503)] * 99
    done = cli("watch", str(script.job.job_id), "--json")
    assert done.exit_code == 1
    assert outcome(done.stdout)["exit_code"] == 1
    assert "skill-fleet up" in done.stderr


def test_a_job_that_is_unknown_is_told_once(cli: Cli, script: Script) -> None:
    script.faults[f"/jobs/{script.job.job_id}/events"] = [Fault(status=404, body={"detail": "no such job"})]
    done = cli("watch", str(script.job.job_id))
    assert done.exit_code == 1
    assert done.stderr.count("no such job") == 1
