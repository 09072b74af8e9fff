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


MOST_LOOKED_UP = 3


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


_LOOK_UP = dspy.OutputField(
    desc="what to search for in the library of skills and in the sources before asking the person anything, two to"
    " four words each: what the request takes for granted; empty when nothing is",
    max_length=MOST_LOOKED_UP,
)
RefineAndLookUp = RefineRequest.append("look_up", _LOOK_UP, type_=list[str])
"""The same, and what a capable model would look up; the small one is asked for as little as can be."""


async def refine(model: LanguageModel, brief: Brief) -> Refinement:
    """The sharpened request, with a legal name and description: of what the person asked for, else of the model's.

    A rewording that lost a fact is not used: the request itself stands then.
    """
    small = model.low_confidence
    task = RefineRequest if small else RefineAndLookUp
    found = await model.at("refining the request").ask(task, 240 if small else 300, request=told(brief, small))
    reworded = str(found.task_description).strip()
    usable = is_useful(reworded) and not lost(brief.task, reworded)
    asked = asked_name(brief.task)
    return Refinement(
        task_description=reworded if usable else brief.task.strip(),
        name=slug(asked) if asked else short_slug(str(found.name), task_of(brief.task)),
        description=described(asked_description(brief.task) or str(found.description), brief),
        look_up=[] if small else [str(text) for text in found.look_up][:MOST_LOOKED_UP],
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
