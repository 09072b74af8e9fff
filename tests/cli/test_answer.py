"""`answer` by flags and files: what they mean, what is sent, what is refused before it is sent."""

import json
from pathlib import Path

import pytest
from pydantic import JsonValue

from domain.job import JobStatus
from domain.prompt import HitlType
from tests.cli.conftest import Cli
from tests.cli.scripted_api import Fault, Script
from tests.cli.test_dialogue import BUDGET, STRUCTURE, VALIDATE

QUESTIONS: dict[str, JsonValue] = {
    "questions": [
        {"id": "q1", "text": "Which law?", "type": "text"},
        {"id": "q2", "text": "Encrypted?", "type": "boolean"},
        {"id": "q3", "text": "Where?", "type": "multi", "options": [{"id": "db", "label": "Database"}]},
    ]
}
PREVIEW: dict[str, JsonValue] = {"content": "# Skill", "revision": 1, "digest": "d"}


def sent(script: Script) -> dict[str, JsonValue]:
    body = script.sent(f"/hitl/{script.job.job_id}/response")[-1].body
    assert isinstance(body, dict)
    return body


def test_set_flags_answer_questions_with_their_types(cli: Cli, script: Script) -> None:
    interaction = script.asks(HitlType.CLARIFY, QUESTIONS)
    job = str(script.job.job_id)
    done = cli("answer", job, "--set", "q1=GDPR", "--set", "q2=yes", "--set", "q3=you decide", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["outcome"] == "accepted"
    assert sent(script) == {
        "interaction_id": str(interaction),
        "action": "proceed",
        "answers": {"q1": "GDPR", "q2": True, "q3": "you decide"},
    }


@pytest.mark.parametrize(
    ("flags", "body"),
    [
        (["--action", "proceed"], {"action": "proceed"}),
        (["--feedback", "more examples"], {"action": "revise", "feedback": "more examples"}),
        (["--content", "-"], {"action": "edit", "content": "# Mine\n"}),
        (["--action", "cancel", "--reason", "no need"], {"action": "cancel", "reason": "no need"}),
    ],
)
def test_the_action_goes_without_saying(cli: Cli, script: Script, flags: list[str], body: dict[str, JsonValue]) -> None:
    interaction = script.asks(HitlType.PREVIEW, PREVIEW)
    done = cli("answer", str(script.job.job_id), *flags, stdin="# Mine\n")
    assert done.exit_code == 0, done.stderr
    assert sent(script) == {"interaction_id": str(interaction), **body}


def test_a_reason_alone_waives(cli: Cli, script: Script) -> None:
    script.asks(HitlType.VALIDATE, {}, status=JobStatus.PENDING_REVIEW)
    assert cli("answer", str(script.job.job_id), "--reason", "it is meant so").exit_code == 0
    assert sent(script)["action"] == "waive"


@pytest.mark.parametrize(
    "text",
    ['{"q1": "GDPR"}', '{"answers": {"q1": "GDPR"}}', '{"action": "proceed", "answers": {"q1": "GDPR"}}'],
)
def test_a_file_may_hold_answers_or_the_whole(cli: Cli, script: Script, tmp_path: Path, text: str) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    file = tmp_path / "answers.json"
    file.write_text(text)
    assert cli("answer", str(script.job.job_id), "--file", str(file)).exit_code == 0
    assert (sent(script)["action"], sent(script)["answers"]) == ("proceed", {"q1": "GDPR"})


def test_stdin_is_a_file_and_flags_win_over_it(cli: Cli, script: Script) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    done = cli("answer", str(script.job.job_id), "--file", "-", "--set", "q2=no", stdin='{"q1": "a", "q2": true}')
    assert done.exit_code == 0, done.stderr
    assert sent(script)["answers"] == {"q1": "a", "q2": False}


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--set", "q9=x"], "known: q1, q2, q3"),
        (["--action", "waive"], "possible: proceed, cancel"),
        (["--feedback", "x"], "possible: proceed, cancel"),
        (["--file", "nowhere.json"], "cannot be read"),
        (["--file", "-"], "holds no answer"),
        (["--action", "explode"], "'proceed'"),
        ([], "--set ID=VALUE"),
    ],
)
def test_what_makes_no_sense_is_refused_here(cli: Cli, script: Script, flags: list[str], says: str) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    done = cli("answer", str(script.job.job_id), *flags, stdin="not json")
    assert done.exit_code == 2
    assert says in done.stderr
    assert script.sent(f"/hitl/{script.job.job_id}/response") == []


def test_when_nothing_is_asked_it_says_what_to_do(cli: Cli, script: Script) -> None:
    script.event("writes")
    done = cli("answer", str(script.job.job_id), "--action", "proceed")
    assert done.exit_code == 1
    assert f"skill-fleet watch {script.job.job_id}" in done.stderr
    script.parked("the key was refused")
    done = cli("answer", str(script.job.job_id), "--action", "proceed")
    assert "the key was refused" in done.stderr
    assert f"skill-fleet retry {script.job.job_id}" in done.stderr


@pytest.mark.parametrize(("status", "code"), [(409, 1), (410, 1), (422, 2), (403, 4)])
def test_what_the_api_refuses_is_told_with_its_fields(cli: Cli, script: Script, status: int, code: int) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    path = f"/hitl/{script.job.job_id}/response"
    script.faults[path] = [Fault(status=status, body={"detail": "because", "errors": {"answers.q2": "missing"}})]
    done = cli("answer", str(script.job.job_id), "--set", "q1=x")
    assert done.exit_code == code
    assert "because" in done.stderr
    assert "answers.q2: missing" in done.stderr


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "q1: GDPR\nq2: yes\nq3: [Database, glacier]\n"),
        ("a.json", '{"q1": "GDPR", "q2": true, "q3": ["db", "glacier"]}'),
        ("a.yaml", "action: proceed\nanswers:\n  q1: GDPR\n  q2: 'Yes'\n  q3: [db, glacier]\n"),
    ],
)
def test_a_file_is_yaml_or_json(cli: Cli, script: Script, tmp_path: Path, name: str, text: str) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    (tmp_path / name).write_text(text)
    assert cli("answer", str(script.job.job_id), "--file", str(tmp_path / name)).exit_code == 0
    assert sent(script)["answers"] == {"q1": "GDPR", "q2": True, "q3": ["db", "glacier"]}


def test_words_of_yaml_stay_words(cli: Cli, script: Script) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    assert cli("answer", str(script.job.job_id), "-", stdin="q1: 2026-01-02\n").exit_code == 0
    assert sent(script)["answers"] == {"q1": "2026-01-02"}


@pytest.mark.parametrize(
    ("kind", "data", "pairs", "body"),
    [
        (
            HitlType.BUDGET,
            BUDGET,
            ["calls=40", "tokens=900"],
            {"action": "raise", "answers": {"calls": 40, "tokens": 900}},
        ),
        (
            HitlType.STRUCTURE_FIX,
            STRUCTURE,
            ["skill_name=my-data"],
            {"action": "proceed", "answers": {"skill_name": "my-data"}},
        ),
        (
            HitlType.VALIDATE,
            VALIDATE,
            ["reason=meant", "findings=1"],
            {"action": "waive", "reason": "meant", "findings": ["name-missing"]},
        ),
    ],
)
def test_set_reaches_every_field_of_every_kind(
    cli: Cli, script: Script, kind: HitlType, data: dict[str, JsonValue], pairs: list[str], body: dict[str, JsonValue]
) -> None:
    interaction = script.asks(kind, data)
    flags = [word for pair in pairs for word in ("--set", pair)]
    done = cli("answer", str(script.job.job_id), *flags)
    assert done.exit_code == 0, done.stderr
    assert sent(script) == {"interaction_id": str(interaction), **body}


def keys(script: Script) -> list[str]:
    return [seen.headers["idempotency-key"] for seen in script.sent(f"/hitl/{script.job.job_id}/response")]


def test_the_same_command_again_is_the_same_answer(cli: Cli, script: Script) -> None:
    """The second run finds the prompt closed: it sends the very same request, and the api says what became of it."""
    interaction = script.asks(HitlType.CLARIFY, QUESTIONS)
    job = str(script.job.job_id)
    for _ in range(2):
        assert cli("answer", job, "--set", "q2=yes").exit_code == 0
    assert len(set(keys(script))) == 1
    assert [seen.body for seen in script.sent(f"/hitl/{job}/response")] == [
        {"interaction_id": str(interaction), "action": "proceed", "answers": {"q2": True}}
    ] * 2
    assert cli("answer", job, "--set", "q2=no", "--user", "ada").exit_code == 0
    assert cli("answer", job, "--set", "q2=no").exit_code == 0
    assert len(set(keys(script))) == 3


def test_another_answer_to_a_closed_prompt_is_none_to_what_is_asked_now(cli: Cli, script: Script) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    job = str(script.job.job_id)
    assert cli("answer", job, "--set", "q2=yes").exit_code == 0
    script.faults[f"/hitl/{job}/response"] = [Fault(status=409, body={"code": "answer_conflict"})]
    done = cli("answer", job, "--set", "q2=no")
    assert (done.exit_code, "asks nothing now" in done.stderr) == (1, True)


def test_a_named_prompt_is_answered_and_never_the_next_one(cli: Cli, script: Script) -> None:
    first = script.asks(HitlType.PREVIEW, PREVIEW)
    job = str(script.job.job_id)
    assert cli("answer", job, "--action", "proceed", "--interaction", str(first)).exit_code == 0
    script.asks(HitlType.PREVIEW, PREVIEW)
    assert cli("answer", job, "--action", "proceed", "--interaction", str(first)).exit_code == 0
    assert sent(script)["interaction_id"] == str(first)
    script.faults[f"/hitl/{job}/response"] = [Fault(status=409, body={"code": "answer_conflict"})]
    assert "no longer yours" in cli("answer", job, "--action", "revise", "--interaction", str(first)).stderr
    assert cli("answer", job, "--action", "proceed", "--interaction", str(script.job.job_id)).exit_code == 1


def test_what_is_missing_is_named_as_flags(cli: Cli, script: Script) -> None:
    script.asks(HitlType.CLARIFY, QUESTIONS)
    missing = {"answers.q2": "Not answered yet", "feedback": "missing"}
    script.faults[f"/hitl/{script.job.job_id}/response"] = [Fault(status=422, body={"errors": missing})]
    done = cli("answer", str(script.job.job_id), "--set", "q1=x")
    assert done.exit_code == 2
    assert "--set q2=VALUE, --feedback TEXT" in done.stderr
