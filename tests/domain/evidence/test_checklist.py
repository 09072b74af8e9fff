"""The checklist is what the record shows: each item is done when its rows are there, and not before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.evaluation import (
    Arm,
    CaseRun,
    CheckedExpectation,
    Comparison,
    EvaluationCase,
    Expectation,
    TriggerNumbers,
    TriggerReport,
)
from domain.evidence.checklist import ITEMS, Known, checklist
from domain.evidence.policy import Policy

CASES = [
    EvaluationCase(
        id=name,
        prompt=f"Write the notes of release {name} from what we merged last week, please.",
        expectations=[Expectation(text="Names the id", check="contains", value=f"#12{name}")],
    )
    for name in ("1", "2", "3")
]
VERDICT = CheckedExpectation(text="Names the id", check="contains", passed=False, reason="read")


def run(case: str, arm: Arm, revision: int = 0, number: int = 0, *, passed: bool, excuse: str = "") -> CaseRun:
    return CaseRun(
        case_id=case,
        arm=arm,
        run=number,
        revision=revision,
        output="Notes.",
        passed=passed,
        checked=[VERDICT.model_copy(update={"passed": passed})],
        rationalizations=[excuse] if excuse else [],
        model="openai/a",
    )


CONTROL = [run(case.id, Arm.WITHOUT, number=number, passed=False) for case in CASES for number in range(2)]
GREEN = [run(case.id, Arm.WITH, 1, number, passed=True) for case in CASES for number in range(2)]
TRIED = TriggerReport(status="measured", numbers=TriggerNumbers(queries=10, runs=3, recall=0.9, precision=1.0))
WHOLE = Known(cases=CASES, runs=[*CONTROL, *GREEN], revision=1, triggers=TRIED, validated=True)


def undone(known: Known) -> set[str]:
    return {name for name, done in checklist(known).items() if not done}


def test_nothing_is_done_where_nothing_is_known() -> None:
    assert undone(Known()) == set(ITEMS)
    assert 12 <= len(ITEMS) <= 20
    assert {name.partition(".")[0] for name in ITEMS} == {"red", "green", "refactor", "quality"}


def test_all_is_done_where_all_of_it_is_on_record() -> None:
    assert undone(WHOLE) == set()


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"runs": CONTROL[:-2]}, "red.control_run"),
        ({"runs": CONTROL[::2]}, "red.runs_repeated"),
        ({"runs": [one.model_copy(update={"passed": True}) for one in CONTROL]}, "red.failures_recorded"),
        ({"runs": [run("1", Arm.WITHOUT, passed=False, excuse="No time.")]}, "red.rationalizations_recorded"),
        ({"revision": 0}, "green.skill_written_against_failures"),
        ({"runs": [*CONTROL, *GREEN[:-2]]}, "green.same_cases_run"),
        ({"runs": CONTROL}, "green.gain_measured"),
        ({"runs": [*CONTROL, *[one.model_copy(update={"passed": False}) for one in GREEN]]}, "green.gain_positive"),
        (
            {"runs": [*CONTROL, *GREEN, run("1", Arm.WITH, 1, 2, passed=False, excuse="It is obvious.")]},
            "refactor.new_rationalizations_countered",
        ),
        (
            {"runs": [*CONTROL, *GREEN[:-1], run("3", Arm.WITH, 1, 1, passed=False)]},
            "refactor.stopped_when_nothing_improved",
        ),
        (
            {
                "runs": [
                    *[one.model_copy(update={"passed": True}) for one in CONTROL[:2]],
                    *CONTROL[2:],
                    *[one.model_copy(update={"passed": False}) for one in GREEN[:2]],
                    *GREEN[2:],
                ]
            },
            "quality.no_case_clearly_worse",
        ),
        ({"triggers": None}, "quality.description_tried"),
        ({"triggers": TRIED.model_copy(update={"status": "broken"})}, "quality.description_tried"),
        (
            {"triggers": TRIED.model_copy(update={"numbers": TriggerNumbers(recall=0.7, precision=1.0)})},
            "quality.description_found",
        ),
        (
            {"triggers": TRIED.model_copy(update={"numbers": TriggerNumbers(recall=1.0, precision=0.8)})},
            "quality.description_chosen_rightly",
        ),
        ({"validated": False}, "quality.validated"),
    ],
)
def test_what_the_record_does_not_show_is_not_done(change: dict[str, object], missing: str) -> None:
    assert missing in undone(WHOLE.model_copy(update=change))


def test_what_was_planned_must_be_there_and_two_of_three_runs_are_not_all() -> None:
    planned = WHOLE.model_copy(update={"planned": 3})
    assert undone(planned) == {"red.runs_repeated", "quality.all_runs_there"}
    third = [one.model_copy(update={"run": 2}) for one in WHOLE.runs if one.run == 1]
    assert undone(planned.model_copy(update={"runs": [*WHOLE.runs, *third]})) == set()


def test_of_runs_that_were_measured_anew_only_those_count_as_repeats() -> None:
    anew = [one.model_copy(update={"run": 2, "series": 1}) for one in CONTROL if not one.run]
    known = WHOLE.model_copy(update={"runs": [*CONTROL, *anew, *GREEN]})
    assert "red.runs_repeated" in undone(known)
    again = [one.model_copy(update={"run": 3}) for one in anew]
    assert "red.runs_repeated" not in undone(known.model_copy(update={"runs": [*known.runs, *again]}))


def test_one_run_repeats_nothing_though_no_more_was_planned() -> None:
    once = WHOLE.model_copy(update={"runs": [one for one in WHOLE.runs if not one.run], "planned": 1})
    assert undone(once) == {"red.runs_repeated"}


@pytest.mark.parametrize(
    ("policy", "missing"),
    [
        (Policy(recall=0.6, precision=0.7), set()),
        (Policy(recall=0.7, precision=0.8), set()),
        (Policy(recall=0.8, precision=0.7), {"quality.description_found"}),
        (Policy(recall=0.6, precision=0.9), {"quality.description_chosen_rightly"}),
    ],
)
def test_a_description_must_do_as_well_as_the_operator_asks(policy: Policy, missing: set[str]) -> None:
    tried = TRIED.model_copy(update={"numbers": TriggerNumbers(recall=0.7, precision=0.8)})
    assert undone(WHOLE.model_copy(update={"triggers": tried, "policy": policy})) == missing


def test_rounds_end_also_when_the_last_one_improved_nothing() -> None:
    failing = [*CONTROL, *GREEN[:-1], run("3", Arm.WITH, 1, 1, passed=False)]
    item = "refactor.stopped_when_nothing_improved"
    for winner, better, done in ((1, 0, True), (2, 0, True), (2, 1, False)):
        last = Comparison(revision=2, against=1, winner=winner, better=better)
        held = [one.model_copy(update={"revision": winner}) if one.arm is Arm.WITH else one for one in failing]
        known = WHOLE.model_copy(update={"runs": held, "revision": winner, "comparisons": [last]})
        assert checklist(known)[item] is done


@given(st.sets(st.sampled_from(range(len([*CONTROL, *GREEN])))))
def test_a_run_less_never_makes_an_item_of_completeness_done(left_out: set[int]) -> None:
    runs = [one for number, one in enumerate(WHOLE.runs) if number not in left_out]
    done = checklist(WHOLE.model_copy(update={"runs": runs}))
    ran = {(one.case_id, one.arm) for one in runs}
    assert done["red.control_run"] == all((case.id, Arm.WITHOUT) in ran for case in CASES)
    assert done["green.same_cases_run"] == all((case.id, Arm.WITH) in ran for case in CASES)
