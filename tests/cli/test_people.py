"""Handing jobs on, and groups."""

import json

import pytest

from tests.cli.conftest import Cli
from tests.cli.scripted_api import Script


def test_a_job_is_handed_on_and_taken_back(cli: Cli, script: Script) -> None:
    job = str(script.job.job_id)
    assert cli("assign", job, "group:reviewers").stdout == f"{job} is for group:reviewers\n"
    assert cli("assign", job, "--nobody").stdout == f"{job} is for nobody\n"
    assert [seen.body for seen in script.sent(f"/jobs/{job}/assignee")] == [
        {"assignee": "group:reviewers"},
        {"assignee": None},
    ]
    assert json.loads(cli("assign", job, "ada", "--json").stdout)["assignee"] == "ada"


@pytest.mark.parametrize("more", [[], ["ada", "--nobody"]])
def test_one_of_both_must_be_said(cli: Cli, script: Script, more: list[str]) -> None:
    assert cli("assign", str(script.job.job_id), *more).exit_code == 2


def test_groups_are_made_and_listed(cli: Cli, script: Script) -> None:
    assert "no groups yet" in cli("groups").stderr
    assert cli("groups", "reviewers", "--member", "ada", "--member", "bob").stdout == "reviewers\tada, bob\n"
    assert cli("groups").stdout == "reviewers\tada, bob\n"
    assert json.loads(cli("groups", "reviewers", "--json").stdout)["groups"][0]["members"] == ["ada", "bob"]
    assert cli("groups", "nobody-knows").exit_code == 1
    assert cli("groups", "--member", "ada").exit_code == 2
