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


def test_a_command_line_that_says_nothing_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = scripted(monkeypatch)
    assert demo.make(Settings(library=tmp_path), "Write notes") == 1
    assert len(asked) == 1
