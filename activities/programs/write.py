"""The skill, section by section: small questions to the model side by side, the person's facts by code.

What the request and the answers demand is a rule and a check in their own words whatever the model says; the model
adds how and why. A small model adds less: what it proposed beyond that was seen to be invented. Styles but the
comprehensive one are not asked for what they do not hold. What failures call for is in `failure_forms.py`.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import dspy

from activities.programs.certain import HONEST, LONGEST_RULE, NOTHING_LOST, demands, framed, seen_mistakes, steps_of
from activities.programs.context import decided, failed, known, listed, said, told
from activities.programs.facts import facts_of
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
    sentences,
)
from activities.programs.section_tasks import (
    GiveReasons,
    InputItem,
    MistakeItem,
    SectionItem,
    WriteEdges,
    WriteEdgesAndMore,
    WriteRules,
    WriteWorkflow,
)
from activities.programs.together import together
from domain.brief import Brief, Plan
from domain.evaluation import CaseRun
from domain.job import Style
from domain.manuscript import Example, Input, Manuscript, Mistake, OwnSection, Rule, Step

FEWEST_STEPS = 3
FEWEST_RULES = 3

_FILLING = "otherwise result might may not will would should be kept expected required correctly if broken user uses"
"""Words that make a reason of nothing."""

_FRAME = "read input inputs list collect gather review check finalize format organize group sort write result"
"""What every workflow says, and ours says already."""

_CODES = re.compile(
    r"\b(?:dictionar\w+|list of lists|function|loop|script|alphabetical\w*|variable|truncat\w+)\b", re.I
)
"""A small coding model takes any task for a program to write."""

_NARRATES = re.compile(
    r"\b(?:the agent|the user|the team|publish\w*|approv\w+|distribut\w+|upload\w*|someone else)\b", re.IGNORECASE
)
"""A small model tells what happens, and who approves it, instead of how to do the step."""


DETAIL = {"comprehensive": 400, "navigation_hub": 160, "minimal": 100}
"""Characters of how a step is done, by style."""

MOST_CHECKS = {"comprehensive": 8, "navigation_hub": 6, "minimal": 2}
MOST_TRIGGERS = {"comprehensive": 20, "navigation_hub": 20, "minimal": 2}
"""Of the plan's own; the minimal style says the first."""


def style_of(model: LanguageModel, plan: Plan) -> Style:
    """The style that is really written: a hub without files, as a small model's are, would lead nowhere."""
    hub = plan.style == "navigation_hub" and (model.low_confidence or not plan.files)
    return "comprehensive" if hub else plan.style


async def write(model: LanguageModel, brief: Brief, plan: Plan, failures: Sequence[CaseRun]) -> Manuscript:
    """The pieces of the skill; `failures` are the runs without it that did not pass."""
    style = style_of(model, plan)
    author = _Author(model, brief, plan, failures, style)
    (inputs, steps), rules, edges = await together(author.workflow(), author.rules(), author.edges())
    return Manuscript(
        style=style,
        title=plan.title,
        purpose=plan.description.partition(" Use when ")[0],
        request=brief.task,
        triggers=plan.triggers[: MOST_TRIGGERS[style]],
        non_triggers=plan.non_triggers[: MOST_TRIGGERS[style]],
        shape=facts_of(said(brief)).labels,
        quick_start=[] if style == "minimal" else [Example(ask=(plan.triggers or [brief.task])[0], good=edges.good)],
        inputs=inputs,
        steps=steps,
        rules=rules,
        decisions=[item for item in decided(brief) if style != "minimal" or len(item.answer) > LONGEST_RULE],
        mistakes=edges.mistakes,
        checks=edges.checks,
        own=edges.own,
        outline=plan.outline,
    )


class _Edges(NamedTuple):
    """What a good result is, what goes wrong, what is looked at last, and the sections of the category's own."""

    good: str
    mistakes: list[Mistake]
    checks: list[str]
    own: list[OwnSection] = []


class _Author:
    """The brief, the plan and the failures, as every section needs them."""

    def __init__(
        self, model: LanguageModel, brief: Brief, plan: Plan, failures: Sequence[CaseRun], style: Style
    ) -> None:
        self.style = style
        self.model = model.at("writing")
        self.brief = brief
        self.plan = plan
        self.failures = failures
        self.known = known(brief)
        self.request = told(brief, model.low_confidence)
        self.weaknesses = listed(failed(failures)[:8])

    async def workflow(self) -> tuple[list[Input], list[Step]]:
        found = await self.model.at("workflow").ask(
            WriteWorkflow, 620, accept=_calm_steps, live=True, request=self.request, weaknesses=self.weaknesses
        )
        steps = [Step(action=capital(phrase(item.action)), detail=self._detail(item.detail)) for item in found.steps]
        named = {item.action: item for item in reversed(steps) if item.action and self._kept(item.action)}
        ordered = [named[action] for action in distinct(item.action for item in steps) if action in named]
        return self._inputs(found.needed), framed(self._sound(ordered), self.brief)

    def _sound(self, steps: Sequence[Step]) -> list[Step]:
        """A small model's steps, after those that the request's own form asks for; about coding and approval: none."""
        if not self.model.low_confidence:
            return list(steps)
        certain = steps_of(facts_of(said(self.brief)))
        heard = " ".join([self.brief.task, *(f"{step.action} {step.detail}" for step in certain)])
        plain = [step for step in steps if not _NARRATES.search(step.action) and not _CODES.search(str(step))]
        if not certain:
            return plain
        return [*certain, *(step for step in plain if not restates(step.action, f"{heard} {_FRAME}"))]

    def _kept(self, *texts: str) -> bool:
        """No link or citation that nobody gave; from the small model, no tool that nobody named either."""
        whole = " ".join(texts)
        strange = self.model.low_confidence and foreign_names(whole, self.known)
        return not strange and not cites(whole, self.known)

    def _detail(self, text: str) -> str:
        detail = sentence(text, DETAIL[self.style])
        if self.model.low_confidence:
            detail = " ".join(part for part in sentences(detail) if not _NARRATES.search(part))
        return detail if self._kept(detail) else ""

    def _inputs(self, items: Sequence[InputItem]) -> list[Input]:
        """What the user gives; a result that is listed as an input is a known slip of small models."""
        labels = facts_of(said(self.brief)).labels
        named = {_name(item.name): Input(name=_name(item.name), what=self._detail(item.what)) for item in items}
        return [named[name] for name in distinct(named) if name not in labels and self._kept(name)]

    async def rules(self) -> list[Rule]:
        """The author's rules word for word, each with the model's reason, then a capable model's own."""
        own = demands(self.brief)
        rules = await (self._reasoned(own) if self.model.low_confidence else self._extended(own))
        return rules if len(rules) >= FEWEST_RULES else [*rules, HONEST]

    async def _reasoned(self, own: Sequence[str]) -> list[Rule]:
        if not own or self.style == "minimal":
            return [Rule(rule=rule) for rule in own]
        found = await self.model.at("rules").ask(GiveReasons, 240, live=True, request=self.request, rules=listed(own))
        return self._with_reasons(own, found.reasons)

    async def _extended(self, own: Sequence[str]) -> list[Rule]:
        found = await self.model.at("rules").ask(
            WriteRules,
            420,
            accept=lambda answer: _calm(answer.reasons),
            live=True,
            request=self.request,
            rules=listed(own),
            weaknesses=self.weaknesses,
        )
        heard = "\n".join([*own, self.weaknesses])
        extra = {sentence(item.rule): item.why for item in found.more if self._kept(item.rule)}
        texts = [text for text in distinct(extra, own) if not restates(text, heard)]
        return [*self._with_reasons(own, found.reasons), *(self._rule(text, extra[text]) for text in texts)]

    def _with_reasons(self, own: Sequence[str], reasons: Sequence[str]) -> list[Rule]:
        padded = [*reasons, *[""] * len(own)]
        return [self._rule(rule, why) for rule, why in zip(own, padded, strict=False)]

    def _rule(self, rule: str, why: str) -> Rule:
        """A reason counts only if it says more than its rule and is not about rules."""
        reason = sentence(why, 160)
        says_more = not restates(reason, f"{rule} {_FILLING}") and "rule" not in reason.casefold()
        told = reason and says_more and self.style != "minimal" and self._kept(reason)
        return Rule(rule=rule, why=reason if told else "")

    async def edges(self) -> _Edges:
        """Certain checks first, a capable model's own behind, and its mistakes and own sections. What was measured is
        a small model's mistakes: a capable one answers each failure in the form of its kind."""
        criteria = [*self.plan.success_criteria, NOTHING_LOST]
        if self.model.low_confidence or self.style != "comprehensive":
            seen = seen_mistakes(self.brief, self.failures)
            checks = distinct(criteria)[: MOST_CHECKS[self.style]]
            return _Edges(" ".join(f"{item}." for item in criteria), seen, checks)
        found = await self._asked_for_edges()
        good = sentence(str(found.good), 400)
        checks = [capital(phrase(item)) for item in found.checks if self._kept(item)]
        new = [item for item in checks if not restates(item, " ".join(criteria))]
        return _Edges(
            good if self._kept(good) else "",
            self._mistakes(found.mistakes),
            distinct([*criteria, *new])[: MOST_CHECKS[self.style]],
            self._own(found.sections) if self.plan.guidance else [],
        )

    async def _asked_for_edges(self) -> dspy.Prediction:
        """With the sections that the category's template has of its own, if it has any."""
        asking, own = self.model.at("checks"), [f"{heading}: {what}" for heading, what in self.plan.guidance.items()]
        if not own:
            return await asking.ask(
                WriteEdges,
                520,
                accept=lambda it: _calm(it.checks),
                live=True,
                request=self.request,
                weaknesses=self.weaknesses,
            )
        return await asking.ask(
            WriteEdgesAndMore,
            520 + 220 * len(own),
            accept=lambda it: _calm(it.checks),
            live=True,
            request=self.request,
            weaknesses=self.weaknesses,
            wanted=listed(own),
        )

    def _own(self, items: Sequence[SectionItem]) -> list[OwnSection]:
        """Sections that were asked for and have something to say."""
        headings = list(self.plan.guidance)
        sections = []
        for number, heading in enumerate(headings, 1):
            said_of_it = next((item.lines for item in items if item.number == number), [])
            lines = [sentence(line, 300) for line in said_of_it if self._kept(line)]
            kept = [] if is_runaway("\n".join(lines)) else [f"- {line}" for line in distinct(lines) if line]
            if kept:
                sections.append(OwnSection(heading=heading, text="\n".join(kept)))
        return sections

    def _mistakes(self, items: Sequence[MistakeItem]) -> list[Mistake]:
        named = {
            sentence(item.mistake): sentence(item.instead) for item in items if self._kept(item.mistake, item.instead)
        }
        return [
            Mistake(mistake=text, instead=named[text])
            for text in distinct(named)
            if named[text] and not alike(text, named[text])
        ]


def _name(text: str) -> str:
    """One word is enough for a name."""
    return capital(phrase(f"{text} input", 60).removesuffix(" input"))


def _calm(texts: Sequence[str]) -> bool:
    return not is_runaway("\n".join(texts))


def _calm_steps(answer: dspy.Prediction) -> bool:
    """Enough usable steps, none of them in a circle."""
    usable = distinct(phrase(item.action) for item in answer.steps)
    return len(usable) >= FEWEST_STEPS and not any(is_runaway(item.detail) for item in answer.steps)
