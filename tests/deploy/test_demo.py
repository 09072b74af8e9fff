"""The demo does what a person would do, tells it as it happens, and ends as the job ended."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy import demo
from settings import Settings

JOB = {"type": "job", "job_id": "4711"}
STATE = {"type": "state", "progress": 0, "phase": None, "message": "the present state"}
EVENT = {"type": "phase", "progress": 25, "phase": "planning", "message": "a plan is made"}
DONE = {"type": "outcome", "exit_code": 0, "job_id": "4711", "final_path": "data/notes"}
FAILED = {"type": "outcome", "exit_code": 5, "job_id": "4711"}

ECHO = "import sys; [print(line) for line in sys.argv[1:]]"


def scripted(monkeypatch: pytest.MonkeyPatch, *lines: Mapping[str, object]) -> list[tuple[str, ...]]:
    """Puts a process that prints these lines in the command line's place; returns what was asked of it."""
    asked: list[tuple[str, ...]] = []

    def command(*arguments: str) -> list[str]:
        asked.append(arguments)
        said = [json.dumps(line) for line in lines] if arguments[0] == "create" else []
        return [sys.executable, "-c", ECHO, *said]

    monkeypatch.setattr(demo, "cli", command)
    return asked


def test_a_finished_job_is_told_shown_and_its_skill_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = scripted(monkeypatch, JOB, STATE, EVENT, DONE)
    assert demo.make(Settings(library=tmp_path), "Write notes") == 0
    assert asked == [("create", "Write notes", "--auto-approve", "--promote", "--json"), ("show", "4711")]
    said = capsys.readouterr().out
    assert "Job:  4711" in said
    assert "  25 %  planning       a plan is made" in said
    assert "the present state" not in said
    assert f"{tmp_path}/data/notes/SKILL.md" in said


def test_a_job_that_failed_is_shown_and_its_exit_code_is_the_demos(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = scripted(monkeypatch, JOB, FAILED)
    assert demo.make(Settings(library=tmp_path), "Write notes") == 5
    assert asked[-1] == ("show", "4711")
    assert "published skill" not in capsys.readouterr().out


def promotion(evidence: Mapping[str, object]) -> Mapping[str, object]:
    said = {"progress": 100, "phase": "promotion", "message": "published as data/notes"}
    return {"type": "promotion_completed", **said, "data": {"final_path": "data/notes", "evidence": evidence}}


POOR = {
    "status": "measured",
    "with": 1.0,
    "without": 0.5,
    "n": 2,
    "lacking": ["2 of at least 3 cases prove it", "its description was not tried on queries"],
}


def test_what_the_run_did_not_prove_is_told_of_a_skill_that_is_published_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    scripted(monkeypatch, JOB, promotion(POOR), DONE)
    assert demo.make(Settings(library=tmp_path), "Write notes") == 0
    said = capsys.readouterr().out
    assert "The run of 2 cases: 100% passed with the skill, 50% without it." in said
    assert "Published with a warning: 2 of at least 3 cases prove it; its description was not tried on queries." in said


def test_a_skill_that_was_proven_is_published_without_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    scripted(monkeypatch, JOB, promotion({**POOR, "n": 3, "lacking": []}), DONE)
    assert demo.make(Settings(library=tmp_path), "Write notes") == 0
    said = capsys.readouterr().out
    assert "The run of 3 cases" in said
    assert "warning" not in said


def test_a_refusal_by_the_policy_of_a_running_stack_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    why = "The gain is -50 points; more than 0 is needed. Revise it."
    refused = {"type": "promotion_failed", "progress": 100, "phase": "promotion", "message": why, "data": {}}
    scripted(monkeypatch, JOB, refused, {**FAILED, "exit_code": 1})
    assert demo.make(Settings(library=tmp_path), "Write notes") == 1
    said = capsys.readouterr().out
    assert f"Not published: {why}" in said
    assert "published skill" not in said


@pytest.mark.parametrize("chosen", [None, "refuse"])
def test_the_stack_that_it_starts_warns_unless_the_person_wants_more(
    monkeypatch: pytest.MonkeyPatch, chosen: str | None
) -> None:
    if chosen is not None:
        monkeypatch.setenv("SKILL_FLEET_EVIDENCE_POLICY", chosen)
    code = f"import os, sys; sys.exit(os.environ['SKILL_FLEET_EVIDENCE_POLICY'] != {chosen or 'warn'!r})"
    monkeypatch.setattr(demo, "SERVER", (sys.executable, "-c", code))
    assert demo.local("up", "--detach") == 0


def test_a_command_line_that_says_nothing_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = scripted(monkeypatch)
    assert demo.make(Settings(library=tmp_path), "Write notes") == 1
    assert len(asked) == 1
