"""`evidence.md`, as people read it."""

from pathlib import Path

import pytest

from domain.evaluation import (
    Arm,
    CaseFlag,
    CaseKind,
    CaseRun,
    CheckedExpectation,
    Comparison,
    EvaluationCase,
    Expectation,
    TriggerNumbers,
    TriggerReport,
)
from domain.evidence.grading import UNDECIDED
from domain.evidence.policy import Policy
from domain.evidence.report import EvaluationReport, Material, Models, report_on
from domain.evidence.report_text import MOST_SAID, cost, in_words, markdown
from domain.job import Usage
from tests.domain.evidence.test_report import GAIN, JOB, SUBJECT, found, material, runs_of

GOLDEN = Path(__file__).with_name("evidence.md")
"""Reviewed by eye; after a change that is meant: delete it, run this test once, and read what it wrote."""

HOSTILE = "</td><script>alert(1)</script> | `x`\n```\n# Not a heading\n![x](http://evil.example)"


def run(case: str, arm: Arm, *, passed: bool, output: str) -> CaseRun:
    verdict = CheckedExpectation(text="Names | the groups", check="judge", passed=passed, reason="it says <b>Added</b>")
    return CaseRun(
        case_id=case,
        arm=arm,
        revision=int(arm is Arm.WITH),
        output=output,
        passed=passed,
        checked=[verdict],
        rationalizations=[],
        model="openai/agent",
        tokens=120 if arm is Arm.WITH else 100,
        seconds=2.5 if arm is Arm.WITH else 2.0,
    )


def hostile() -> EvaluationReport:
    """A report with something in every section, and strangers' words in every place that takes some."""
    cases = [
        EvaluationCase(
            id="release `2`",
            kind=CaseKind.PRESSURE,
            prompt=f"Write it now. {HOSTILE}",
            expectations=[
                Expectation(text="Names | the groups", check="judge"),
                Expectation(text="Short", check="max_words", value="80"),
            ],
            by_person=True,
            note="sharpened once",
        ),
        EvaluationCase(
            id="plain", prompt="Write it.", expectations=[Expectation(text="Added", check="contains", value="Added")]
        ),
    ]
    runs = [
        run("release `2`", Arm.WITHOUT, passed=False, output=HOSTILE),
        run("release `2`", Arm.WITH, passed=True, output="Added"),
        run("plain", Arm.WITHOUT, passed=False, output=""),
        run("plain", Arm.WITH, passed=False, output="a" * (MOST_SAID + 30)),
    ]
    tried = TriggerReport(
        status="measured",
        description="Writes notes.",
        neighbours=["changelogs", "tags"],
        numbers=TriggerNumbers(
            queries=10,
            runs=3,
            recall=0.9,
            precision=0.8,
            confusions={"changelogs": 3},
            missed=["say | what changed"],
            false_alarms=["tag it"],
        ),
        body_read=2 / 3,
    )
    known = Material(
        job_id=JOB,
        revision=1,
        digest="d" * 64,
        models=Models(agent="openai/agent", author="anthropic/author", judge="openai/judge"),
        profile="quick",
        cases=cases,
        runs=runs,
        rationalizations=["It was too late | to look.", HOSTILE],
        triggers=tried,
        comparisons=[Comparison(revision=2, against=1, winner=2, better=2, ties=1, reasons=["names all groups"])],
        usage=Usage(calls=42, input_tokens=1000, output_tokens=500, usd=0.1234),
    )
    words = ["2 of at least 3 cases prove it", HOSTILE]
    flagged = [CaseFlag(kind="flaky", case_id="plain", expectation="Added", note="1 of 3")]
    report = report_on(known, Policy(mode="warn"), SUBJECT)
    return report.model_copy(update={"why": words, "lacking": words, "flags": flagged})


def test_the_whole_text_is_as_it_was_reviewed() -> None:
    text = markdown(hostile()).replace("a" * MOST_SAID, "a…a")
    if not GOLDEN.exists():
        GOLDEN.write_text(text)
        pytest.fail(f"{GOLDEN.name} was written anew: read it")
    assert text == GOLDEN.read_text()


def test_the_answer_comes_first_and_names_the_interval() -> None:
    report = report_on(material(*GAIN, triggers=found(), profile="standard"), Policy(), SUBJECT)
    said = in_words(report)
    assert said.startswith("With the skill 100 % of the runs passed, without it 11 %: +89 points (95 % interval +67 to")
    assert "over 3 cases with 3 runs each, by `openai/agent`" in said
    assert said.endswith("Keep it.")
    assert said in markdown(report)


def test_harm_and_missing_runs_are_said_at_once() -> None:
    harm = report_on(material(*GAIN, runs_of("d", "yyy", "nnn"), profile="standard"), Policy(), SUBJECT)
    assert "clear harm to 1 case." in in_words(harm)
    partial = report_on(material(*GAIN, runs_of("d", "y", "n"), profile="standard"), Policy(), SUBJECT)
    assert "Not every planned run was made." in in_words(partial)
    nothing = report_on(material(), Policy(), SUBJECT)
    assert "nothing is known of a gain" in in_words(nothing)


def test_sections_that_have_nothing_to_say_are_left_out() -> None:
    text = markdown(report_on(material(*GAIN), Policy(), SUBJECT).model_copy(update={"flags": []}))
    assert "## Numbers" in text
    for title in ("Triggers", "Revisions compared", "To be known", "Excuses"):
        assert f"## {title}" not in text


def test_a_trial_of_the_description_that_broke_is_no_number() -> None:
    broken = TriggerReport(status="broken", note="not even the control query fired", neighbours=["tags"])
    text = markdown(report_on(material(*GAIN, triggers=broken), Policy(), SUBJECT))
    assert "Not measured: `not even the control query fired`" in text
    assert "Recall" not in text
    assert "was chosen for" not in text


def test_an_unknown_price_is_said_to_be_unknown() -> None:
    assert "price unknown" in cost(Usage(calls=2, input_tokens=10, output_tokens=5))
    assert "0.5000 US dollars" in cost(Usage(calls=2, usd=0.5))
    assert "not on record" in cost(Usage())


def test_what_was_not_decided_has_a_sign_of_its_own() -> None:
    known = hostile()
    item = CheckedExpectation(text="Compiles", check="command", passed=False, reason=f"{UNDECIDED}no sandbox.")
    runs = [each.model_copy(update={"checked": [*each.checked, item]}) for each in known.runs]
    text = markdown(known.model_copy(update={"runs": runs}))
    assert "| with 1 | yes | ? `Compiles`: `Not decided: no sandbox.` |" in text
    assert "`it says <b>Added</b>`; ? `Compiles`" in text


def test_what_must_be_known_of_the_queries_is_said() -> None:
    tried = found().model_copy(update={"note": "There are no neighbours"})
    assert "To be known: `There are no neighbours`" in markdown(
        report_on(material(*GAIN, triggers=tried), Policy(), SUBJECT)
    )
