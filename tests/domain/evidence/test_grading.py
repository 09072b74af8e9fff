"""Verdicts by code are certain, safe and never pass silence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.evaluation import CheckedExpectation, Expectation
from domain.evidence.grading import UNDECIDED, check, decided, run_passed, word_count

CHECKS = ["contains", "absent", "regex", "max_words", "judge"]


def verdict(check_: str, value: str, output: str) -> bool:
    found = check(Expectation.model_validate({"text": "t", "check": check_, "value": value}), output)
    assert found is not None
    assert found.reason
    return found.passed


@pytest.mark.parametrize(
    ("check_", "value", "output", "passed"),
    [
        ("contains", "Breaking", "## BREAKING", True),
        ("contains", "Breaking", "nothing", False),
        ("absent", "sorry", "all is well", True),
        ("absent", "sorry", "Sorry about that", False),
        ("regex", r"(?m)^## Added$", "x\n## Added\ny", True),
        ("regex", r"(?m)^## Added$", "x ## Added", False),
        ("max_words", "3", "one two-fold don't", True),
        ("max_words", "3", "one two three four", False),
        ("max_words", "few", "one", False),
        ("max_words", "²", "one", False),
    ],
)
def test_each_check(check_: str, value: str, output: str, passed: bool) -> None:
    assert verdict(check_, value, output) is passed


@pytest.mark.parametrize("check_", CHECKS)
@pytest.mark.parametrize("output", ["", "  \n "])
def test_silence_fails_every_check(check_: str, output: str) -> None:
    assert not verdict(check_, "300", output)


def test_only_a_judge_can_tell_what_code_cannot() -> None:
    assert check(Expectation(text="Is polite", check="judge"), "Thank you.") is None


@pytest.mark.parametrize(("pattern", "why"), [("(.*,){10}X", "not done"), ("(a+)+", "exponential")])
def test_a_pattern_that_does_not_end_or_is_refused_decides_nothing(pattern: str, why: str) -> None:
    found = check(Expectation(text="t", check="regex", value=pattern), "a," * 20_000)

    assert found is not None
    assert (found.passed, decided(found)) == (False, False)
    assert why in found.reason


@given(st.text(max_size=200))
def test_word_counts_are_never_more_than_characters(text: str) -> None:
    assert 0 <= word_count(text) <= len(text)


def checked(passed: bool, low: bool = False) -> CheckedExpectation:
    return CheckedExpectation(text="t", check="judge", passed=passed, reason="r", low_confidence=low)


def test_a_run_passes_when_every_expectation_holds() -> None:
    assert run_passed([checked(True), checked(True)])
    assert not run_passed([checked(True), checked(False)])
    assert not run_passed([])


def test_a_low_confidence_verdict_decides_only_where_nothing_else_does() -> None:
    assert run_passed([checked(True), checked(False, low=True)])
    assert not run_passed([checked(False), checked(True, low=True)])
    assert not run_passed([checked(False, low=True)])


def test_a_verdict_whose_grader_could_not_run_is_no_verdict_on_the_answer() -> None:
    assert decided(checked(False))
    assert not decided(checked(False).model_copy(update={"reason": f"{UNDECIDED}no sandbox here"}))
