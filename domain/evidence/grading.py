"""Verdicts that code can give on an agent's answer, and whether they make a run pass. Pure; must not ask a model.

An empty answer fails every expectation: silence is never a pass.
"""

import re
from collections.abc import Callable, Sequence

from domain.evaluation import CheckedExpectation, Expectation
from domain.evidence.patterns import TooSlow, pattern_problem, search

UNDECIDED = "Not decided: "
"""How the reason of a verdict begins when its grader could not run: it failed, and says nothing about the answer."""

_WORD = re.compile(r"\w+(?:['’-]\w+)*")


def word_count(text: str) -> int:
    """Words as a reader counts them: `don't` and `pull-request` are one each."""
    return len(_WORD.findall(text))


def check(expectation: Expectation, output: str) -> CheckedExpectation | None:
    """The certain verdict on one expectation; None when only a judge can tell (and there is something to judge)."""
    if not output.strip():
        return _verdict(expectation, False, "The answer is empty.")
    checker = _CHECKERS.get(expectation.check)
    if checker is None:
        return None
    passed, reason = checker(expectation.value, output)
    return _verdict(expectation, passed, reason)


def decided(checked: CheckedExpectation) -> bool:
    """Whether the verdict says something about the answer: its grader could run."""
    return not checked.reason.startswith(UNDECIDED)


def run_passed(checked: Sequence[CheckedExpectation]) -> bool:
    """Every expectation holds, and there is at least one.

    A judge that is marked low confidence does not decide where code has decided something: its verdicts were measured
    to be near chance.
    """
    certain = [item for item in checked if not item.low_confidence]
    return all(item.passed for item in certain or checked) and bool(checked)


def _verdict(expectation: Expectation, passed: bool, reason: str) -> CheckedExpectation:
    return CheckedExpectation(text=expectation.text, check=expectation.check, passed=passed, reason=reason)


def _contains(value: str, output: str) -> tuple[bool, str]:
    found = value.casefold() in output.casefold()
    return found, f"{value!r} is {'' if found else 'not '}in the answer."


def _absent(value: str, output: str) -> tuple[bool, str]:
    found, reason = _contains(value, output)
    return not found, reason


def _regex(value: str, output: str) -> tuple[bool, str]:
    problem = pattern_problem(value)
    if problem:
        return False, f"{UNDECIDED}{problem}"
    try:
        found = search(value, output)
    except TooSlow as slow:
        return False, f"{UNDECIDED}{slow}."
    if found is None:
        return False, "Nothing in the answer has this form."
    return True, f"Found {' '.join(found.split())[:80]!r}."


def _max_words(value: str, output: str) -> tuple[bool, str]:
    words = word_count(output)
    if not value.strip().isdecimal():
        return False, f"The limit {value!r} is not a number."
    return words <= int(value), f"The answer has {words} words; at most {value.strip()} are allowed."


_CHECKERS: dict[str, Callable[[str, str], tuple[bool, str]]] = {
    "contains": _contains,
    "absent": _absent,
    "regex": _regex,
    "max_words": _max_words,
}
