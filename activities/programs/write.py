"""The skill, section by section: small questions to the model side by side, the person's facts by code.

What the request and the answers demand is a rule and a check in their own words whatever the model says; the model
adds how and why. Written against what agents got wrong without the skill.
"""

import asyncio
from collections.abc import Sequence

import dspy
from pydantic import Field

from activities.programs.context import decided, failed, known, listed, said, told
from activities.programs.facts import expectations_of, facts_of, joined, requirements_of
from activities.programs.language_model import LanguageModel
from activities.programs.prose import (
    alike,
    capital,
    cites,
    distinct,
    foreign_names,
    is_runaway,
    phrase,
    restates,
    sentence,
)
from activities.programs.task import Item, Task
from domain.brief import Brief, Plan
from domain.evaluation import CaseRun
from domain.manuscript import Example, Input, Manuscript, Mistake, Rule, Step

FEWEST_STEPS = 3


class InputItem(Item):
    """Something the agent is given."""

    name: str = Field("", json_schema_extra={"maxLength": 50})
    what: str = Field("", json_schema_extra={"maxLength": 140})


class StepItem(Item):
    """One step."""

    action: str = Field("", json_schema_extra={"maxLength": 90})
    detail: str = Field("", json_schema_extra={"maxLength": 180})


class RuleItem(Item):
    """One rule and its reason."""

    rule: str = Field("", json_schema_extra={"maxLength": 140})
    why: str = Field("", json_schema_extra={"maxLength": 120})


class MistakeItem(Item):
    """One mistake and what to do instead."""

    mistake: str = Field("", json_schema_extra={"maxLength": 120})
    instead: str = Field("", json_schema_extra={"maxLength": 160})


class WriteWorkflow(Task):
    """Write the workflow of this skill for an agent that has nothing but what the user gives it: what it needs
    before it starts, then the steps in order, from reading the input to the finished result. Each step says what
    to do and how, with the concrete names and numbers of the request, and what to do when something is missing or
    unclear. Name no tool, library or product that the request does not name."""

    request: str = dspy.InputField(desc="what the author asked for, answers, sources as data")
    weaknesses: str = dspy.InputField(desc="what agents got wrong without the skill")
    needed: list[InputItem] = dspy.OutputField(
        desc="what the user hands over (never the result): name, and what it holds", min_length=1, max_length=2
    )
    steps: list[StepItem] = dspy.OutputField(
        desc="action: a short order; detail: how, one or two sentences", min_length=4, max_length=5
    )


class WriteRules(Task):
    """For each of the author's rules say what harm it does to the reader when the rule is broken. Then give one or
    two more rules for this work that the author did not think of, as orders to the agent. Contradict nothing the
    author said."""

    request: str = dspy.InputField(desc="what the author asked for, answers, sources as data")
    weaknesses: str = dspy.InputField(desc="what agents got wrong without the skill")
    rules: str = dspy.InputField(desc="the author's rules, numbered")
    reasons: list[str] = dspy.OutputField(desc="the harm, a few words for each rule, in order", max_length=8)
    more: list[RuleItem] = dspy.OutputField(desc="further rules: an order, and why", max_length=2)


class WriteEdges(Task):
    """Write what helps an agent to start and to stop: how a good result looks, which mistakes agents make in this
    work and what to do instead, and what to check at the end by reading the result. Use only what the request
    says."""

    request: str = dspy.InputField(desc="what the author asked for, answers, sources as data")
    weaknesses: str = dspy.InputField(desc="what agents got wrong without the skill")
    good: str = dspy.OutputField(desc="what a good result looks like, one or two sentences", max_length=220)
    mistakes: list[MistakeItem] = dspy.OutputField(desc="mistake, and what to do instead", min_length=1, max_length=2)
    checks: list[str] = dspy.OutputField(desc="yes-or-no checks of the result", min_length=1, max_length=2)


class _Author:
    """The brief, the plan and the failures, as every section needs them."""

    def __init__(self, model: LanguageModel, brief: Brief, plan: Plan, failures: Sequence[CaseRun]) -> None:
        self.model = model.at("writing")
        self.brief = brief
        self.plan = plan
        self.known = known(brief)
        self.request = told(brief, model.low_confidence)
        self.weaknesses = listed(failed(failures)[:8])

    def kept(self, *texts: str) -> bool:
        """No link or citation that nobody gave; from the small model, no tool that nobody named either."""
        whole = " ".join(texts)
        strange = self.model.low_confidence and foreign_names(whole, self.known)
        return not strange and not cites(whole, self.known)

    async def workflow(self) -> tuple[list[Input], list[Step]]:
        found = await self.model.at("workflow").ask(
            WriteWorkflow, 620, accept=_calm_steps, request=self.request, weaknesses=self.weaknesses
        )
        steps = [Step(action=capital(phrase(item.action)), detail=self._detail(item.detail)) for item in found.steps]
        named = [item for item in steps if item.action and self.kept(item.action)]
        actions = distinct(item.action for item in named)
        ordered = [next(item for item in named if item.action == action) for action in actions]
        return self._inputs(found.needed), ordered if len(ordered) >= FEWEST_STEPS else self._plain_steps(ordered)

    def _detail(self, text: str) -> str:
        detail = sentence(text, 400)
        return detail if self.kept(detail) else ""

    def _inputs(self, items: Sequence[InputItem]) -> list[Input]:
        """What the user gives; a result that is listed as an input is a known slip of small models."""
        labels = facts_of(said(self.brief)).labels
        named = [Input(name=_name(item.name), what=sentence(item.what)) for item in items]
        usable = [item for item in named if item.name and item.name not in labels and self.kept(item.name, item.what)]
        names = distinct(item.name for item in usable)
        return [next(item for item in usable if item.name == name) for name in names]

    def _plain_steps(self, kept: Sequence[Step]) -> list[Step]:
        """A workflow that holds for any task, with what the model had to say in its middle."""
        first = Step(action="Read everything the user gave", detail="List what is missing before you begin.")
        last = Step(action="Check the result against the rules below", detail="Mend what fails, then hand it over.")
        middle = list(kept) or [Step(action="Do the task", detail=sentence(self.brief.refined or self.brief.task, 600))]
        return [first, *middle, last]

    async def rules(self) -> list[Rule]:
        """The author's rules word for word, each with the model's reason, then the model's own."""
        own = demands(self.brief)
        found = await self.model.at("rules").ask(
            WriteRules,
            420,
            accept=lambda answer: _calm(answer.reasons),
            rules=listed(own),
            request=self.request,
            weaknesses=self.weaknesses,
        )
        reasons = [*found.reasons, *[""] * len(own)]
        rules = [Rule(rule=rule, why=self._reason(why, rule)) for rule, why in zip(own, reasons, strict=False)]
        heard = "\n".join([*own, self.weaknesses])
        extra = [Rule(rule=sentence(item.rule), why=self._reason(item.why, item.rule)) for item in found.more]
        texts = distinct((item.rule for item in extra if self.kept(item.rule) and not restates(item.rule, heard)), own)
        return [*rules, *(next(item for item in extra if item.rule == text) for text in texts)]

    def _reason(self, text: str, rule: str) -> str:
        """A reason that says more than its rule."""
        reason = sentence(text, 160)
        return reason if reason and self.kept(reason) and not restates(reason, rule) else ""

    async def edges(self) -> tuple[str, list[Mistake], list[str]]:
        found = await self.model.at("checks").ask(
            WriteEdges,
            460,
            accept=lambda answer: _calm(answer.checks),
            request=self.request,
            weaknesses=self.weaknesses,
        )
        good = sentence(str(found.good), 320)
        mistakes = [
            Mistake(mistake=mistake, instead=instead)
            for item in found.mistakes
            if (mistake := sentence(item.mistake)) and self.kept(mistake, item.instead)
            for instead in [sentence(item.instead)]
            if instead and not alike(mistake, instead)
        ]
        texts = distinct(item.mistake for item in mistakes)
        own = [capital(phrase(item)) for item in found.checks if self.kept(item)]
        certain = " ".join([*self.plan.success_criteria, "check that is are each entry result includes"])
        return (
            good if self.kept(good) else "",
            [next(item for item in mistakes if item.mistake == text) for text in texts],
            distinct([*self.plan.success_criteria, *(item for item in own if not restates(item, certain))])[:8],
        )


async def write(model: LanguageModel, brief: Brief, plan: Plan, failures: Sequence[CaseRun]) -> Manuscript:
    """The pieces of the skill; `failures` are the runs without it that did not pass."""
    author = _Author(model, brief, plan, failures)
    (inputs, steps), rules, (good, mistakes, checks) = await asyncio.gather(
        author.workflow(), author.rules(), author.edges()
    )
    asks = plan.triggers[:2] or [brief.task]
    return Manuscript(
        title=plan.title,
        purpose=plan.description.partition(" Use when ")[0],
        request=brief.task,
        triggers=plan.triggers,
        non_triggers=plan.non_triggers,
        shape=facts_of(said(brief)).labels,
        quick_start=[Example(ask=ask, good=good if ask == asks[-1] else "") for ask in asks],
        inputs=inputs,
        steps=steps,
        rules=rules,
        decisions=decided(brief),
        mistakes=mistakes,
        checks=checks,
    )


def demands(brief: Brief) -> list[str]:
    """The author's rules: the conditions of the request and every answer, in their words.

    An answer becomes a rule with its question, because "five" alone says nothing.
    """
    answered = [f"{item.question.rstrip('?: ')}: {_inline(item.answer)}" for item in decided(brief)]
    facts = facts_of(said(brief))
    headings = f"Use the headings {joined(facts.labels)}, each on a line of its own, in this order."
    banned = [item.text for item in expectations_of(facts) if item.check == "absent"]
    rules = distinct(
        [
            *requirements_of(brief.task),
            *([headings] if facts.labels else []),
            *answered,
            *(f"{text}." for text in banned),
        ]
    )
    return [rule if rule.endswith((".", "!")) else f"{rule}." for rule in rules]


def _name(text: str) -> str:
    """One word is enough for a name."""
    return capital(phrase(f"{text} input", 60).removesuffix(" input"))


def _inline(text: str) -> str:
    """An answer on one line; a long one is only pointed to, because it stands below word for word."""
    line = " ".join(text.split())
    return line if len(line) <= 300 else "see the decisions below"


def _calm(texts: Sequence[str]) -> bool:
    return not is_runaway("\n".join(texts))


def _calm_steps(answer: dspy.Prediction) -> bool:
    """Enough usable steps, none of them in a circle."""
    usable = distinct(phrase(item.action) for item in answer.steps)
    return len(usable) >= FEWEST_STEPS and not any(is_runaway(item.detail) for item in answer.steps)
