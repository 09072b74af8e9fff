"""Several jobs from one file: each is started, a bad one is told and does not stop the others."""

import json
from pathlib import Path

import pytest
from pydantic import JsonValue

from tests.cli.conftest import Cli
from tests.cli.scripted_api import Fault, Script

LINES = "# jobs of today\n\nwrite release notes\nreview SQL migrations\n"
YAML = """
- write release notes
- task: review SQL migrations
  confirm: true
  budget: {calls: 9}
"""


def bodies(script: Script) -> list[JsonValue]:
    return [seen.body for seen in script.sent("/skills")]


def file(tmp_path: Path, text: str, name: str = "jobs.txt") -> str:
    (tmp_path / name).write_text(text)
    return str(tmp_path / name)


def test_each_line_is_a_job_and_its_id_is_printed(cli: Cli, script: Script, tmp_path: Path) -> None:
    done = cli("create", "--from", file(tmp_path, LINES), "--auto-approve")
    assert (done.exit_code, done.stdout) == (0, f"job {script.job.job_id}\n" * 2)
    assert bodies(script) == [
        {"task_description": task, "options": {"auto_approve": True}, "sources": []}
        for task in ("write release notes", "review SQL migrations")
    ]
    assert "started 2 of 2" in done.stderr


def test_with_json_there_is_one_line_a_job(cli: Cli, script: Script, tmp_path: Path) -> None:
    done = cli("create", "--from", file(tmp_path, LINES), "--json")
    assert [json.loads(line)["type"] for line in done.stdout.splitlines()] == ["job", "job"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("jobs.yaml", YAML),
        ("jobs.txt", YAML),
        (
            "jobs.json",
            '["write release notes",'
            ' {"task": "review SQL migrations", "options": {"confirm": true, "budget": {"calls": 9}}}]',
        ),
    ],
)
def test_a_list_may_carry_options(cli: Cli, script: Script, tmp_path: Path, name: str, text: str) -> None:
    assert cli("create", "--from", file(tmp_path, text, name), "--max-questions", "1").exit_code == 0
    assert bodies(script)[1] == {
        "task_description": "review SQL migrations",
        "options": {"confirm": True, "budget": {"calls": 9}, "max_questions": 1},
        "sources": [],
    }


def test_it_may_come_from_stdin(cli: Cli, script: Script) -> None:
    assert cli("create", "--from", "-", stdin=LINES).exit_code == 0
    assert len(bodies(script)) == 2


def test_a_bad_entry_is_told_and_the_others_are_started(cli: Cli, script: Script, tmp_path: Path) -> None:
    text = """
- {task: a good task here}
- {tusk: a typing error}
- {task: an unknown option here, colour: red}
- {task: an option out of reach, max_rounds: 99}
- {task: a lost source here, sources: [nowhere.md]}
- 7
- another good task
"""
    done = cli("create", "--from", file(tmp_path, text, "jobs.yaml"))
    assert (done.exit_code, len(bodies(script))) == (2, 2)
    for words in ("entry 2 of 7", "no option colour", "max_rounds", "nowhere.md", "entry 6 of 7: 7", "started 2 of 7"):
        assert words in done.stderr


def test_what_the_api_refuses_does_not_stop_the_others(cli: Cli, script: Script, tmp_path: Path) -> None:
    script.faults["/skills"] = [Fault(status=422, body={"errors": {"task_description": "2 words"}})]
    done = cli("create", "--from", file(tmp_path, LINES))
    assert (done.exit_code, len(done.stdout.splitlines())) == (2, 1)
    assert "task_description: 2 words" in done.stderr
    script.faults["/skills"] = [Fault(status=500), Fault(status=422)]
    assert cli("create", "--from", file(tmp_path, LINES)).exit_code == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("jobs.txt", "# nothing\n"),
        ("jobs.yaml", "a: b"),
        ("jobs.json", "[1,"),
        ("jobs.json", "[" * 100_000),
        ("j.yaml", ""),
    ],
)
def test_a_file_without_jobs_is_a_usage_error(cli: Cli, script: Script, tmp_path: Path, name: str, text: str) -> None:
    assert cli("create", "--from", file(tmp_path, text, name)).exit_code == 2
    assert bodies(script) == []
