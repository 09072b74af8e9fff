"""The description of a written skill, changed where feedback is about it. Must touch nothing below the frontmatter."""

import re

import dspy

from activities.programs.context import known, told
from activities.programs.language_model import LanguageModel
from activities.programs.prose import cites, foreign_names, is_useful
from activities.programs.task import Task
from domain.answering.proposals import description_findings
from domain.brief import Brief
from domain.errors import SkillFileError
from domain.manuscript import Revised
from domain.skill_file import frontmatter_of, parse, with_frontmatter

_ABOUT = re.compile(r"\b(?:the|its|skill's|this)\s+description\b(?!\s+of\s+(?!(?:the|this)\s+skill\b))", re.IGNORECASE)
"""Feedback on the skill's own description, not on the description of something in it."""


class Redescribe(Task):
    """Rewrite the description of this skill so that the feedback is met. It is all an agent sees when it decides
    whether to read the skill: what it does, and when to use it. Keep what the feedback does not touch."""

    request: str = dspy.InputField(desc="what the author asked for, answers, sources as data")
    present: str = dspy.InputField(desc="the description as it stands")
    feedback: str = dspy.InputField(desc="what must change now")
    missed: str = dspy.InputField(desc="what the last attempt at this missed; may be empty")
    description: str = dspy.OutputField(
        desc="one sentence on what the skill does, in the third person, then a sentence that begins with 'Use when'",
        max_length=600,
    )


def is_about_description(feedback: str) -> bool:
    """Whether feedback wants the skill's description changed."""
    return _ABOUT.search(feedback) is not None


async def redescribe(model: LanguageModel, brief: Brief, content: str, feedback: str, missed: str = "") -> Revised:
    """The skill under a description that meets the feedback; as it was where it is unreadable or the model's breaks
    a rule."""
    try:
        front = frontmatter_of(parse(content.encode("utf-8", "replace")))
    except SkillFileError:
        return Revised(content=content)
    found = await model.at("rewriting the description").ask(
        Redescribe,
        260,
        request=told(brief, model.low_confidence),
        present=front.description,
        feedback=feedback,
        missed=missed,
    )
    text = " ".join(str(found.description).split())
    heard = "\n".join([known(brief), feedback, content])
    usable = is_useful(text) and not description_findings(text) and not cites(text, heard)
    if not usable or (model.low_confidence and foreign_names(text, heard)):
        return Revised(content=content)
    changed = with_frontmatter(content, front.model_copy(update={"description": text}))
    return Revised(content=changed, changes=["Frontmatter: the description is rewritten."])
