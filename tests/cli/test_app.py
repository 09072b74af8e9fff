"""The program as a shell sees it: exit codes, streams, flags on both sides, no tracebacks."""

import json
import subprocess
import sys

import pytest
from pydantic import JsonValue
from typer.testing import CliRunner

from cli.app import build
from cli.registry import COMMANDS
from domain.job import JobStatus
from domain.prompt import HitlType
from tests.cli.conftest import Cli, Program
from tests.cli.scripted_api import Fault, Script

CONFIRM: dict[str, JsonValue] = {"summary": "s", "path": "data/user-data", "plan": ["write"]}


def prepared(script: Script, case: str) -> None:
    """Bring the script's job into the case."""
    ends = {"completed": JobStatus.COMPLETED, "failed": JobStatus.FAILED, "cancelled": JobStatus.CANCELLED}
    script.event("starts")
    if case in ends:
        script.ends(ends[case])
    elif case == "asks":
        script.asks(HitlType.CONFIRM, CONFIRM)
    elif case == "validates":
        script.asks(HitlType.VALIDATE, {}, status=JobStatus.PENDING_REVIEW)
    elif case == "parked":
        script.parked("the model's key was refused")
    else:
        script.faults["/skills"].append(Fault(status=int(case), body={"code": "x", "detail": "because"}))


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("completed", 0),
        ("failed", 5),
        ("cancelled", 3),
        ("asks", 8),
        ("validates", 8),
        ("parked", 8),
        ("401", 4),
        ("403", 4),
        ("404", 1),
        ("409", 1),
        ("422", 2),
        ("500", 1),
    ],
)
def test_create_leaves_with_the_code_of_what_happened(program: Program, script: Script, case: str, code: int) -> None:
    prepared(script, case)
    done = program("create", "handle user data safely", "--json")
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if case.isdigit():
        assert lines == []
        assert "error:" in done.stderr
        return
    assert lines[0] == {"type": "job", "job_id": str(script.job.job_id), "status": str(script.job.status)}
    assert [line["seq"] for line in lines[1:-1]] == list(range(1, len(script.events) + 1))
    assert (lines[-1]["type"], lines[-1]["exit_code"]) == ("outcome", code)
    assert lines[-1]["status"] == str(script.job.status)


def test_usage_errors_leave_with_2(cli: Cli) -> None:
    for line in (["nonsense"], ["create"], ["show", "not-an-id"], ["jobs", "--limit", "0"], ["jobs", "--nonsense"]):
        assert cli(*line).exit_code == 2, line


def test_a_typing_error_in_a_command_is_answered_with_the_right_one(cli: Cli) -> None:
    assert "Did you mean 'promote'" in cli("promot").stderr


def test_the_common_flags_work_before_and_after_the_command(cli: Cli, script: Script) -> None:
    for line in (["--json", "--user", "ada", "jobs"], ["jobs", "--json", "--user", "ada"]):
        assert json.loads(cli(*line).stdout)["jobs"][0]["job_id"] == str(script.job.job_id)
        assert script.seen[-1].headers["x-user-id"] == "ada"


def test_the_flag_after_the_command_wins(cli: Cli, script: Script) -> None:
    cli("--user", "ada", "jobs", "--user", "grace", SKILL_FLEET_USER="env")
    assert script.seen[-1].headers["x-user-id"] == "grace"


def test_the_user_comes_from_the_setting_or_is_not_sent(cli: Cli, script: Script) -> None:
    cli("jobs")
    assert "x-user-id" not in script.seen[-1].headers
    cli("jobs", SKILL_FLEET_USER="env")
    assert script.seen[-1].headers["x-user-id"] == "env"


def test_a_name_that_cannot_travel_is_a_usage_error(cli: Cli) -> None:
    done = cli("jobs", "--user", "ada\nx-admin: 1")
    assert (done.exit_code, "cannot be a user's name" in done.stderr) == (2, True)


def test_an_unknown_setting_is_named_and_values_are_not_shown(cli: Cli) -> None:
    assert cli("jobs", SKILL_FLEET_MODLE="x").exit_code == 2
    wrong = cli("jobs", SKILL_FLEET_MODEL_TIMEOUT="sk-secret")
    assert wrong.exit_code == 2
    assert "SKILL_FLEET_MODEL_TIMEOUT" in wrong.stderr
    assert "sk-secret" not in wrong.stderr


def test_debug_shows_the_traceback_and_otherwise_there_is_none(program: Program) -> None:
    down = {"SKILL_FLEET_API_URL": "ftp://nowhere"}
    plain, debug = program("jobs", **down), program("--debug", "jobs", **down)
    assert (plain.returncode, "Traceback" in plain.stderr) == (2, False)
    assert "Traceback" in debug.stderr


def test_a_reader_that_goes_away_is_no_fault(environment: dict[str, str], script: Script) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "cli.app", "jobs"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    assert running.stdout
    running.stdout.close()
    _, said = running.communicate(timeout=30)
    assert b"Traceback" not in said


def test_help_names_every_command_that_is_not_hidden(program: Program) -> None:
    text = program("--help").stdout
    for name, listed in COMMANDS.items():
        assert (f"\n  {name} " in text) is not listed.hidden


def test_no_command_is_cut_short_in_the_list_of_all(program: Program) -> None:
    listed = program("--help").stdout.partition("Commands:")[2].splitlines()
    assert not [line for line in listed if line.endswith("...")]


def test_a_command_tells_its_own_flags_before_the_common_ones() -> None:
    text = CliRunner().invoke(build(), ["jobs", "--help"]).stdout
    assert text.index("--cursor") < text.index("--api-url") < text.index("--help ")


def test_every_command_offers_the_common_flags() -> None:
    for command in ("up", "create", "answer", "validate", "doctor", "list"):
        text = CliRunner().invoke(build(), [command, "--help"]).stdout
        assert all(flag in text for flag in ("--api-url", "--user", "--json", "--debug")), command


def test_the_servers_libraries_are_not_loaded(program: Program) -> None:
    """The command line talks HTTP: none of them may come along, whatever is done."""
    report = program("jobs", PYTHONPROFILEIMPORTTIME="1").stderr
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in report.splitlines()}
    assert not loaded & {"dspy", "sqlalchemy", "temporalio", "fastapi", "litellm"}


def test_a_typing_error_in_a_flag_is_answered_with_the_right_one(cli: Cli) -> None:
    done = cli("create", "a task here", "--auto-aprove")
    assert (done.exit_code, "--auto-approve" in done.stderr) == (2, True)


def test_the_record_can_tell_the_command_line_from_other_programs(cli: Cli, script: Script) -> None:
    cli("jobs")
    assert script.seen[-1].headers["user-agent"].startswith("skill-fleet")
