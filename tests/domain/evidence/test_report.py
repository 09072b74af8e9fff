"""The verdict on a skill, and the report that says why."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.evaluation import Arm, CaseRun, EvaluationCase, Expectation, Numbers, TriggerNumbers, TriggerReport
from domain.evidence.policy import Policy
from domain.evidence.report import (
    EvaluationReport,
    Material,
    Models,
    Subject,
    as_json,
    planned_runs,
    report_on,
    verdict,
)
from tests.support.proof import answered, asked

JOB = UUID("11111111-2222-3333-4444-555555555555")
AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
SUBJECT = Subject(name="release-notes", version="1.2.0", digest="d" * 64, made_at=AT, reason="publication")


def runs_of(case: str, without: str, with_: str, model: str = "openai/agent") -> list[CaseRun]:
    """Runs from one letter each: `y` passed, `n` failed."""
    arms = ((Arm.WITHOUT, without), (Arm.WITH, with_))
    return [
        CaseRun(
            case_id=case,
            arm=arm,
            run=number,
            revision=1 if arm is Arm.WITH else 0,
            output=f"{case} {arm} {number}",
            passed=letter == "y",
            checked=[],
            model=model,
        )
        for arm, letters in arms
        for number, letter in enumerate(letters)
    ]


def material(*runs: list[CaseRun], **more: object) -> Material:
    made = [run for each in runs for run in each]
    ids = dict.fromkeys(run.case_id for run in made)
    expected = Expectation(text="Names merged", check="contains", value="merged")
    cases = [EvaluationCase(id=one, prompt=f"Do {one}.", expectations=[expected]) for one in ids]
    known: dict[str, object] = {"job_id": JOB, "revision": 1, "digest": "d" * 64, "cases": cases, "runs": made, **more}
    return Material.model_validate(known)


def found(recall: float = 1.0, precision: float = 1.0) -> TriggerReport:
    numbers = TriggerNumbers(queries=10, runs=3, recall=recall, precision=precision)
    told = {"status": "measured", "description": "Writes notes.", "numbers": numbers}
    return TriggerReport.model_validate({**told, "queries": asked(), "choices": answered(asked())})


GAIN = [runs_of("a", "nnn", "yyy"), runs_of("b", "nnn", "yyy"), runs_of("c", "nyn", "yyy")]


def test_evidence_that_meets_the_policy_keeps_the_skill() -> None:
    report = report_on(material(*GAIN, triggers=found(), profile="standard"), Policy(), SUBJECT)
    assert (report.verdict, report.lacking, report.status) == ("keep", [], "whole")
    assert report.numbers is not None and report.numbers.delta == pytest.approx(8 / 9, abs=1e-4)
    assert report.models.agent == "openai/agent"


def test_a_skill_without_a_gain_is_retired_and_the_words_say_so() -> None:
    same = [runs_of(case, "yyy", "yyy") for case in "abc"]
    report = report_on(material(*same, triggers=found(), profile="standard"), Policy(), SUBJECT)
    assert report.verdict == "retire"
    assert "no gain" in report.why[0]


@pytest.mark.parametrize(
    ("runs", "triggers", "why"),
    [
        ([runs_of("a", "nnn", "yyy"), runs_of("b", "nnn", "yyy")], found(), "case"),
        (GAIN, found(recall=0.5), "50 %"),
        (GAIN, None, "queries"),
        ([*GAIN, runs_of("d", "yyy", "nnn")], found(), "d"),
    ],
    ids=["too few cases", "not found", "not tried", "one clearly worse"],
)
def test_a_gain_with_something_lacking_is_to_be_fixed(
    runs: list[list[CaseRun]], triggers: TriggerReport | None, why: str
) -> None:
    report = report_on(material(*runs, triggers=triggers, profile="standard"), Policy(), SUBJECT)
    assert report.verdict == "fix"
    assert why in " ".join(report.why)
    assert report.why == report.lacking


@pytest.mark.parametrize("passes", ["y", "n"])
def test_half_measured_evidence_neither_keeps_nor_ends_a_skill(passes: str) -> None:
    short = [runs_of(case, passes, "y") for case in "abc"]
    report = report_on(material(*short, triggers=found(), profile="standard"), Policy(), SUBJECT)
    assert (report.status, report.verdict) == ("partial", "fix")
    assert "partial" in report.why[0]


def test_without_both_arms_nothing_is_known() -> None:
    for nothing in (material(), material(runs_of("a", "nnn", ""))):
        report = report_on(nothing, Policy(), SUBJECT)
        assert (report.status, report.verdict) == ("none", "fix")


def test_of_several_agent_models_the_one_that_was_wanted_counts() -> None:
    old = [runs_of(case, "nnn", "yyy", "openai/old") for case in "abc"]
    new = [runs_of(case, "yyy", "yyy", "openai/new") for case in "abc"]
    known = material(*old, *new, triggers=found(), models=Models(agent="openai/old"))
    report = report_on(known, Policy(), SUBJECT)
    assert (report.models.agent, report.verdict) == ("openai/old", "keep")


def test_how_often_a_case_was_to_run_comes_from_its_profile_else_from_the_runs() -> None:
    assert planned_runs(material(*GAIN, profile="standard")) == 3
    assert planned_runs(material(runs_of("a", "n", "y"), profile="standard")) == 3
    assert planned_runs(material(runs_of("a", "nn", "y"))) == 2
    assert planned_runs(material()) == 1


@given(
    delta=st.one_of(st.none(), st.floats(-1, 1)),
    whole=st.booleans(),
    missing=st.lists(st.text(min_size=1), max_size=2),
)
def test_the_rule_is_total_and_says_why(delta: float | None, whole: bool, missing: list[str]) -> None:
    said, why = verdict(Numbers(delta=delta, whole=whole), missing)
    assert why
    assert (said == "keep") == (delta is not None and whole and not missing)
    assert said != "retire" or (delta is not None and delta <= 0 and whole)


def test_the_document_is_stable_and_can_be_read_again() -> None:
    report = report_on(material(*GAIN, triggers=found()), Policy(), SUBJECT)
    text = as_json(report)
    document = json.loads(text)
    assert document["schema"] == "skill-fleet-evaluation/1"
    assert list(document) == sorted(document)
    assert document["numbers"]["with"] == 1.0
    assert EvaluationReport.model_validate_json(text) == report
    assert as_json(EvaluationReport.model_validate_json(text)) == text


def test_the_queries_stay_with_the_job() -> None:
    tried = found()
    assert tried.queries and tried.choices
    report = report_on(material(*GAIN, triggers=tried), Policy(), SUBJECT)
    assert report.triggers is not None
    assert (report.triggers.queries, report.triggers.choices) == ([], [])
    assert report.triggers.numbers == tried.numbers


def test_a_skill_that_holds_the_words_of_a_case_is_to_be_fixed() -> None:
    known = material(*GAIN, triggers=found(), profile="standard")
    prompt = known.cases[1].prompt + " and then tell me in one line what changed for the people who read it"
    cases = [known.cases[0], known.cases[1].model_copy(update={"prompt": prompt}), *known.cases[2:]]
    report = report_on(known.model_copy(update={"cases": cases, "text": f"# Notes\n\n{prompt}"}), Policy(), SUBJECT)
    assert (report.verdict, report.lacking) == (
        "fix",
        ["the skill holds the words of b: it was written to the test"],
    )


def test_what_is_to_be_known_of_the_cases_is_found_anew() -> None:
    harmed = material(*GAIN, runs_of("d", "yyy", "nnn"), runs_of("e", "nyn", "yyy"))
    report = report_on(harmed, Policy(), SUBJECT)
    assert ("harm", "d") in {(flag.kind, flag.case_id) for flag in report.flags}
    assert ("flaky", "e") in {(flag.kind, flag.case_id) for flag in report.flags}


def test_numbers_of_one_model_do_not_stand_beside_choices_of_another() -> None:
    other = found().model_copy(update={"model": "openai/other"})
    report = report_on(material(*GAIN, triggers=other, profile="standard"), Policy(), SUBJECT)
    assert report.triggers is None
    assert report.verdict == "fix"
    assert any("only with openai/other" in why for why in report.why)
