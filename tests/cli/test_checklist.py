"""The checklist is told in the order of the work, and a case in one line."""

from uuid import UUID

from cli.checklist import boxes, lines
from domain.evaluation import Arm, CaseRun, EvaluationCase, EvaluationView, Evidence

CASE = EvaluationCase(id="c1", prompt="Sort this:\n\n- one", expectations=[])


def test_steps_are_told_in_their_order_also_those_still_to_come() -> None:
    assert boxes({"without_run": True, "cases_written": True, "reviewed": False}) == [
        "[x] cases written",
        "[x] tried without the skill",
        "[ ] tried with the skill",
        "[ ] reviewed",
    ]
    assert boxes({}) == []


def test_a_case_is_one_line_with_its_passes() -> None:
    runs = [CaseRun(case_id="c1", arm=Arm.WITH, output="", passed=passed, checked=[]) for passed in (True, False)]
    view = EvaluationView(job_id=UUID(int=1), cases=[CASE], runs=runs, evidence=Evidence())
    assert lines(view)[0] == "c1: with the skill 1/2 passed; Sort this: …"
