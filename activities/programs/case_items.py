"""From what a model proposed to a case that can be run: normalised, bounded, and without what gives the answer away.

Nothing a model says is taken on trust: an expectation that cannot be checked is dropped, and so is a case without
substance. Asks no model.
"""

import re
from collections.abc import Sequence

from activities.programs.case_rules import LEAST_ASKED, certain, covered, without_hints
from activities.programs.case_tasks import CHECKS, PRESSURES, CaseItem, ExpectedItem, PressureItem
from activities.programs.context import as_data, known, said
from activities.programs.facts import facts_of
from activities.programs.prose import clip, distinct, is_useful, phrase, restates, sentence, sentences
from domain.brief import Brief, Plan
from domain.evaluation import CaseKind, EvaluationCase, Expectation
from domain.evidence.case_checks import problems
from domain.evidence.choices import ASKED, choice_of, options
from domain.evidence.expectations import expectation_problem

LONGEST = 900
"""Characters of a message: a scene of six sentences."""

SHOWN = 2_000
"""Characters of a situation that a model is shown again; people may write longer ones."""

LEAST_TOGETHER = 3
"""Pressures of one case: under fewer, agents were seen to keep a rule without help."""

MOST_EXPECTED, MOST_JUDGED = 4, 2
"""Expectations of a model's own in one case: each judged one costs a call in every run."""

MOST_LITERAL = 6
"""Words of a text that an answer must have literally; longer ones only one wording would meet, so they are judged."""

MOST_SCHEMA = 400
"""Characters of a schema of a model's own: beyond that it was cut off on the wire."""

_KINDS = {
    "pressure": CaseKind.PRESSURE,
    "recognition": CaseKind.RECOGNITION,
    "counter_example": CaseKind.RECOGNITION,
    "retrieval": CaseKind.RETRIEVAL,
    "gap": CaseKind.RETRIEVAL,
}
_LINES = {CaseKind.APPLICATION: 2, CaseKind.RECOGNITION: 1}
"""Lines of material without which an agent has nothing to work with."""

OTHERWISE = "Does what was asked, completely, and invents nothing"


def case_from(item: CaseItem, brief: Brief, plan: Plan, number: int) -> EvaluationCase | None:
    """The case of one item, `case-<number>`; None when there is not enough of it to be run."""
    kind = _KINDS.get(item.variant, CaseKind.APPLICATION)
    ask = _message(item.ask, brief)
    lines = _material(item.material, brief)
    if len(ask.split()) < LEAST_ASKED or len(lines) < _LINES.get(kind, 0):
        return None
    prompt = "\n".join([ask, *(["", *lines] if lines else [])])
    if kind is CaseKind.PRESSURE:
        return _pressed(item, prompt, brief, plan, number)
    ruled = [*certain(facts_of(said(brief))), *covered(prompt, brief)] if kind is CaseKind.APPLICATION else []
    return _decisive(_case(number, kind, prompt, [*ruled, *_expected(item, brief, plan, number)]), plan, number)


def shown(case: EvaluationCase) -> str:
    """A case as a model reads it, as data: the situation, then what is expected."""
    expected = [f"* {item.text}" for item in case.expectations]
    return as_data("\n".join([f"{case.kind}:", case.prompt[:SHOWN], "Expected:", *expected])[: 2 * SHOWN])


def criterion(plan: Plan, number: int) -> Expectation:
    """One of the plan's success criteria for the judge, each in its turn."""
    criteria = plan.success_criteria or [OTHERWISE]
    return Expectation(text=criteria[(number - 1) % len(criteria)], check="judge")


def _case(number: int, kind: CaseKind, prompt: str, expectations: list[Expectation]) -> EvaluationCase:
    return EvaluationCase(id=f"case-{number}", kind=kind, prompt=prompt, expectations=expectations)


def _pressed(item: CaseItem, scene: str, brief: Brief, plan: Plan, number: int) -> EvaluationCase | None:
    """A scene that ends in a choice; None unless there are three pressures and three ways to go on."""
    if not isinstance(item, PressureItem) or len(set(item.pressures) & {*map(str, PRESSURES)}) < LEAST_TOGETHER:
        return None
    right, *tempting = (sentence(text, 240) for text in [item.right, *item.tempting])
    ways = distinct([right, *tempting])
    if not right or len(ways) != 3:
        return None
    lines, letter = options(ways[0], ways[1:], number)
    prompt = "\n".join([scene, "", *lines, "", ASKED])
    expected = [choice_of(letter, right), *_expected(item, brief, plan, number)]
    return _case(number, CaseKind.PRESSURE, prompt, expected)


def _decisive(case: EvaluationCase, plan: Plan, number: int) -> EvaluationCase:
    """With a criterion for the judge, where an answer that only repeats the question would pass."""
    if not any(problem.kind == "leaked" and problem.number is None for problem in problems(case)):
        return case
    return case.model_copy(update={"expectations": [*case.expectations, criterion(plan, number)]})


def _message(text: str, brief: Brief) -> str:
    """The user's words, without sentences that name what the skill should add; "" if there is nothing in them."""
    if not is_useful(text):
        return ""
    facts = facts_of(said(brief))
    hidden = [word.casefold() for word in facts.quoted]
    kept = [part for part in sentences(clip(text, LONGEST)) if not any(word in part.casefold() for word in hidden)]
    return without_hints(" ".join(kept), facts)


def _material(given: Sequence[str], brief: Brief) -> list[str]:
    facts = facts_of(said(brief))
    pasted = (without_hints(line, facts) for line in distinct(phrase(line, 200) for line in given))
    return [f"- {line}" for line in pasted if line and not restates(line, brief.task)][:6]


def _expected(item: CaseItem, brief: Brief, plan: Plan, number: int) -> list[Expectation]:
    """The model's own expectations, as far as they can be checked; a criterion of the plan where there is none."""
    found = [one for proposed in item.expected if (one := _expectation(proposed, brief))]
    judged = [one for one in found if one.check == "judge"][:MOST_JUDGED]
    by_code = [one for one in found if one.check != "judge"]
    return [*by_code, *judged][:MOST_EXPECTED] or [criterion(plan, number)]


def _expectation(item: ExpectedItem, brief: Brief) -> Expectation | None:
    """One expectation; None when it cannot be checked, or demands what the author did not."""
    if item.check not in CHECKS:
        return None
    text, value = sentence(item.text, 200).rstrip("."), item.value.strip()
    if item.check in ("contains", "absent"):
        value = " ".join(value.strip("\"'“”` ").split())
    literal = item.check in ("contains", "absent", "regex") and len(value.split()) > MOST_LITERAL
    if item.check == "judge" or (literal and item.check != "absent"):
        return Expectation(text=text, check="judge") if text else None
    if literal or _unfounded(item.check, value, brief):
        return None
    made = Expectation.model_validate({"text": text or _named(item.check, value), "check": item.check, "value": value})
    return None if expectation_problem(made) else made


def _unfounded(check: str, value: str, brief: Brief) -> bool:
    """A limit that nobody named, a text of one letter, a placeholder."""
    if check == "max_words":
        return value not in re.findall(r"\d+", known(brief))
    if check == "json_schema":
        return len(value) > MOST_SCHEMA
    return len(value) < 2 or value.casefold() in ("string", "text", "none", "null", "n/a")


def _named(check: str, value: str) -> str:
    said_of = {"contains": "Contains", "absent": "Does not contain", "max_words": "Words at most"}
    return f"{said_of.get(check, 'Has the form')} “{clip(value, 80)}”"
