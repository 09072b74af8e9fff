"""What will be written: name, description, place, triggers, success criteria."""

import re
from collections.abc import Collection, Sequence
from typing import get_args

import dspy

from activities.programs.context import known, listed, said, told
from activities.programs.facts import criteria_of, facts_of, lost, requirements_of, task_of
from activities.programs.kinds import MEANS, FileItem, asked_style, files_of, kind_by_rule, kind_of, may_need_files
from activities.programs.language_model import LanguageModel
from activities.programs.prose import (
    capital,
    cites,
    clip,
    distinct,
    foreign_names,
    is_useful,
    phrase,
    restates,
    sentence,
)
from activities.programs.task import Task
from domain.answering.proposals import legal_description, legal_name
from domain.brief import Brief, Kind, Plan, Proposal
from domain.job import Style
from domain.library.search import folded, words
from domain.manuscript import CORE
from domain.names import asked_name, free_name, slug
from domain.planned_files import MOST_FILES
from domain.research import near_duplicates

FEWEST_WORDS = 4
"""Of a message: a small model answers with bare topics, which say nothing about when to use a skill."""

MOST_REQUIRED = 3

MOST_BESIDE = 2
"""Near duplicates that a plan names."""

ANYWHERE = "general"
"""The category when the library has none yet."""

_ON_NAME = re.compile(r"\b(?:re)?nam(?:e|ed|es|ing)\b|\bcall(?:ed)?\b", re.IGNORECASE)
_ON_DESCRIPTION = re.compile(r"\bdescri(?:be[ds]?|bing|ption)\b", re.IGNORECASE)
"""Feedback on a plan that is about these."""


class PlanSkill(Task):
    """Plan the skill. Its description is all an agent sees when it decides whether to read the skill: say concretely
    what it does and when to use it, in the words of the request. Where the library has a skill for a part of this,
    leave that part to it."""

    request: str = dspy.InputField(desc="what a person asked for, answers, sources as data")
    wish: str = dspy.InputField(desc="what the author wants changed in the last plan; may be empty")
    style: str = dspy.InputField(desc="how much the skill shall say; may be empty")
    title: str = dspy.OutputField(desc="two to five words", max_length=60)
    name: str = dspy.OutputField(desc="two to four lower-case words joined by hyphens, verb first", max_length=40)
    what: str = dspy.OutputField(
        desc="what the skill does, one sentence beginning with a verb: 'Writes …'", max_length=240
    )
    use_when: str = dspy.OutputField(desc="when to use it; completes the sentence 'Use when …'", max_length=200)
    triggers: list[str] = dspy.OutputField(
        desc="messages a user would send to get this done, each an order in the user's words",
        min_length=2,
        max_length=3,
    )
    non_triggers: list[str] = dspy.OutputField(
        desc="messages with a similar order that another skill must handle; first what one of the library's does",
        min_length=1,
        max_length=2,
    )
    success_criteria: list[str] = dspy.OutputField(
        desc="what a reader can see in a good result, beyond the request's own words; each can fail",
        min_length=1,
        max_length=2,
    )
    key_assumptions: list[str] = dspy.OutputField(
        desc="what is taken for granted without being said, so that the author can object", max_length=2
    )
    category: str = dspy.OutputField(desc="the shelf of the library that fits best")


class ChooseRequired(Task):
    """Which of these skills must be there for the planned one to work, because it hands part of its work to them?
    Most skills need none. A skill about the same subject is not needed."""

    request: str = dspy.InputField(desc="what a person asked for, answers, sources as data")
    skills: str = dspy.InputField(desc="the skills to choose from")
    requires: list[str] = dspy.OutputField(desc="names of the needed skills; empty when none is", max_length=3)


_KIND = dspy.OutputField(
    desc="technique: a way to do a task; discipline: a rule that is tempting to skip under pressure; pattern: something"
    " to recognise before acting; reference: facts to look up"
)
_KIND.json_schema_extra["enum"] = list(get_args(Kind))
_FILES = dspy.OutputField(
    desc="files beside SKILL.md, each with path and purpose: references/<subject>.md for what is read only when needed;"
    " scripts/<task>.py or .sh only for a computation that must come out the same each time; empty when one text does",
    max_length=MOST_FILES,
)


async def plan(
    model: LanguageModel,
    brief: Brief,
    *,
    categories: Sequence[str],
    taken: Collection[str],
    category: str | None,
    feedback: str = "",
    settled: Proposal | None = None,
    skills: Collection[str] = (),
    style: Style = "comprehensive",
) -> Plan:
    """The plan. `category` given by a person stands; `taken` are names in use; `feedback` is on an earlier plan.

    `settled`: the name and description that a person asked for or accepted; they stand until feedback is about them.
    `skills`: those of the library that this one may build on. `style`: stands unless feedback names another.
    """
    style = asked_style(feedback) or style
    task = _task(categories, style, brief, small=model.low_confidence)
    request = told(brief, model.low_confidence)
    means = "" if model.low_confidence and style == "comprehensive" else MEANS[style]
    found = await model.at("planning").ask(
        task, 480 if model.low_confidence else 620, request=request, wish=feedback.strip(), style=means
    )
    kind = kind_by_rule(brief) if model.low_confidence else kind_of(str(found.kind), brief)
    what = sentence(str(found.what), 500)
    if not what or lost(task_of(brief.task), what) or foreign_names(what, known(brief)):
        what = sentence(brief.refined or brief.task, 600)
    title = phrase(str(found.title), 60) or clip(task_of(brief.task), 60)
    return Plan(
        name=free_name(_settled_name(settled, feedback) or short_slug(str(found.name), title), taken),
        title=capital(title),
        description=_settled_description(settled, feedback) or _description(what, str(found.use_when), brief),
        category=category or _shelf(str(found.category), categories),
        triggers=_triggers(found.triggers, brief, model.low_confidence),
        non_triggers=distinct(_orders(found.non_triggers, brief), [brief.task, *found.triggers])[:2],
        outline=CORE,
        requires=await _required(model, request, brief, skills),
        shelf="" if category else str(found.category),
        placed_by_person=bool(category),
        success_criteria=_criteria(brief, found.success_criteria, model.low_confidence),
        key_assumptions=[*_phrases(found.key_assumptions, brief, 3), *_beside(brief)],
        style=style,
        kind=kind,
        files=[] if model.low_confidence else files_of(_file_items(found), style, kind, brief),
    )


def _file_items(found: dspy.Prediction) -> Sequence[FileItem]:
    return found.get("files") or []


def _beside(brief: Brief) -> list[str]:
    """That the library has nearly the same: an assumption that a person must be able to object to."""
    near = near_duplicates(brief.research)[:MOST_BESIDE]
    return [f"The library has {hit.name} for nearly the same; this one is for what that one leaves out" for hit in near]


async def _required(model: LanguageModel, request: str, brief: Brief, skills: Collection[str]) -> list[str]:
    """The skills that the new one builds on: only those whose whole names the person said are put before the model.

    A small model is not asked: what the person named with its hyphens is meant, the rest is not.
    """
    heard = folded(known(brief))
    named = [name for name in sorted(skills) if _says(heard, name)]
    if not named or model.low_confidence:
        return [name for name in named if "-" in name and name in heard][:MOST_REQUIRED]
    found = await model.at("dependencies").ask(ChooseRequired, 80, request=request, skills=listed(named))
    return [name for name in named if name in found.requires][:MOST_REQUIRED]


def _says(heard: str, name: str) -> bool:
    """Whether all words of a name are said side by side."""
    return f" {name.replace('-', ' ')} " in f" {' '.join(words(heard))} "


def _settled_name(settled: Proposal | None, feedback: str) -> str | None:
    """What a person last said on the name; None when the model is to find one."""
    wanted = asked_name(feedback)
    if wanted:
        return slug(wanted)
    return legal_name(settled.name) if settled and settled.name and not _ON_NAME.search(feedback) else None


def _settled_description(settled: Proposal | None, feedback: str) -> str | None:
    return legal_description(settled.description) if settled and not _ON_DESCRIPTION.search(feedback) else None


def short_slug(proposed: str, otherwise: str) -> str:
    """A legal name of at most five words from a model's proposal, or from `otherwise`."""
    words = re.findall(r"[\w']+", phrase(re.sub(r"[-_]+", " ", proposed)) or otherwise)
    return slug(" ".join(words[:5]))


def _task(categories: Sequence[str], style: Style, brief: Brief, *, small: bool) -> type[Task]:
    """What is asked: of a capable model also the kind, and the files where they may be needed."""
    task = _on_shelves(categories)
    if not small:
        task = task.append("kind", _KIND, type_=str)
    if not small and may_need_files(style, brief):
        task = task.append("files", _FILES, type_=list[FileItem])
    return task


def _on_shelves(categories: Sequence[str]) -> type[Task]:
    """The task with the library's own shelves as the only choices; any word goes while there are none."""
    field = dspy.OutputField(desc="the shelf that fits best: " + (", ".join(categories) or "one word"), max_length=40)
    if categories:
        field.json_schema_extra["enum"] = list(categories)
    task: type[Task] = PlanSkill.delete("category").append("category", field, type_=str)
    return task


def _shelf(proposed: str, categories: Sequence[str]) -> str:
    """A shelf that exists, or the first one."""
    if proposed in categories:
        return proposed
    return categories[0] if categories else ANYWHERE


def _description(what: str, use_when: str, brief: Brief) -> str:
    """What and when, within the format's 1,024 characters; the request's own words where the model had none."""
    when = phrase(use_when, 300)
    for lead in ("use this skill when ", "use it when ", "use when ", "when "):
        if when.casefold().startswith(lead):
            when = when[len(lead) :]
    if not is_useful(when) or foreign_names(when, known(brief)):
        task = task_of(brief.task)
        when = f"the task is to {task[0].lower()}{task[1:]}"[:400]
    return f"{what} Use when {when[0].lower()}{when[1:]}.".replace("<", "").replace(">", "")


def _triggers(proposed: Sequence[str], brief: Brief, small: bool) -> list[str]:
    """The model's messages, or the task: always with a small one, which tends to name parts of it.

    Never the bare request: the skill quotes it already.
    """
    task = task_of(brief.task)
    own = distinct(_orders(proposed, brief), [brief.task])[:3]
    whole = f"Please {task[:1].lower()}{task[1:]}"
    return distinct([whole, *own])[:3] if small or not own else own


def _orders(items: Sequence[str], brief: Brief) -> list[str]:
    """Proposed messages that are long enough to be one."""
    return [item for item in _phrases(items, brief, 4) if len(item.split()) >= FEWEST_WORDS]


def _phrases(items: Sequence[str], brief: Brief, most: int) -> list[str]:
    """Useful, different, and naming nothing that the person did not."""
    heard = known(brief)
    own = [item for item in items if not foreign_names(item, heard) and not cites(item, heard)]
    return distinct(capital(phrase(item, 140)) for item in own)[:most]


def _criteria(brief: Brief, proposed: Sequence[str], small: bool) -> list[str]:
    """What code can check, or the request's conditions, then the model's own: a small one's only without those."""
    certain = criteria_of(facts_of(said(brief)))
    own = [phrase(item) for item in requirements_of(brief.task)] if not certain else []
    new = [item for item in _phrases(proposed, brief, 3) if not restates(item, brief.task)]
    known_ones = [*certain, *own]
    return distinct(known_ones if small and known_ones else [*known_ones, *new])[:8]
