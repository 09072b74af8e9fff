"""A prompt in words: nothing twice, and what has several lines keeps its place."""

from pydantic import JsonValue

from cli.prompts import blocks
from domain.job import JobStatus
from domain.prompt import HitlType
from tests.cli.scripted_api import Script

FINDING: JsonValue = {"code": "name-missing", "severity": "error", "message": "no name", "fix": "add it"}


def told(kind: HitlType, data: dict[str, JsonValue]) -> str:
    script = Script()
    script.asks(kind, data, JobStatus.PENDING_REVIEW if kind is HitlType.VALIDATE else JobStatus.PENDING_HITL)
    assert script.prompt
    return "\n".join(block.text for block in blocks(script.prompt))


def test_a_finding_is_told_once_and_a_report_that_stands_alone_too() -> None:
    report = "1 error: no name"
    base: dict[str, JsonValue] = {"passed": False, "score": 0.5, "revision": 1, "digest": "d", "report": report}
    assert told(HitlType.VALIDATE, {**base, "findings": [FINDING]}).count("no name") == 1
    assert report in told(HitlType.VALIDATE, {**base, "findings": []})


def test_repeats_of_a_case_are_told_apart_and_a_single_run_has_no_number() -> None:
    case: JsonValue = {"id": "c1", "prompt": "Sort this", "expectations": []}
    runs: list[JsonValue] = [
        {"case_id": "c1", "arm": "without", "run": number, "passed": number == 1} for number in range(3)
    ]
    text = told(HitlType.TDD_RED, {"cases": [case], "results": runs})
    assert [line.strip() for line in text.splitlines() if line.startswith("    ")] == [
        "FAILED without the skill, run 1",
        "passed without the skill, run 2",
        "FAILED without the skill, run 3",
    ]
    assert "run 1" not in told(HitlType.TDD_RED, {"cases": [case], "results": runs[:1]})


def test_money_that_nobody_can_count_is_said_to_be_so() -> None:
    base: dict[str, JsonValue] = {"limit": {"calls": 2}, "reason": "2 of 2 model calls are spent"}
    unknown = told(HitlType.BUDGET, {**base, "spent": {"calls": 2, "tokens": 9, "usd": None}})
    assert "Spent: 2 model calls, 9 tokens, price unknown" in unknown
    assert "unknown" not in told(HitlType.BUDGET, {**base, "spent": {"calls": 2, "tokens": 9, "usd": 0.5}})


def test_a_case_of_several_lines_stays_below_its_name() -> None:
    case: JsonValue = {"id": "c1", "prompt": "Sort this:\n\n- one", "expectations": []}
    assert "c1 (application): Sort this:\n    - one" in told(HitlType.TDD_RED, {"cases": [case], "results": []})
