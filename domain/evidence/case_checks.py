"""Whether a case can show anything: before it is run (`problems`, `sound`), and after (`flags`). Pure.

A case that silence passes, or whose question gives its answer away, would measure nothing; a person's own case is taken
as it is and flagged. Must not grade: verdicts come from `grading`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Literal

from domain.evaluation import (
    Arm,
    CaseFlag,
    CaseKind,
    CaseRole,
    CaseRun,
    CheckedExpectation,
    EvaluationCase,
    Expectation,
)
from domain.evidence.choices import names_right_option, right_of
from domain.evidence.expectations import expectation_problem
from domain.evidence.grading import check, decided, word_count
from domain.evidence.numbers import CLEARLY, HAIR
from domain.evidence.patterns import TooSlow, search
from domain.shape import Shape

NON_ANSWERS = ("", "  \n ", "None", "N/A", "I cannot help", "I'm sorry, but I can't help with that.")
"""Answers that must fail every case."""

SHORT = 0.05
"""Seconds for a pattern on one of them."""

GRAM = 8
"""Words in a row that a skill and a case have in common by copying, not by chance."""

SHORTEST = 5
"""Words of a pasted line that stands in the skill whole; shorter ones may well do so by chance."""

MOST_TOLD = 5
"""Passages of one case that are told as copied into the skill."""

ALIKE = 0.8
"""Share of two prompts' words that makes them one case: a case that differs in a name shows the same thing twice."""

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")

_SAID = {
    "passes_both": "Holds with and without the skill: it shows nothing about it.",
    "fails_both": "Holds neither with nor without the skill: too hard, or not what a good answer shows.",
}

Kind = Literal["empty_passes", "leaked", "contradiction", "broken", "duplicate"]


class Problem(Shape):
    """What is wrong with a case before it is run; `number` counts its expectations from 0, None: the case itself."""

    kind: Kind
    note: str
    number: int | None = None


def problems(case: EvaluationCase, others: Sequence[EvaluationCase] = (), *, judge: bool = True) -> list[Problem]:
    """Everything that keeps the case from showing something. `judge` False: only code decides, in this profile."""
    return [*_of_expectations(case), *_of_case(case, others, judge=judge)]


def sound(
    cases: Iterable[EvaluationCase], others: Sequence[EvaluationCase] = (), *, judge: bool = True
) -> list[EvaluationCase]:
    """The cases that can show something: their bad expectations dropped, and those without a good one left out.

    `others`: cases that stand already and are not to be told again.
    """
    kept: list[EvaluationCase] = []
    for case in cases:
        mended = _mended(case)
        if next(_of_case(mended, [*others, *kept], judge=judge), None) is None:
            kept.append(mended)
    return kept


def alike(one: str, other: str) -> bool:
    """Whether two prompts are nearly the same, whatever the order of their words."""
    a, b = set(_words(one)), set(_words(other))
    return bool(a and b) and len(a & b) / len(a | b) >= ALIKE


def leaked_into(skill_text: str, case: EvaluationCase) -> list[str]:
    """Passages of the case that stand in the skill word for word: it was written to the test.

    Of what the user pastes eight words in a row, or a whole line of five and more; where nothing is pasted, eight words
    of the prompt.
    """
    pasted = _pasted(case.prompt)
    found: dict[str, None] = {}
    for line in pasted or [case.prompt]:
        size = min(GRAM, len(_words(line))) if pasted else GRAM
        known = _known(skill_text, size) if size >= SHORTEST else ()
        copied = next((gram for gram in _grams(line, size) if gram in known), None)
        if copied:
            found[" ".join(copied)] = None
    return list(found)[:MOST_TOLD]


def leaks(skill_text: str, cases: Iterable[EvaluationCase]) -> list[CaseFlag]:
    """A flag for each case that stands in the skill, with the words."""
    found = ((case.id, leaked_into(skill_text, case)) for case in cases)
    return [
        CaseFlag(kind="leaked", case_id=name, note=f"The skill has these words of the case: “{'”, “'.join(passages)}”.")
        for name, passages in found
        if passages
    ]


def flags(cases: Sequence[EvaluationCase], runs: Sequence[CaseRun], *, judge: bool = True) -> list[CaseFlag]:
    """What to know of the cases before their result is believed; with the skill the latest revision counts.

    Before any run: what is wrong with cases by themselves. `judge` False: only code decides, in this profile.
    """
    latest = max((run.revision or 0 for run in runs if run.arm is Arm.WITH), default=0)
    counted = [run for run in runs if run.arm is Arm.WITHOUT or (run.revision or 0) == latest]
    found = [flag for case in cases for flag in _seen(case, [run for run in counted if run.case_id == case.id])]
    before = [flag for case in cases for one in problems(case, judge=judge) if (flag := _flag(case, one))]
    return [*before, *found]


def _flag(case: EvaluationCase, problem: Problem) -> CaseFlag | None:
    """As people see it. Saying a thing twice is no flaw; what nothing can meet fails in both arms."""
    text = case.expectations[problem.number].text if problem.number is not None else None
    if problem.kind == "duplicate":
        return None
    kind = problem.kind if problem.kind in ("empty_passes", "leaked") else "fails_both"
    return CaseFlag(kind=kind, case_id=case.id, expectation=text, note=problem.note)


def _mended(case: EvaluationCase) -> EvaluationCase:
    """Without the expectations that are wrong by themselves."""
    bad = {problem.number for problem in _of_expectations(case)}
    kept = [item for number, item in enumerate(case.expectations) if number not in bad]
    return case.model_copy(update={"expectations": kept})


def _of_expectations(case: EvaluationCase) -> Iterator[Problem]:
    """What is wrong with single expectations, each once: of two that contradict each other the later one."""
    said = _asked(case.prompt).casefold()
    good: list[Expectation] = []
    for number, item in enumerate(case.expectations):
        found = _of_expectation(item, said, good)
        if found is None:
            good.append(item)
        else:
            yield Problem(kind=found[0], note=found[1], number=number)


def _of_expectation(item: Expectation, said: str, before: Sequence[Expectation]) -> tuple[Kind, str] | None:
    """Kind and note; `said`: the question in small letters; `before`: the good expectations so far."""
    broken = expectation_problem(item)
    if broken:
        return "broken", broken
    if item.check == "regex" and (found := _of_pattern(item.value)):
        return found
    if item.check == "contains" and item.value.strip().casefold() in said:
        return "leaked", f"The question says {item.value.strip()!r} itself."
    if any(other.check == item.check and _same(other, item) for other in before):
        return "duplicate", "The same is expected twice."
    if _impossible(item) or any(_contradict(other, item) or _contradict(item, other) for other in before):
        return "contradiction", "No answer can meet this and what is expected before."
    return None


@lru_cache(maxsize=1_000)
def _of_pattern(pattern: str) -> tuple[Kind, str] | None:
    """A pattern that refusals of any kind have too, or that is slow on them already. Remembered: it is asked often."""
    try:
        if all(search(pattern, answer, SHORT) is not None for answer in NON_ANSWERS if answer.strip()):
            return "empty_passes", "Every answer has this form."
    except TooSlow:
        return "broken", "The pattern takes too long even on a sentence."
    return None


def _same(one: Expectation, other: Expectation) -> bool:
    if one.check == "judge":
        return one.text.strip().casefold() == other.text.strip().casefold()
    return one.value.strip().casefold() == other.value.strip().casefold()


def _contradict(one: Expectation, other: Expectation) -> bool:
    """`one` demands what `other` forbids."""
    if one.check != "contains":
        return False
    if other.check == "absent":
        return other.value.casefold() in one.value.casefold()
    return other.check == "max_words" and word_count(one.value) > int(other.value)


def _impossible(item: Expectation) -> bool:
    return item.check == "max_words" and int(item.value) == 0


def _of_case(case: EvaluationCase, others: Sequence[EvaluationCase], *, judge: bool) -> Iterator[Problem]:
    """What is wrong with the case as a whole."""
    if not case.expectations:
        yield Problem(kind="broken", note="Nothing is expected.")
        return
    if not judge and all(item.check == "judge" for item in case.expectations):
        yield Problem(kind="broken", note="Code can check nothing here, and no judge is asked.")
    silent = next((answer for answer in NON_ANSWERS if _passes(case, answer, judge=judge)), None)
    if silent is not None:
        yield Problem(kind="empty_passes", note=f"The answer {silent.strip()!r} passes.")
    elif _passes(case, case.prompt, judge=judge):
        yield Problem(kind="leaked", note="An answer that only repeats the question passes.")
    right = right_of(case)
    if case.kind is CaseKind.PRESSURE and right and names_right_option(case.prompt, right):
        yield Problem(kind="leaked", note="The question says which option is right.")
    double = next((other for other in others if alike(case.prompt, other.prompt)), None)
    if double:
        yield Problem(kind="duplicate", note=f"Nearly the same as `{double.id}`.")


def _passes(case: EvaluationCase, answer: str, *, judge: bool) -> bool:
    """Whether code alone lets the answer pass: nothing fails, and nothing is left that a reader or a tool decides."""
    asked = [item for item in case.expectations if judge or item.check != "judge"]
    verdicts = (check(item, answer) for item in asked)
    return bool(asked) and all(verdict is not None and verdict.passed for verdict in verdicts)


def _asked(prompt: str) -> str:
    """What the user says, without what is pasted: naming an item of the material is no hint, and may be expected."""
    return "\n".join(line for line in prompt.splitlines() if not line.startswith("- "))


def _pasted(prompt: str) -> list[str]:
    return [line[2:] for line in prompt.splitlines() if line.startswith("- ")]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


@lru_cache(maxsize=16)
def _known(skill_text: str, size: int) -> frozenset[tuple[str, ...]]:
    """The same text is held against every case of a job, and again whenever somebody looks at it."""
    return frozenset(_grams(skill_text, size))


def _grams(text: str, size: int) -> Iterator[tuple[str, ...]]:
    """Every `size` words in a row."""
    said = _words(text)
    return (tuple(said[at : at + size]) for at in range(len(said) - size + 1))


def _seen(case: EvaluationCase, runs: Sequence[CaseRun]) -> Iterator[CaseFlag]:
    arms = {arm: [run for run in runs if run.arm is arm] for arm in Arm}
    yield from _undecided(case, runs)
    yield from _alike_in_both(case, arms[Arm.WITHOUT], arms[Arm.WITH])
    without, with_ = (_rate(arms[arm]) for arm in (Arm.WITHOUT, Arm.WITH))
    if without is not None and with_ is not None and without - with_ >= CLEARLY - HAIR:
        note = f"Passes {_share(arms[Arm.WITHOUT])} without the skill and {_share(arms[Arm.WITH])} with it."
        yield CaseFlag(kind="harm", case_id=case.id, note=note)
    for arm, own in arms.items():
        if 0 < sum(run.passed for run in own) < len(own):
            yield CaseFlag(kind="flaky", case_id=case.id, note=f"Repeats disagree: {_share(own)} pass {arm} the skill.")


def _rate(runs: Sequence[CaseRun]) -> float | None:
    return sum(run.passed for run in runs) / len(runs) if runs else None


def _share(runs: Sequence[CaseRun]) -> str:
    return f"{sum(run.passed for run in runs)} of {len(runs)} runs"


def _undecided(case: EvaluationCase, runs: Sequence[CaseRun]) -> Iterator[CaseFlag]:
    """Each expectation once, with the reason of the first run."""
    reasons = {item.text: item.reason for run in reversed(runs) for item in run.checked if not decided(item)}
    for expectation in case.expectations:
        if expectation.text in reasons:
            yield CaseFlag(
                kind="undecided", case_id=case.id, expectation=expectation.text, note=reasons[expectation.text]
            )


def _alike_in_both(case: EvaluationCase, without: Sequence[CaseRun], with_: Sequence[CaseRun]) -> Iterator[CaseFlag]:
    """Expectations on which every run of both arms agrees; a guard is known to pass both."""
    verdicts = [(_verdicts(without, number), _verdicts(with_, number)) for number in range(len(case.expectations))]
    for expectation, (before, after) in zip(case.expectations, verdicts, strict=True):
        if not before or not after:
            continue
        passing = {item.passed for item in [*before, *after]}
        kind = "passes_both" if passing == {True} else "fails_both" if passing == {False} else None
        if kind and not (kind == "passes_both" and case.role is CaseRole.GUARD):
            yield CaseFlag(kind=kind, case_id=case.id, expectation=expectation.text, note=_SAID[kind])


def _verdicts(runs: Sequence[CaseRun], number: int) -> list[CheckedExpectation]:
    """The verdicts on one expectation that really were decided; runs keep them in the case's order."""
    own = [run.checked[number] for run in runs if number < len(run.checked)]
    return [item for item in own if decided(item)]
