"""Findings as SARIF: what code scanning asks of a document."""

import json
from pathlib import Path

import pytest

from cli.sarif import LEVELS, sarif
from domain.skill import Finding, Severity, ValidationReport
from tests.cli.conftest import Cli


def test_each_result_has_a_rule_with_help_a_level_and_a_relative_place() -> None:
    findings = [
        Finding(
            code="link-broken", severity=Severity.ERROR, message="Gone.", line=3, file="references/a b.md", fix="Add."
        ),
        Finding(code="made-up", severity=Severity.INFO, message="Odd.", file="."),
        Finding(code="link-broken", severity=Severity.WARNING, message="Gone.", line=4),
    ]
    document = sarif([("skills/x", ValidationReport(passed=False, score=0.5, findings=findings))])
    said = document.model_dump(mode="json", by_alias=True)
    assert (said["version"], "sarif-schema-2.1.0" in said["$schema"]) == ("2.1.0", True)
    (run,) = said["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["link-broken", "made-up"]
    assert all(rule["help"]["text"] and rule["shortDescription"]["text"] for rule in rules)
    results = run["results"]
    assert [rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in results] == [True] * 3
    assert [result["level"] for result in results] == ["error", "note", "warning"]
    places = [result["locations"][0]["physicalLocation"] for result in results]
    assert [place["artifactLocation"]["uri"] for place in places] == [
        "skills/x/references/a%20b.md",
        "skills/x",
        "skills/x/SKILL.md",
    ]
    assert [place["region"]["startLine"] for place in places] == [3, 1, 4]
    assert set(LEVELS) == set(Severity)


def test_the_command_writes_it_with_paths_from_where_it_runs(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        (tmp_path / "skills" / name).mkdir(parents=True)
        (tmp_path / "skills" / name / "SKILL.md").write_text("nothing")
    monkeypatch.chdir(tmp_path)
    done = cli("validate", "skills", "--sarif")
    assert done.exit_code == 1
    (run,) = json.loads(done.stdout)["runs"]
    uris = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]}
    assert uris == {"skills/one/SKILL.md", "skills/two/SKILL.md"}
