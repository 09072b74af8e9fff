"""Staying with a job: the story so far, what is open now, and the outcome whatever happens."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import JsonValue

from cli import feed
from domain.job import JobResult, JobStatus
from domain.prompt import HitlType
from domain.skill import RevisionSummary
from tests.cli.conftest import Cli
from tests.cli.scripted_api import NOW, Fault, Script

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
        "prompt",
        "phase",
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


def seqs(stdout: str) -> list[int]:
    return [line["seq"] for line in map(json.loads, stdout.splitlines()) if "seq" in line]


def test_watch_goes_on_after_the_last_event_it_has_shown(cli: Cli, script: Script) -> None:
    job = str(script.job.job_id)
    script.event("plans")
    script.asks(HitlType.CONFIRM, CONFIRM)
    assert seqs(cli("watch", job, "--json").stdout) == [1, 2]
    script.prompt = None
    script.ends(JobStatus.COMPLETED)
    again = cli("watch", job, "--json")
    assert (again.exit_code, seqs(again.stdout)) == (0, [3])
    assert "goes on after event 2" in again.stderr
    assert seqs(cli("watch", job, "--json", "--from-start").stdout) == [1, 2, 3]


def test_an_open_prompt_that_was_seen_stops_the_next_watcher_too(cli: Cli, script: Script) -> None:
    script.asks(HitlType.CONFIRM, CONFIRM)
    job = str(script.job.job_id)
    cli("create", "handle user data safely", "--json")
    again = cli("watch", job, "--json")
    assert (again.exit_code, seqs(again.stdout), outcome(again.stdout)["hitl_type"]) == (8, [], "confirm")
    assert cli("create", "--resume", job, "--json").exit_code == 8


def test_a_killed_watcher_leaves_no_gap_and_no_duplicate(environment: dict[str, str], script: Script) -> None:
    """Killed where it cannot tidy up, after the third event was read by somebody and nothing more was written."""
    for number in range(3):
        script.event(f"step {number}")
    command = [sys.executable, "-m", "cli.app", "watch", str(script.job.job_id), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as first:
        assert first.stdout
        shown = [json.loads(first.stdout.readline())["seq"] for _ in range(3)]
        state = Path(environment["XDG_STATE_HOME"]) / "skill-fleet" / "seen" / str(script.job.job_id)
        while not (state.exists() and state.read_text() == "3"):  # until the last look was noted
            assert first.poll() is None
        first.kill()
    script.event("step 3")
    script.ends(JobStatus.COMPLETED)
    second = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert shown + seqs(second.stdout) == [1, 2, 3, 4, 5]


def told_at(cli: Cli, script: Script, level: str) -> str:
    return cli("watch", str(script.job.job_id), "--from-start", "--reasoning", level).stdout


def test_reasoning_is_told_as_far_as_it_is_wanted(cli: Cli, script: Script) -> None:
    script.event("plans", key_assumptions=["it is legal"])
    script.event("writing Rules", kind="progress")
    script.record.revisions = [
        RevisionSummary(
            n=2, digest="d", made_by="m", by_person=False, feedback="shorter", changes=["cut Rules"], created_at=NOW
        )
    ]
    script.event("revision 2 is written by m", kind="revision", revision=2)
    rates = {"status": "measured", "with": 1.0, "without": 0.5, "n": 4}
    script.event("with the skill 4 of 4 cases passed", kind="evidence", evidence=rates)
    script.tokens = [("draft", "## Quick Start\nRun")]
    script.ends(JobStatus.COMPLETED)
    off, summary, full = (told_at(cli, script, level) for level in ("off", "summary", "full"))
    reasons = ("assumes: it is legal", "you wanted: shorter", "changed: cut Rules", "evidence: with 100%, without 50%")
    assert "plans" in off
    assert not [text for text in (*reasons, "revision 2", "writing Rules") if text in off]
    assert [text for text in (*reasons, "revision 2") if text in summary] == [*reasons, "revision 2"]
    assert "writing Rules" not in summary
    assert "| ## Quick Start" not in summary
    assert [text for text in (*reasons, "writing Rules", "| ## Quick Start") if text not in full] == []


def test_what_is_being_written_moves_no_number(cli: Cli, script: Script) -> None:
    script.event("plans")
    script.tokens = [("draft", "one"), ("draft", "one two")]
    script.ends(JobStatus.COMPLETED)
    job = str(script.job.job_id)
    lines = [json.loads(line) for line in cli("watch", job, "--json", "--reasoning", "full").stdout.splitlines()]
    assert [line["data"] for line in lines if line["type"] == "token"] == [
        {"label": "draft", "text": "one"},
        {"label": "draft", "text": "one two"},
    ]
    assert [line["seq"] for line in lines if line["type"] not in ("token", "outcome")] == [1, 2]


def test_without_the_revision_the_story_goes_on(cli: Cli, script: Script) -> None:
    script.event("revision 7 is written", kind="revision", revision=7)
    script.ends(JobStatus.COMPLETED)
    assert cli("watch", str(script.job.job_id)).exit_code == 0


def test_a_cancelled_job_with_a_revision_says_how_to_go_on(cli: Cli, script: Script) -> None:
    script.ends(JobStatus.CANCELLED, result=JobResult(revision=3))
    done = cli("watch", str(script.job.job_id))
    assert (done.exit_code, f"skill-fleet create --from-job {script.job.job_id}" in done.stdout) == (3, True)
