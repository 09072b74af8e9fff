"""The checklist is told in the order of the work, and a case in one line."""

from uuid import UUID

from cli.checklist import boxes, lines
from domain.evaluation import Arm, CaseFlag, CaseRole, CaseRun, EvaluationCase, EvaluationView, Evidence
from domain.evidence.checklist import ITEMS

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


def test_items_are_told_by_phase_with_how_many_are_done_and_old_names_step_back() -> None:
    told = boxes({"quality.validated": False, "red.cases_written": True, "red.control_run": False, "with_run": True})
    assert told == [
        "RED (1 of 2)",
        "  [x] cases written",
        "  [ ] control run",
        "Quality (0 of 1)",
        "  [ ] validated",
    ]
    assert boxes({"later.item": True}) == ["later (1 of 1)", "  [x] item"]


def test_every_item_of_a_checklist_is_told_under_a_heading_of_its_own() -> None:
    told = boxes(dict.fromkeys(ITEMS, True))
    assert [line.partition(" (")[0] for line in told if not line.startswith(" ")] == [
        "RED",
        "GREEN",
        "REFACTOR",
        "Quality",
    ]
    assert len(told) == len(ITEMS) + 4


def test_items_are_told_in_the_order_of_the_work_however_the_database_gave_them() -> None:
    told = boxes(dict.fromkeys(sorted(ITEMS, key=lambda name: (len(name), name)), True))
    own = [line.removeprefix("  [x] ").replace(" ", "_") for line in told if line.startswith("  ")]
    assert own == [name.partition(".")[2] for name in ITEMS]


def test_guards_and_flags_are_told() -> None:
    guard = CASE.model_copy(update={"role": CaseRole.GUARD})
    flag = CaseFlag(kind="passes_both", case_id="c1", note="It shows nothing.")
    single = flag.model_copy(update={"expectation": "Is short"})
    view = EvaluationView(job_id=UUID(int=1), cases=[guard], runs=[], evidence=Evidence(), flags=[flag, single])
    assert lines(view)[:3] == [
        "c1 (guards against harm): not run yet; Sort this: …",
        "! c1: passes both; It shows nothing.",
        "! c1: passes both “Is short”; It shows nothing.",
    ]
