"""The experiment in words: what helps is said to help, what is not known is not, and harm is never hidden."""

from uuid import uuid4

import pytest

from api.pages.job.evidence_view import ITEM_WORDS, MOST_SAID, STAGES, proof_view, stages, verdict_of
from domain.evaluation import (
    Arm,
    CaseFlag,
    CaseKind,
    CaseNumbers,
    CaseRole,
    EvaluationView,
    Evidence,
    Numbers,
    TriggerNumbers,
    TriggerQuery,
    TriggerReport,
)
from domain.evidence.checklist import ITEMS
from domain.evidence.policy import BY_DEFAULT
from tests.support.rows import a_case, a_run


def found(evidence: Evidence, **more: object) -> EvaluationView:
    """An experiment of one case that ran once in each arm."""
    given = {"cases": [a_case()], "runs": [a_run(), a_run(Arm.WITH, 1, passed=True)], **more}
    return EvaluationView.model_validate({"job_id": uuid4(), "evidence": evidence, **given})


def measured(delta: float, **more: object) -> Evidence:
    rates = {"with": 0.5 + delta / 2, "without": 0.5 - delta / 2}
    return Evidence.model_validate({"status": "measured", **rates, "delta": delta, **{"n": 3, **more}})


@pytest.mark.parametrize(
    ("evidence", "said", "tone"),
    [
        (measured(0.5, interval=(0.2, 0.8)), "It helps", "good"),
        (measured(0.5, interval=(-0.1, 0.8)), "may be chance", "wait"),
        (measured(0.5), "may be chance", "wait"),
        (measured(0.5, interval=(0.5, 0.5), n=2), "may be chance", "wait"),
        (measured(0.5, interval=(0.2, 0.8), clearly_worse=["a"]), "clear harm to 1 case", "bad"),
        (measured(0.0), "No gain", "wait"),
        (measured(-0.5), "It does harm", "bad"),
        (Evidence(status="pending", without=0.3), "Not known yet", "wait"),
        (Evidence(status="partial", without=0.3), "no case ran both with and without", "wait"),
    ],
)
def test_the_verdict_says_what_is_known(evidence: Evidence, said: str, tone: str) -> None:
    verdict, how = verdict_of(found(evidence))
    assert (said in verdict, how) == (True, tone)


def test_cases_that_nobody_tried_are_told_as_such() -> None:
    shown = proof_view(found(Evidence(), runs=[]))
    assert (shown.verdict, shown.bars, shown.span) == ("Nothing was tried yet.", [], None)
    assert [one.case.id for one in shown.cases] == ["case-1"]


def test_the_chart_has_both_arms_and_the_interval() -> None:
    shown = proof_view(found(measured(0.5, interval=(0.0, 1.0), n=BY_DEFAULT.cases)))
    assert [(bar.words, bar.rate) for bar in shown.bars] == [("with the skill", 0.75), ("without it", 0.25)]
    assert shown.span is not None
    assert (shown.span.low, shown.span.middle, shown.span.high) == (0.5, 0.75, 1.0)


def test_too_few_cases_have_no_interval() -> None:
    shown = proof_view(found(measured(0.5, interval=(0.0, 1.0), n=BY_DEFAULT.cases - 1)))
    assert shown.span is not None
    assert (shown.enough, shown.span.low, shown.span.middle, shown.span.high) == (False, 0.75, 0.75, 0.75)


def test_partial_evidence_is_said_to_be_partial() -> None:
    evidence = measured(0.5, interval=(0.2, 0.8)).model_copy(update={"status": "partial", "note": "The budget ended."})
    assert proof_view(found(evidence)).notes == [
        "The budget ended.",
        "Not every planned run was made, so these numbers are of those that were.",
    ]


def test_a_case_has_its_numbers_flags_and_runs_word_for_word() -> None:
    by_case = CaseNumbers(case_id="case-1", kind=CaseKind.PRESSURE, role=CaseRole.PROOF, without=1.0)
    numbers = Numbers(by_case=[by_case], worse=["case-1"], clearly_worse=["case-1"])
    flag = CaseFlag(kind="flaky", case_id="case-1")
    long = a_run(output="<b>" + "x" * MOST_SAID)
    shown = proof_view(found(measured(-1.0), numbers=[numbers], flags=[flag], runs=[long]))
    [case] = shown.cases
    assert (case.worse, case.flags, case.numbers) == ("clearly worse", [flag], by_case)
    assert case.runs[0].output.startswith("<b>xxx") and "3 more characters" in case.runs[0].output


def test_triggers_are_told_by_the_messages_themselves() -> None:
    numbers = TriggerNumbers(
        queries=2, runs=1, recall=0.5, confusions={"a": 1, "b": 3}, missed=["q1"], false_alarms=["q2", "gone"]
    )
    queries = [TriggerQuery(id=name, text=f"say {name}", should=True, half="held_out") for name in ("q1", "q2")]
    report = TriggerReport(status="partial", queries=queries, numbers=numbers)
    shown = proof_view(found(Evidence(), triggers=report)).triggers
    assert shown is not None
    assert shown.said == "Tried on 2 messages of users, 1 run each. Only a part of the messages was tried."
    assert shown.confusions == [("b", 3), ("a", 1)]
    assert (shown.missed, shown.false_alarms) == (["say q1"], ["say q2", "gone"])


@pytest.mark.parametrize("status", ["none", "broken"])
def test_triggers_that_were_not_measured_are_not_told_as_numbers(status: str) -> None:
    report = TriggerReport.model_validate({"status": status, "note": "The control query failed."})
    shown = proof_view(found(Evidence(), triggers=report)).triggers
    told = shown.said if shown else ""
    assert told == ("It could not be measured. The control query failed." if status == "broken" else "")


def test_every_item_of_the_checklist_has_words_and_a_stage() -> None:
    assert set(ITEM_WORDS) == set(ITEMS)
    assert {name.partition(".")[0] for name in ITEMS} == set(STAGES)
    shown = stages(dict.fromkeys(ITEMS, True) | {"cases_written": True})
    assert [stage.title for stage in shown] == [*STAGES.values()]
    assert sum(stage.done for stage in shown) == len(ITEMS)


def test_a_checklist_of_an_earlier_release_is_shown_as_it_was_kept() -> None:
    [stage] = stages({"skill_written": False, "cases_written": True})
    assert [(item.words, item.done) for item in stage.items] == [("cases written", True), ("skill written", False)]
    assert stages({}) == []
