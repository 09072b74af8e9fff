"""`create`: what it sends, what it refuses to send, and coming back."""

import json
from pathlib import Path

import pytest

from domain.job import MAX_SOURCES, JobStatus
from tests.cli.conftest import Cli
from tests.cli.scripted_api import Fault, Script


def test_only_what_was_said_is_sent(cli: Cli, script: Script) -> None:
    assert cli("create", "handle user data", "--detach").exit_code == 0
    assert script.sent("/skills")[0].body == {"task_description": "handle user data", "options": {}, "sources": []}


def test_every_option_reaches_the_api(cli: Cli, script: Script, tmp_path: Path) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("Müller", encoding="utf-8")
    options = ["--category", "data", "--auto-approve", "--confirm", "--promote", "--max-questions", "0"]
    options += ["--tdd-checkpoints", "--max-rounds", "2", "--budget-calls", "40", "--budget-tokens", "9000"]
    options += ["--budget-usd", "1.5", "--timeout", "1h30m", "--style", "navigation_hub", "--one-at-a-time"]
    assert cli("create", "handle user data", *options, "--source", str(notes), "--detach").exit_code == 0
    assert script.sent("/skills")[0].body == {
        "task_description": "handle user data",
        "options": {
            "category": "data",
            "auto_approve": True,
            "confirm": True,
            "tdd_checkpoints": True,
            "promote": True,
            "max_questions": 0,
            "max_rounds": 2,
            "budget": {"calls": 40, "tokens": 9000, "usd": 1.5},
            "hitl_timeout": "PT1H30M",
            "style": "navigation_hub",
            "one_at_a_time": True,
        },
        "sources": [{"name": "notes.md", "content": "Müller"}],
    }


def test_detach_prints_the_id_and_leaves(cli: Cli, script: Script) -> None:
    done = cli("create", "handle user data", "--detach", "--json")
    assert json.loads(done.stdout)["job_id"] == str(script.job.job_id)
    assert "skill-fleet watch" in done.stderr
    assert cli("create", "handle user data", "--detach").stdout == f"job {script.job.job_id}\n"


def test_a_lost_answer_to_the_start_does_not_start_twice(cli: Cli, script: Script) -> None:
    script.faults["/skills"] = [Fault(status=502)]
    assert cli("create", "handle user data", "--detach").exit_code == 0
    assert len({seen.headers["idempotency-key"] for seen in script.sent("/skills")}) == 1


def test_resume_starts_nothing(cli: Cli, script: Script) -> None:
    script.ends(JobStatus.COMPLETED)
    assert cli("create", "--resume", str(script.job.job_id)).exit_code == 0
    assert script.sent("/skills") == []


def test_a_task_and_resume_exclude_each_other(cli: Cli, script: Script) -> None:
    assert cli("create", "a task here", "--resume", str(script.job.job_id)).exit_code == 2


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00", b"\x7fELF", b"a\0"])
def test_a_source_that_cannot_travel_is_refused_before_anything_starts(
    cli: Cli, script: Script, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "notes.md"
    if content is not None:
        file.write_bytes(content)
    done = cli("create", "handle user data", "--source", str(file))
    assert done.exit_code == 2
    assert str(file) in done.stderr.replace("\n", "")
    assert script.sent("/skills") == []


def test_texts_that_are_too_large_together_are_sent_in_before(cli: Cli, script: Script, tmp_path: Path) -> None:
    files = [tmp_path / "a", tmp_path / "b"]
    for file in files:
        file.write_text("x" * (MAX_SOURCES // 2 + 1))
    cli("create", "handle user data", "--source", str(files[0]), "--source", str(files[1]))
    assert len(script.sent("/sources")) == 1  # the scripted api knows no such route: nothing else was asked
    assert script.sent("/skills") == []


def test_a_task_that_the_api_refuses_is_a_usage_error_with_its_field(cli: Cli, script: Script) -> None:
    wrong = {"detail": "at least 3 words", "errors": {"task_description": "has 2 words"}, "request_id": "r-7"}
    script.faults["/skills"] = [Fault(status=422, body=wrong)]
    done = cli("create", "two words")
    assert done.exit_code == 2
    assert "task_description: has 2 words" in done.stderr
    assert "request: r-7" not in done.stderr  # the api did as it should: its log says nothing more


def test_it_goes_on_from_what_an_ended_job_left(cli: Cli, script: Script) -> None:
    job = str(script.job.job_id)
    assert cli("create", "--from-job", job, "--detach").exit_code == 0
    assert (
        cli("create", "make it shorter please", "--from-job", job, "--revision", "2", "--confirm", "-q").exit_code == 2
    )
    assert (
        cli("create", "a new task here", "--from-job", job, "--revision", "2", "--confirm", "--detach").exit_code == 0
    )
    told = cli("create", "a new task here", "--from-job", job, "--detach").stderr
    assert "taken over as it is" in told
    assert "`revise`" in told
    assert "taken over" not in cli("create", "--from-job", job, "--detach").stderr
    assert [seen.body for seen in script.sent("/skills")][:2] == [
        {"from_job": job},
        {"from_job": job, "from_revision": 2, "task_description": "a new task here", "options": {"confirm": True}},
    ]


@pytest.mark.parametrize(
    "line",
    [
        ["a task here", "--revision", "2"],
        ["a task here", "--from", "jobs.txt"],
        ["--from", "nowhere.txt"],
        ["a task here", "--timeout", "soon"],
        ["a task here", "--max-rounds", "0"],
        ["a task here", "--budget-calls", "0"],
        ["a task here", "--reasoning", "much"],
    ],
)
def test_what_makes_no_sense_starts_nothing(cli: Cli, script: Script, line: list[str]) -> None:
    assert cli("create", *line).exit_code == 2
    assert script.sent("/skills") == []


def test_chat_needs_a_person(cli: Cli, script: Script) -> None:
    done = cli("chat", "a task here now")
    assert (done.exit_code, "skill-fleet create TASK" in done.stderr) == (2, True)
    assert script.sent("/skills") == []
