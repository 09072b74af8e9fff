"""Of which kind a failure is, and its counter in the words of code. By rule, from expectations, excuses and the case.

Must ask no model and know nothing of a job: that is for `failure_forms.py`.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from activities.programs.prose import capital, distinct, is_runaway
from domain.counters import Condition, Counters, FailureKind, Slot
from domain.evaluation import CaseRun, CheckedExpectation
from domain.evidence.grading import decided
from domain.markdown import Line
from domain.rules.placeholders import placeholders
from domain.safety import scan_text
from domain.skill import Severity

_DEPENDS = re.compile(
    r"\b(?:if|when|whenever|unless|otherwise|in case|depending|only for|where there)\b", re.IGNORECASE
)
_LEAVES_OUT = re.compile(
    r"\b(?:contains?|includes?|mentions?|names?|covers?|lists?|gives?|states?|deals with|has an?|adds?|shows?|every"
    r"|all|each|both)\b",
    re.IGNORECASE,
)
_HEADING = re.compile(r"Has the heading “(.{1,80})”$")
_WORDED = re.compile(r"Contains “(.{1,80})”$")
_BANNED = re.compile(r"Does not contain “(.{1,80})”$")
_OF_A_TEST = re.compile(r"Deals with “")
_WHEN = re.compile(r"^(?P<does>.{3,100}?),? (?:when|whenever|if) (?P<when>[^,.]{3,100})\.?$", re.IGNORECASE)
_UNLESS = re.compile(r"^(?P<does>.{3,100}?),? unless (?P<when>[^,.]{3,100})\.?$", re.IGNORECASE)


class Failure(NamedTuple):
    """An expectation that was not met. `certain`: a rule tells the kind, whatever a model says of it."""

    text: str
    kind: FailureKind
    certain: bool


def failures(runs: Sequence[CaseRun], pressure: Collection[str] = ()) -> list[Failure]:
    """What was missed, once each, with its kind; what could not be decided was not missed."""
    found: dict[str, Failure] = {}
    for run in runs:
        for item in run.checked:
            if not item.passed and decided(item):
                found.setdefault(item.text, _failure(item, run, run.case_id in pressure))
    return list(found.values())


def _failure(item: CheckedExpectation, run: CaseRun, pressed: bool) -> Failure:
    text = item.text
    if item.check == "absent":
        return Failure(text, FailureKind.SKIPPED_RULE, True)
    if item.check == "contains" or (item.check == "regex" and (_HEADING.match(text) or _OF_A_TEST.match(text))):
        return Failure(text, FailureKind.OMITTED, True)
    if item.check != "judge":
        return Failure(text, FailureKind.WRONG_SHAPE, True)
    if pressed:
        return Failure(text, FailureKind.SKIPPED_RULE, True)
    if _DEPENDS.search(text):
        return Failure(text, FailureKind.CONDITIONAL, False)
    if run.rationalizations and not _LEAVES_OUT.search(text):
        return Failure(text, FailureKind.SKIPPED_RULE, False)
    return Failure(text, FailureKind.OMITTED, False)


def heard(runs: Sequence[CaseRun]) -> list[str]:
    """The excuses that a skill may quote, once each: none that would hurt whoever reads it."""
    said = distinct(" ".join(text.split()) for run in runs for text in run.rationalizations)
    return [text for text in said if quotable(text)]


def quotable(text: str) -> bool:
    """A quote is data to an agent that means well; what a scan refuses is kept in the evidence alone."""
    found = [*scan_text(text, "excuse"), *scan_text(f"| “{text}” |\n", "row"), *placeholders([Line(1, text)])]
    return not is_runaway(text) and not any(item.severity is Severity.ERROR for item in found)


def by_rule(failure: Failure) -> Counters:
    """The counter to one failure, from its own words."""
    if is_of_a_test(failure.text):
        return Counters(slots=[Slot(name="Every item of the input", holds="each in its place, none left out.")])
    return _BY_RULE[failure.kind](failure.text)


def is_of_a_test(text: str) -> bool:
    """Whether the expectation is on the material of one case: code writes those itself."""
    return _OF_A_TEST.match(text) is not None


def certain_name(text: str) -> str:
    """The name of the part that an expectation demands in so many words; "" where it demands none."""
    found = _HEADING.match(text) or _WORDED.match(text)
    return found[1] if found else ""


def small(text: str) -> str:
    """With a small letter at its beginning, unless it begins with a name or an abbreviation."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _prohibited(text: str) -> Counters:
    banned = _BANNED.match(text)
    said = f"Never write “{banned[1]}”." if banned else f"Never hand over a result without this: {small(_bare(text))}."
    return Counters(prohibitions=[said])


def _shaped(text: str) -> Counters:
    first = text.split(" ", 1)[0]
    bare = small(_bare(text))
    verb = first.casefold().endswith("s") and first.isalpha()
    return Counters(recipe=[f"The finished result {bare}." if verb else f"In the finished result: {bare}."])


def _slotted(text: str) -> Counters:
    heading, worded = _HEADING.match(text), _WORDED.match(text)
    if heading:
        return Counters(slots=[Slot(name=heading[1], holds="under this heading, “none” where there is nothing.")])
    if worded:
        return Counters(slots=[Slot(name=worded[1], holds="in these words.")])
    return Counters(slots=[Slot(name=capital(_bare(text)))])


def _conditioned(text: str) -> Counters:
    """Where the words tell the condition; else it is a part that must not be missing."""
    found = _WHEN.match(text)
    if found:
        do = f"the result {small(found['does'])}"
        return Counters(conditions=[Condition(when=found["when"], do=do, otherwise="go on with the workflow")])
    found = _UNLESS.match(text)
    if found:
        do = "go on with the workflow"
        return Counters(
            conditions=[Condition(when=found["when"], do=do, otherwise=f"the result {small(found['does'])}")]
        )
    return _slotted(text)


def _bare(text: str) -> str:
    return " ".join(text.split()).rstrip(".")


_BY_RULE: Mapping[FailureKind, Callable[[str], Counters]] = MappingProxyType(
    {
        FailureKind.SKIPPED_RULE: _prohibited,
        FailureKind.WRONG_SHAPE: _shaped,
        FailureKind.OMITTED: _slotted,
        FailureKind.CONDITIONAL: _conditioned,
    }
)
