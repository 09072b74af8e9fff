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


def test_a_case_of_several_lines_stays_below_its_name() -> None:
    case: JsonValue = {"id": "c1", "prompt": "Sort this:\n\n- one", "expectations": []}
    assert "c1 (application): Sort this:\n    - one" in told(HitlType.TDD_RED, {"cases": [case], "results": []})
