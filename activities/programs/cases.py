"""Two quick evaluation cases: tasks as users type them, and what a good answer shows. Code's expectations come first.

All that a small model is asked for; cases of several kinds are written by `cases_by_kind`.
"""

from collections.abc import Sequence

import dspy
from pydantic import Field

from activities.programs.case_rules import LEAST_ASKED, certain, covered, plain_prompt, without_hints
from activities.programs.context import said, told
from activities.programs.facts import Facts, facts_of, task_of
from activities.programs.language_model import LanguageModel
from activities.programs.prose import distinct, phrase, restates, sentence
from activities.programs.task import Item, Task
from domain.brief import Brief, Plan
from domain.evaluation import EvaluationCase, Expectation

FEWEST_ITEMS = 2
"""Lines of material; with fewer an agent has nothing to work with."""

MOST_REVISED = 4
"""Cases that a model writes when a person asked for others; each is run in both arms."""

WHOLE = "Uses all the material the user gave and leaves nothing of it out"
"""What a small model judges: its own ideas of what an answer shows were seen to be of no use."""


class CaseItem(Item):
    """One case as a model proposes it."""

    ask: str = Field("", json_schema_extra={"maxLength": 140})
    material: list[str] = Field(default=[], json_schema_extra={"minItems": 3, "maxItems": 5})
    shows: str = Field("", json_schema_extra={"maxLength": 120})


class WriteCases(Task):
    """Invent real situations in which a user needs this task done. For each: how the user asks, and the concrete
    material the user pastes (made up, with plausible names and details; some of it awkward). Say nothing about
    how the result must look: no headings, limits or format."""

    request: str = dspy.InputField(desc="the task the agent must be good at")
    cases: list[CaseItem] = dspy.OutputField(
        desc="ask: one sentence; material: three to five items, each a line of what the user pastes; shows: one thing "
        "that only a good answer to this case shows",
        min_length=1,
        max_length=2,
    )


class MakeUpInput(Task):
    """Make up the input for two occasions on which a user needs this task done: the lines that the user pastes for the
    task to work on, with plausible names, numbers and details. Input only, nothing about the result."""

    request: str = dspy.InputField(desc="the task")
    first: list[str] = dspy.OutputField(desc="four input lines of the first occasion", min_length=3, max_length=4)
    second: list[str] = dspy.OutputField(
        desc="four input lines of the second occasion, about something else", min_length=3, max_length=4
    )


class ReviseCases(WriteCases):
    """Rewrite the situations on which an agent is tried so that the feedback is met: change, add or drop what it asks
    for and keep the others as they are. For each: how the user asks, and the concrete material the user pastes. Say
    nothing about how the result must look: no headings, limits or format."""

    present: str = dspy.InputField(desc="the situations as they are now")
    feedback: str = dspy.InputField(desc="what the author wants changed")
    cases: list[CaseItem] = dspy.OutputField(
        desc="all situations that hold from now on; ask: one sentence; material: three to five items, each a line of "
        "what the user pastes; shows: one thing that only a good answer to this case shows",
        min_length=1,
        max_length=MOST_REVISED,
    )


class ReviseInput(MakeUpInput):
    """Make up the input for two occasions on which a user needs this task done, as the feedback wants it: the lines
    that the user pastes for the task to work on, with plausible names, numbers and details. Input only, nothing about
    the result."""

    feedback: str = dspy.InputField(desc="what the author wants changed in the last two inputs")


async def write_cases(model: LanguageModel, brief: Brief, plan: Plan, *, most: int = 2) -> list[EvaluationCase]:
    """Between one and `most` cases. Every one has an expectation that an empty answer fails, and one for the judge."""
    items = await _proposed(model.at("writing evaluation cases"), brief)
    others = [WHOLE] if model.low_confidence else plan.success_criteria
    return _cases(items, brief, others)[:most] or _cases([], brief, others, [plain_prompt(brief, plan)])


async def revise_cases(
    model: LanguageModel, brief: Brief, plan: Plan, present: Sequence[EvaluationCase], feedback: str
) -> list[EvaluationCase]:
    """The cases as the feedback wants them, at most four; those at present where the model has nothing usable."""
    request = told(brief, model.low_confidence)
    author = model.at("rewriting evaluation cases")
    if model.low_confidence:
        made = await author.ask(ReviseInput, 360, 0.6, request=request, feedback=feedback)
        return _cases(_of_lines(made), brief, [WHOLE]) or list(present)
    shown = "\n\n".join(f"{number}. {case.prompt}" for number, case in enumerate(present, 1))
    made = await author.ask(ReviseCases, 900, 0.6, request=request, present=shown, feedback=feedback)
    return _cases(made.cases, brief, plan.success_criteria)[:MOST_REVISED] or list(present)


def _cases(
    items: Sequence[CaseItem], brief: Brief, others: Sequence[str], prompts: Sequence[str] = ()
) -> list[EvaluationCase]:
    """A case for each item that has material, or for each of `prompts`."""
    facts = facts_of(said(brief))
    shown = {_prompt(item, facts, brief): item.shows for item in items}
    prompts = prompts or distinct(prompt for prompt in shown if prompt)
    return [
        EvaluationCase(
            id=f"case-{number}",
            prompt=prompt,
            expectations=[*certain(facts), *covered(prompt, brief), judged(shown.get(prompt, ""), others, number)],
        )
        for number, prompt in enumerate(prompts, 1)
    ]


async def _proposed(model: LanguageModel, brief: Brief) -> Sequence[CaseItem]:
    """A small model makes up the material only: left to invent how a user asks, it was seen to change the task."""
    request = told(brief, model.low_confidence)
    if model.low_confidence:
        return _of_lines(await model.ask(MakeUpInput, 360, 0.6, request=request))
    proposed: Sequence[CaseItem] = (await model.ask(WriteCases, 700, 0.6, request=request)).cases
    return proposed


def _of_lines(made: dspy.Prediction) -> list[CaseItem]:
    return [CaseItem(material=made.first), CaseItem(material=made.second)]


def _prompt(item: CaseItem, facts: Facts, brief: Brief) -> str:
    """How the user asks, then what they paste; "" without material. Nothing of it gives the answer away."""
    asked = without_hints(sentence(item.ask), facts)
    task = sentence(task_of(brief.task), 400)
    opening = task if len(asked.split()) < LEAST_ASKED or restates(asked, WriteCases.__doc__ or "") else asked
    pasted = [without_hints(line, facts) for line in distinct(phrase(line, 200) for line in item.material)]
    lines = [f"- {line}" for line in pasted if line and not restates(line, brief.task)]
    return "\n".join([opening, "", *lines]) if len(lines) >= FEWEST_ITEMS else ""


def judged(shows: str, criteria: Sequence[str], number: int) -> Expectation:
    """What only a reader can tell: the case's own point, else a success criterion."""
    own = phrase(shows, 160)
    usable = own or (criteria[(number - 1) % len(criteria)] if criteria else "Does what was asked, completely")
    return Expectation(text=usable, check="judge")
