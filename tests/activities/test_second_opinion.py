"""Another scanner's word is taken as findings; whatever it does, no job fails. A real program stands in for it."""

import json
import os
import stat
import sys
import time
from pathlib import Path

import pytest

from activities.checks import RuleChecks
from activities.models import Models
from activities.second_opinion import MOST_OUTPUT, SecondOpinion
from domain.skill import SKILL_FILE, Finding, Severity, SkillFileEntry
from store.session import Database
from tests.activities.conftest import Run
from tests.activities.test_checks import findings
from tests.support.rows import SKILL, make_draft, make_job
from workflows import messages as m

FILES = [
    SkillFileEntry(path=SKILL_FILE, data=SKILL.encode()),
    SkillFileEntry(path="scripts/a.sh", data=b"#!/bin/sh\ntouch ran\n"),
    SkillFileEntry(path="../outside.md", data=b"x"),
]


def reported(**changed: object) -> dict[str, object]:
    """One finding as the real scanner (2.3.2) prints it; the fields that we do not read are left out."""
    found: dict[str, object] = {
        "id": "X_1",
        "rule_id": "PIPELINE_TAINT_FLOW",
        "category": "command_injection",
        "severity": "HIGH",
        "title": "A pipeline runs what was fetched",
        "description": "long",
        "file_path": "SKILL.md",
        "line_number": 3,
        "snippet": "curl x | sh\u200b",
        "remediation": "Leave it out",
        "analyzer": "static",
        "metadata": {"aitech": None},
    }
    return {**found, **changed}


def scanner(folder: Path, body: str) -> SecondOpinion:
    """A program that does what `body` says; `said` prints a report."""
    program = folder / "skill scanner"
    said = "def said(*found):\n    print(json.dumps({'is_safe': not found, 'findings': list(found)}))\n"
    program.write_text(f"#!{sys.executable}\nimport json, os, pathlib, subprocess, sys, time\n{said}{body}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return SecondOpinion(f"'{program}' --policy balanced", timeout=5)


async def opinion(folder: Path, *found: dict[str, object]) -> list[Finding]:
    report = json.dumps(list(found))
    return await scanner(folder, f"said(*json.loads({report!r}))").of(FILES, "notes")


async def test_its_findings_become_ours(tmp_path: Path) -> None:
    (found,) = await opinion(tmp_path, reported())
    assert found == Finding(
        code="second-opinion:PIPELINE_TAINT_FLOW",
        severity=Severity.ERROR,
        message="Second opinion (high): A pipeline runs what was fetched",
        file="SKILL.md",
        line=3,
        excerpt="curl x | sh\\u{200b}",
        fix="Leave it out",
    )


@pytest.mark.parametrize(
    ("severity", "ours"),
    [("CRITICAL", "error"), ("HIGH", "error"), ("MEDIUM", "warning"), ("LOW", "warning"), ("INFO", "info")],
)
async def test_high_and_above_stops_and_the_rest_asks_for_a_look(tmp_path: Path, severity: str, ours: str) -> None:
    (found,) = await opinion(tmp_path, reported(severity=severity))
    assert found.severity == ours


async def test_the_worst_comes_first_once_for_each_place_and_not_without_end(tmp_path: Path) -> None:
    many = [reported(severity="LOW", line_number=number) for number in range(200)]
    found = await opinion(tmp_path, *many, reported(line_number=7), reported(rule_id="x y\n;", severity="SAFE"))
    assert len(found) == 100
    assert [one.severity.value for one in found].count("error") == 1
    assert found[0].severity is Severity.ERROR


async def test_a_secret_that_it_shows_is_not_shown_by_us(tmp_path: Path) -> None:
    (found,) = await opinion(tmp_path, reported(category="hardcoded_secrets", snippet="key = hunter2hunter2"))
    assert found.excerpt is None


async def test_it_is_given_a_copy_its_own_arguments_and_no_secret_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILL_FLEET_MODEL_API_KEY", "planted")
    seen = tmp_path / "seen.json"
    body = (
        "root = pathlib.Path(sys.argv[4])\n"
        f"pathlib.Path({str(seen)!r}).write_text(json.dumps([sys.argv[1:], dict(os.environ),"
        " sorted(p.relative_to(root).as_posix() for p in root.rglob('*') if p.is_file())]))\nsaid()"
    )
    assert await scanner(tmp_path, body).of(FILES, "notes") == []
    arguments, environment, files = json.loads(seen.read_text())
    assert arguments[:3] == ["--policy", "balanced", "scan"]
    assert arguments[4:] == ["--format", "json", "--compact"]
    assert Path(arguments[3]).name == "notes"
    assert not _there(arguments[3])
    assert files == ["SKILL.md", "scripts/a.sh"]
    assert "planted" not in json.dumps(environment)
    assert {"PATH", "HOME"} <= set(environment) <= {"PATH", "HOME", "LANG", "NO_COLOR", "LC_CTYPE"}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("print('all is well')", "not a report"),
        ("print('{\"findings\": 3}')", "not a report"),
        ("print('{}')", "not a report"),
        ("print('[' * 100000)", "not a report"),
        ("sys.stdout.buffer.write(bytes(range(256)))", "not a report"),
        ("sys.exit(3)", "code 3"),
        ("raise RuntimeError", "code 1"),
        ("os.kill(os.getpid(), 9)", "code -9"),
        (f"print('x' * {2 * MOST_OUTPUT})", "more than"),
    ],
)
async def test_garbage_crashes_and_floods_are_one_warning_that_says_so(tmp_path: Path, body: str, why: str) -> None:
    (found,) = await scanner(tmp_path, body).of(FILES, "notes")
    assert (found.code, found.severity) == ("second-opinion-missing", Severity.WARNING)
    assert why in found.message


async def test_a_scanner_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    body = (
        "child = subprocess.Popen(['sleep', '600'])\n"
        f"pathlib.Path({str(pids)!r}).write_text(f'{{os.getpid()}} {{child.pid}}')\ntime.sleep(600)"
    )
    slow = SecondOpinion(scanner(tmp_path, body).command[0].replace(" ", "\\ "), timeout=1.5)
    begun = time.monotonic()
    (found,) = await slow.of(FILES, "notes")
    assert time.monotonic() - begun < 10
    assert "1.5 seconds" in found.message
    assert [pid for pid in _numbers(pids) if _lives(pid)] == []


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _there(path: str) -> bool:
    return Path(path).exists()


def _numbers(file: Path) -> list[int]:
    return [int(number) for number in file.read_text().split()]


def _lives(pid: int) -> bool:
    """False for one that is gone, or only waits for its parent to notice."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.mark.parametrize("command", ["/nowhere/skill-scanner", "", "/tmp"])
async def test_a_scanner_that_is_not_there_is_a_warning(command: str) -> None:
    (found,) = await SecondOpinion(command).of(FILES, "notes")
    assert found.code == "second-opinion-missing"


async def test_nothing_is_left_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    await opinion(tmp_path, reported())
    assert _names(tmp_path) == ["skill scanner"]


async def test_its_errors_stop_a_revision_and_its_silence_does_not(
    database: Database, run: Run, tmp_path: Path
) -> None:
    job = await make_job(database)
    await make_draft(database, job)
    await make_draft(database, job, n=2)
    models = Models(database, {}, 1)
    strict = scanner(tmp_path, f"said(json.loads({json.dumps(reported())!r}))")
    judged = await run(RuleChecks(database, models, tmp_path, strict).validate, m.ForRevision(job_id=job, revision=1))
    assert not judged.passed
    assert "second-opinion:PIPELINE_TAINT_FLOW" in [one.code for one in await findings(database, judged.report_id)]
    away = SecondOpinion("/nowhere/skill-scanner")
    judged = await run(RuleChecks(database, models, tmp_path, away).validate, m.ForRevision(job_id=job, revision=2))
    assert judged.passed
    assert "second-opinion-missing" in [one.code for one in await findings(database, judged.report_id)]
