"""From a draft to the library, and the library to read."""

import io
import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from cli import steering
from cli.client import Api
from cli.exits import ExitCode
from cli.library import cards
from cli.output import Output
from cli.problems import CliError
from cli.steering import Promotion, promote
from domain.evaluation import Evidence
from tests.cli.conftest import Cli
from tests.cli.scripted_api import Fault, Script


def test_promote_waits_until_the_skill_is_published(cli: Cli, script: Script) -> None:
    done = cli("promote", str(script.job.job_id), "--category", "data")
    assert done.stdout == "published data/user-data\n"
    assert script.sent(f"/drafts/{script.job.job_id}/promote")[0].body == {"category": "data"}
    assert json.loads(cli("promote", str(script.job.job_id), "--json").stdout)["promoted"] is True


def test_what_a_published_skill_was_only_warned_of_is_said_beside_the_data(cli: Cli, script: Script) -> None:
    poor = Evidence(status="measured", lacking=["2 of at least 3 cases prove it"])
    result = script.job.result.model_copy(update={"evidence": poor})
    script.job = script.job.model_copy(update={"result": result})
    done = cli("promote", str(script.job.job_id))
    assert (done.stdout, done.stderr) == (
        "published data/user-data\n",
        "warning: 2 of at least 3 cases prove it\n",
    )


def test_force_needs_a_reason(cli: Cli, script: Script) -> None:
    assert cli("promote", str(script.job.job_id), "--force").exit_code == 2
    assert cli("promote", str(script.job.job_id), "--force", "--reason", "known").exit_code == 0
    assert script.sent(f"/drafts/{script.job.job_id}/promote")[0].body == {"force": True, "reason": "known"}


def test_a_waiver_is_of_the_digest_that_is_there_and_needs_a_reason(cli: Cli, script: Script) -> None:
    job = str(script.job.job_id)
    assert cli("promote", job, "--waive", "link-broken").exit_code == 2
    assert script.sent(f"/drafts/{job}/waivers") == []
    assert cli("promote", job, "--waive", "link-broken", "--reason", "made at build time").exit_code == 0
    body = {"digest": "d" * 64, "findings": ["link-broken"], "reason": "made at build time"}
    assert [sent.body for sent in script.sent(f"/drafts/{job}/waivers") if sent.method == "POST"] == [body]
    assert script.sent(f"/drafts/{job}/promote")[0].body == {"reason": "made at build time"}


def test_who_promotes_may_say_what_they_have_read(cli: Cli, script: Script) -> None:
    assert cli("promote", str(script.job.job_id), "--digest", "d" * 64).exit_code == 0
    assert script.sent(f"/drafts/{script.job.job_id}/promote")[0].body == {"digest": "d" * 64}


def test_a_refused_promotion_says_the_way_out(cli: Cli, script: Script) -> None:
    fault = Fault(status=409, body={"code": "promotion_refused", "detail": "validation failed"})
    script.faults[f"/drafts/{script.job.job_id}/promote"] = [fault]
    done = cli("promote", str(script.job.job_id))
    assert done.exit_code == 1
    assert "validation failed" in done.stderr
    assert "--force --reason" in done.stderr


def test_a_promotion_that_never_ends_is_given_up_with_3(
    api: Api, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steering, "PROMOTION_LOOKS", 3)
    script.promotes = False
    with pytest.raises(CliError) as caught:
        promote(api, script.job.job_id, Promotion())
    assert caught.value.exit_code is ExitCode.CANCELLED


@pytest.mark.parametrize("command", ["skills", "list"])
def test_skills_are_listed(cli: Cli, script: Script, command: str) -> None:
    script.promoted()
    assert cli(command).stdout == "data/user-data\t1\tactive\tHandles user data.\n"
    assert json.loads(cli(command, "--json").stdout)["skills"][0]["path"] == "data/user-data"


def test_the_xml_is_printed_or_written_as_it_is(cli: Cli, tmp_path: Path) -> None:
    xml = "<available_skills>ü</available_skills>\n"
    assert cli("generate-xml").stdout == xml
    assert json.loads(cli("generate-xml", "--json").stdout)["xml"] == xml
    file = tmp_path / "skills.xml"
    assert cli("generate-xml", "-o", str(file)).stdout == ""
    assert file.read_text(encoding="utf-8") == xml
    assert cli("generate-xml", "-o", str(tmp_path / "no" / "x")).exit_code == 1


def test_bytes_that_are_published_already_are_told_at_once(api: Api, script: Script) -> None:
    script.promoted("data/standing")
    script.job = script.job.model_copy(update={"promoted": False})
    script.promotes = False
    job = script.job.job_id
    status = {"job_id": str(job), "status": "completed", "result": {"final_path": "data/standing"}}
    script.faults[f"/drafts/{job}/promote"] = [Fault(status=200, body=status)]
    assert promote(api, job, Promotion()).final_path == "data/standing"
    assert len(script.sent(f"/jobs/{job}")) == 1


def test_a_long_list_has_two_lines_for_each_skill_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = io.StringIO()
    out = Output(out=screen)
    out.console = Console(file=screen, force_terminal=True, no_color=True, width=80, highlight=False, markup=False)
    words = "Writes release notes. " * 40
    rows = [(f"development/some-long-name-of-a-skill-{n}", "1.0.0", "active", words) for n in range(30)]
    cards(out, ("Path", "Version", "Status", "Description"), [*rows, ("data/old", "1.0.0", "deprecated", "Old.")])
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in screen.getvalue().splitlines()]
    assert len(lines) == 62
    assert max(map(len, lines)) <= 80
    assert lines[1].endswith("…")
    assert lines[-2:] == ["data/old 1.0.0 · deprecated", "  Old."]


def test_a_list_for_a_pipe_has_one_whole_line_for_each_skill() -> None:
    screen = io.StringIO()
    cards(Output(out=screen), ("Path", "Version", "Status", "Description"), [("a/b", "1.0.0", "active", "w " * 200)])
    assert screen.getvalue() == f"a/b\t1.0.0\tactive\t{('w ' * 200).strip()}\n"
