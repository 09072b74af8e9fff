"""Evaluation cases of the kinds that the planned skill calls for, as the author model writes them.

One call for each kind, side by side: a prompt that asks for one thing gets better cases than one that asks for four,
and the whole takes as long as one call. What is not sound is asked for once more, then made by rule.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from activities.programs.case_items import case_from, criterion, shown
from activities.programs.case_rules import certain, plain_prompt
from activities.programs.case_tasks import (
    CaseItem,
    RewriteCases,
    WriteOccasions,
    WritePressures,
    WriteQuestions,
    WriteSights,
)
from activities.programs.context import said, told
from activities.programs.facts import facts_of, task_of
from activities.programs.language_model import LanguageModel
from activities.programs.prose import is_useful
from activities.programs.task import Task
from activities.programs.together import together
from domain.brief import Brief, Kind, Plan
from domain.evaluation import EvaluationCase
from domain.evidence.case_checks import problems, sound

FEWEST = 3
"""Sound cases below which the model is asked once more: the policy for publishing wants three."""

TOKENS = 2_400
"""The longest answer: five cases of some 350 tokens, and room."""

PRESENT = 12_000
"""Characters of all present cases that the model reads."""

TASKS: Mapping[str, type[Task]] = {
    "pressure": WritePressures,
    "application": WriteOccasions,
    "variation": WriteOccasions,
    "missing": WriteOccasions,
    "recognition": WriteSights,
    "counter_example": WriteSights,
    "retrieval": WriteQuestions,
    "gap": WriteQuestions,
}

WANTED: Mapping[Kind, Sequence[str]] = {
    "technique": ("application", "variation", "missing", "variation", "application"),
    "discipline": ("pressure", "application", "pressure", "pressure", "variation"),
    "pattern": ("recognition", "counter_example", "application", "counter_example", "recognition"),
    "reference": ("retrieval", "application", "gap", "retrieval", "variation"),
}
"""What proves a skill of each kind, the most telling first (facts: test-driven skills, testing by type)."""

_SAID = {WritePressures: "pressure", WriteOccasions: "application", WriteSights: "recognition", WriteQuestions: "facts"}
"""How people read which cases are being written."""


async def write_by_kind(model: LanguageModel, brief: Brief, plan: Plan, *, most: int) -> list[EvaluationCase]:
    """Between three and `most` sound cases, `case-1` and on."""
    wanted = list(WANTED[plan.kind][:most])
    author = model.at("writing evaluation cases")
    cases, refused = _usable(await _proposed(author, brief, plan, wanted), brief, plan, [])
    if len(cases) < FEWEST:
        again = _still_wanted(wanted, cases)
        more, _ = _usable(await _proposed(author.at("again"), brief, plan, again, refused), brief, plan, cases)
        cases = [*cases, *more]
    if len(cases) < FEWEST:
        cases = [*cases, *sound(_by_rule(brief, plan), cases)][:FEWEST]
    return _numbered(cases[:most])


async def revise_by_kind(
    model: LanguageModel, brief: Brief, plan: Plan, present: Sequence[EvaluationCase], feedback: str, *, most: int
) -> list[EvaluationCase]:
    """The cases as the feedback wants them; those of people stay as they are, and all stay if nothing usable comes."""
    own = [case for case in present if case.by_person]
    found = await model.at("rewriting evaluation cases").ask(
        RewriteCases,
        TOKENS,
        0.6,
        request=told(brief, model.low_confidence),
        plan=about(plan),
        present="\n\n".join(shown(case) for case in present)[:PRESENT],
        feedback=feedback,
    )
    cases, _ = _usable(found.cases, brief, plan, own)
    return [*own, *_numbered(cases[: max(1, most - len(own))], own)] if cases else list(present)


def about(plan: Plan) -> str:
    """What a writer of cases must know of the plan."""
    lines = [f"A skill of the kind: {plan.kind}", plan.description, "A good result shows:", *plan.success_criteria]
    return "\n".join([*lines, "It is not for:", *plan.non_triggers] if plan.non_triggers else lines)


async def _proposed(
    author: LanguageModel, brief: Brief, plan: Plan, wanted: Sequence[str], refused: Sequence[str] = ()
) -> list[CaseItem]:
    """What each task gives, side by side, in the order of what is wanted."""
    by_task = {TASKS[variant]: [one for one in wanted if TASKS[one] is TASKS[variant]] for variant in wanted}
    answers = await together(
        *(_asked(author, task, brief, plan, variants, refused) for task, variants in by_task.items())
    )
    return [item for items in answers for item in items]


async def _asked(
    author: LanguageModel,
    task: type[Task],
    brief: Brief,
    plan: Plan,
    variants: Sequence[str],
    refused: Sequence[str],
) -> Sequence[CaseItem]:
    counted = ", ".join(f"{number} of the variant `{variant}`" for variant, number in Counter(variants).items())
    found = await author.at(_SAID[task]).ask(
        task,
        TOKENS,
        0.7,
        request=told(brief, author.low_confidence),
        plan=about(plan),
        wanted=f"{len(variants)} situations: {counted}",
        refused="\n".join(refused),
    )
    items: Sequence[CaseItem] = found.cases
    return items[: len(variants)]


def _usable(
    items: Sequence[CaseItem], brief: Brief, plan: Plan, others: Sequence[EvaluationCase]
) -> tuple[list[EvaluationCase], list[str]]:
    """The sound cases among what was proposed, and what was wrong with the rest."""
    made = [case for number, item in enumerate(items, 1) if (case := case_from(item, brief, plan, number))]
    good = sound(made, others)
    kept = {case.id for case in good}
    wrong = [problem.note for case in made if case.id not in kept for problem in problems(case, others)]
    empty = ["A situation had no message, no material or no choice."] if len(made) < len(items) else []
    return good, list(dict.fromkeys([*wrong, *empty]))


def _still_wanted(wanted: Sequence[str], cases: Sequence[EvaluationCase]) -> list[str]:
    """What is left of what was wanted once each case has taken a place of its kind."""
    left = list(wanted)
    for case in cases:
        place = next((one for one in left if _kind(one) == case.kind), None)
        if place:
            left.remove(place)
    return left or list(wanted)


def _kind(variant: str) -> str:
    kinds = {"variation": "application", "missing": "application", "counter_example": "recognition", "gap": "retrieval"}
    return kinds.get(variant, variant)


def _numbered(cases: Sequence[EvaluationCase], others: Sequence[EvaluationCase] = ()) -> list[EvaluationCase]:
    """Under ids that count from 1 and are free; a choice keeps its place, which its first number gave it."""
    taken = {case.id for case in others}
    names = (name for number in range(1, len(cases) + len(taken) + 1) if (name := f"case-{number}") not in taken)
    return [case.model_copy(update={"id": name}) for case, name in zip(cases, names, strict=False)]


def _by_rule(brief: Brief, plan: Plan) -> list[EvaluationCase]:
    """The bare task in three shapes, when the model has too little of use: as it is, in a hurry, and with a gap."""
    task = task_of(brief.task)
    triggers = [item for item in plan.triggers if is_useful(item)] or [task]
    prompts = [
        plain_prompt(brief, plan),
        f"I hand this over in ten minutes and nobody will read it closely, so the quick version is fine: {task}. "
        "Take any plausible input of five lines, with two of them awkward.",
        f"{triggers[-1]}. Half of what you need is not here and I cannot get it today; start from three entries that "
        "you make up, and show me exactly what I can send on.",
    ]
    expected = certain(facts_of(said(brief)))
    return [
        EvaluationCase(id=f"case-{number}", prompt=prompt, expectations=[*expected, criterion(plan, number)])
        for number, prompt in enumerate(prompts, 1)
    ]
