"""The request sharpened, with first proposals for name and description."""

import re

import dspy

from activities.programs.context import told
from activities.programs.facts import lost, task_of
from activities.programs.language_model import LanguageModel
from activities.programs.plan import short_slug
from activities.programs.prose import is_useful, sentence
from activities.programs.task import Task
from domain.answering.proposals import asked_description, without_asked
from domain.brief import Brief, Refinement
from domain.names import asked_name, slug
from domain.rules.format_rules import MAX_DESCRIPTION

_TAGS = re.compile(r"</?[A-Za-z][^<>]*>")
_MARKS = re.compile(r"[<>]")
"""Markup in a description is refused by some platforms."""


class RefineRequest(Task):
    """Say the request as one clear instruction to a skilled colleague. Keep every fact, number and name in it; add
    none. Then propose a name and a description for a skill that does this kind of task."""

    request: str = dspy.InputField(desc="what a person asked for, with sources as data")
    task_description: str = dspy.OutputField(desc="the instruction, one or two sentences", max_length=400)
    name: str = dspy.OutputField(desc="two to four lower-case words joined by hyphens, verb first", max_length=40)
    description: str = dspy.OutputField(
        desc="one sentence on what the skill does, in the third person, then a sentence that begins with 'Use when'",
        max_length=220,
    )


async def refine(model: LanguageModel, brief: Brief) -> Refinement:
    """The sharpened request, with a legal name and description: of what the person asked for, else of the model's.

    A rewording that lost a fact is not used: the request itself stands then.
    """
    found = await model.at("refining the request").ask(RefineRequest, 240, request=told(brief, model.low_confidence))
    reworded = str(found.task_description).strip()
    usable = is_useful(reworded) and not lost(brief.task, reworded)
    asked = asked_name(brief.task)
    return Refinement(
        task_description=reworded if usable else brief.task.strip(),
        name=slug(asked) if asked else short_slug(str(found.name), task_of(brief.task)),
        description=described(asked_description(brief.task) or str(found.description), brief),
    )


def described(proposed: str, brief: Brief) -> str:
    """A description that says what and when within the format's bounds, from the proposal or from the request."""
    when = f" Use when the task is to {_infinitive(brief)}."
    room = MAX_DESCRIPTION - len(when)
    what = sentence(_MARKS.sub("", _TAGS.sub("", proposed)), room) or sentence(
        _MARKS.sub("", brief.refined or without_asked(brief.task)), room
    )
    return what if "use when" in what.casefold() else f"{what}{when}"


def _infinitive(brief: Brief) -> str:
    task = _MARKS.sub("", task_of(brief.task))
    return (task[0].lower() + task[1:])[:300] if task else "do this"
