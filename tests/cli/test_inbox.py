"""What waits for a person: rows, conditions, problems, and what changes while one looks."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from cli.client import Api
from cli.feed import MAX_FAILURES
from domain.job import StoppedJob
from domain.prompt import HitlType
from tests.cli.conftest import Cli
from tests.cli.scripted_api import NOW, Fault, Script


def test_the_inbox_lists_what_waits_for_whom_and_until_when(cli: Cli, script: Script) -> None:
    script.due = datetime.now(UTC) - timedelta(hours=2, minutes=5)
    script.record.assignee = "group:reviewers"
    script.asks(HitlType.PREVIEW, {})
    cells = cli("inbox").stdout.rstrip("\n").split("\t")
    assert cells[:3] == [str(script.job.job_id), "preview", "overdue 2 h"]
    assert cells[4:] == ["group:reviewers", "bob", "handle user data safely"]
    assert json.loads(cli("inbox", "--json").stdout)["items"][0]["hitl_type"] == "preview"


def test_an_empty_inbox_is_no_error_and_prints_no_data(cli: Cli) -> None:
    done = cli("inbox")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "nothing waits" in done.stderr


def test_the_conditions_reach_the_api(cli: Cli, script: Script) -> None:
    cli("inbox", "--mine", "--assignee", "group:reviewers", "--kind", "preview")
    assert script.seen[-1].query == "mine=true&assignee=group%3Areviewers&kind=preview"
    cli("inbox")
    assert script.seen[-1].query == ""
    assert cli("inbox", "--kind", "nonsense").exit_code == 2


def test_a_job_that_a_problem_stopped_is_there_with_the_way_on(cli: Cli, script: Script) -> None:
    stopped = StoppedJob(
        job_id=script.job.job_id, task_description="t", error="the key was refused", parked_at=NOW, user_id="ada"
    )
    script.problems = [stopped]
    done = cli("inbox")
    assert done.stdout.split("\t")[1] == "problem"
    assert "the key was refused" in done.stdout
    assert "skill-fleet retry JOB" in done.stderr


def test_a_watched_inbox_tells_what_changes_across_lost_connections(
    cli: Cli, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scripted stream gives one state a connection and nothing for a state that is known."""
    lost = 0

    def wait(_: object, __: float) -> None:
        nonlocal lost
        lost += 1
        if lost == 2:
            script.asks(HitlType.PREVIEW, {})
        if lost == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(Api, "pause", wait)
    done = cli("inbox", "--watch", "--json", "--mine")
    assert done.exit_code == 130
    assert [len(json.loads(line)["items"]) for line in done.stdout.splitlines()] == [0, 1]
    assert script.sent("/jobs/pending/events")[0].query == "mine=true"


def test_a_watched_inbox_gives_up_when_the_api_stays_away(
    cli: Cli, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Api, "pause", lambda _, __: None)
    script.faults["/jobs/pending/events"] = [Fault(status=503)] * MAX_FAILURES
    assert cli("inbox", "--watch").exit_code == 1
    script.faults["/jobs/pending/events"] = [Fault(status=422, body={"detail": "no such kind"})]
    assert "no such kind" in cli("inbox", "--watch").stderr
