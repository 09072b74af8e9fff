"""`doctor`: where each value came from, what is down, and the line that mends it."""

import json
from pathlib import Path

from pydantic import JsonValue

from tests.cli.conftest import Cli
from tests.cli.scripted_api import Script

MODEL = {"SKILL_FLEET_MODEL": "openai/gpt-5", "SKILL_FLEET_MODEL_API_KEY": "sk-very-secret"}


def checks(stdout: str) -> dict[str, dict[str, JsonValue]]:
    return {check["name"]: check for check in json.loads(stdout)["checks"]}


def test_all_well_is_0_and_no_secret_is_shown(cli: Cli, script: Script) -> None:
    script.ready = {"status": "ok", "checks": {"database": {"ok": True, "detail": "answers", "fix": ""}}}
    plain, data = cli("doctor", **MODEL), cli("doctor", "--json", **MODEL)
    assert (plain.exit_code, data.exit_code) == (0, 0), plain.stdout
    assert "sk-very-secret" not in plain.output + data.output
    assert set(checks(data.stdout)) == {"api", "database", "library", "model"}


def test_each_setting_says_where_it_came_from(cli: Cli) -> None:
    told = {item["name"]: item for item in json.loads(cli("doctor", "--json", **MODEL).stdout)["settings"]}
    assert (told["SKILL_FLEET_MODEL"]["value"], told["SKILL_FLEET_MODEL"]["source"]) == ("openai/gpt-5", "environment")
    assert told["SKILL_FLEET_MODEL_TIMEOUT"]["source"] == "default"
    assert told["SKILL_FLEET_MODEL_API_KEY"]["value"] == "********"


def test_a_part_that_is_down_is_1_with_its_fix(cli: Cli, script: Script) -> None:
    script.ready = {"status": "fail", "checks": {"temporal": {"ok": False, "detail": "refused", "fix": "start it"}}}
    script.ready_code = 503
    done = cli("doctor", **MODEL)
    assert done.exit_code == 1
    assert "FAIL temporal: refused" in done.stdout
    assert "fix: start it" in done.stdout


def test_jobs_that_their_code_has_stopped_are_named_with_the_way_back(cli: Cli, script: Script) -> None:
    check: dict[str, JsonValue] = {"ok": False, "detail": "1 job cannot go on (create-skill:4711)", "fix": "roll back"}
    script.ready = {"status": "degraded", "checks": {"workflows": check}}
    script.ready_code = 503
    plain, data = cli("doctor", **MODEL), cli("doctor", "--json", **MODEL)
    assert (plain.exit_code, data.exit_code) == (1, 1)
    assert "FAIL workflows: 1 job cannot go on (create-skill:4711)" in plain.stdout
    assert "fix: roll back" in plain.stdout
    assert checks(data.stdout)["workflows"] == {"name": "workflows", **check}


def test_no_api_is_a_finding_not_an_error(cli: Cli) -> None:
    for url in ("http://127.0.0.1:1", ""):
        done = cli("doctor", SKILL_FLEET_API_URL=url, **MODEL)
        assert done.exit_code == 1
        assert "FAIL api" in done.stdout
        assert "skill-fleet up" in done.stdout


def test_no_model_says_what_to_set(cli: Cli) -> None:
    found = checks(cli("doctor", "--json").stdout)["model"]
    assert found["ok"] is False
    assert "SKILL_FLEET_MODEL_API_KEY" in str(found["fix"])


def test_the_local_model_of_the_running_stack_counts(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "stack.json").write_text('{"api_url": "http://x", "pids": {"model": 7}}')
    found = checks(cli("doctor", "--json").stdout)["model"]
    assert found["ok"] is True
    assert "small local model" in str(found["detail"])


def test_what_the_api_says_of_the_model_wins(cli: Cli, script: Script) -> None:
    script.ready = {"status": "ok", "checks": {"model": {"ok": True, "detail": "local", "fix": ""}}}
    assert checks(cli("doctor", "--json").stdout)["model"]["detail"] == "local"


def test_a_library_that_cannot_be_written_says_so(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = cli("doctor", SKILL_FLEET_LIBRARY=str(tmp_path / "file" / "library"), **MODEL)
    assert done.exit_code == 1
    assert "fix: make it writable for you, or set SKILL_FLEET_LIBRARY" in done.stdout
