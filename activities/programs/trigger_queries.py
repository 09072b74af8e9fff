"""Messages of users on which a description is tried: half should make an agent choose the skill, half only look so.

No message names the skill, and none is a copy of the request or of the description: it would be found by its words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import dspy

from activities.programs.context import as_data, known, told
from activities.programs.language_model import LanguageModel
from activities.programs.prose import distinct, phrase
from activities.programs.task import Task
from activities.programs.together import together
from domain.brief import Brief, Plan
from domain.evidence.triggers import OF_A_KIND
from domain.rules.neighbours import Neighbour

FEWEST_WORDS, MOST_CHARACTERS = 3, 300
"""Bounds of a message."""

TOKENS = 900


class WriteQueries(Task):
    """Invent messages that users send to an AI agent when they need exactly what this skill does. Make them as varied
    as people are: curt and long, polite and hurried, with a file name, a number or a slip of the pen. Some users do not
    know the skill's own words and tell of their trouble instead. Every message is complete, wants something done, and
    is one that this skill answers better than any of its neighbours. Never mention skills, nor this one's name."""

    request: str = dspy.InputField(desc="what the author of the skill asked for, answers, sources as data")
    skill: str = dspy.InputField(desc="its description")
    neighbours: str = dspy.InputField(desc="other skills that the agent has; may be empty")
    present: str = dspy.InputField(desc="messages that are there already; write others")
    wanted: list[str] = dspy.OutputField(desc="messages of one or two sentences", min_length=10, max_length=12)


class WriteNearMisses(Task):
    """Invent messages of users that look as if they needed this skill and do not. They share its words, its files or
    its subject, but what the user wants done is the work of one of the neighbours, or of no skill: another step,
    another kind of result, a question about the subject instead of the task. A reader who goes by words alone would be
    fooled by each; one who asks what the user wants done would not. Nothing absurd and nothing far away: that would
    prove nothing. Every message is complete and real. Never mention skills, nor this one's name."""

    request: str = dspy.InputField(desc="what the author of the skill asked for, answers, sources as data")
    skill: str = dspy.InputField(desc="its description")
    neighbours: str = dspy.InputField(desc="other skills that the agent has; may be empty")
    present: str = dspy.InputField(desc="messages that are there already; write others")
    near_misses: list[str] = dspy.OutputField(desc="messages of one or two sentences", min_length=10, max_length=12)


async def write_queries(
    model: LanguageModel, brief: Brief, plan: Plan, neighbours: Sequence[Neighbour]
) -> tuple[list[str], list[str]]:
    """Messages that should make the agent choose the skill, and near misses that should not: at most ten of each.

    Where the model has too few it is asked once more, then the plan's own are taken; fewer are honest.
    """
    author = _Author(model, brief, plan, neighbours)
    should, should_not = await together(
        author.written(WriteQueries, "wanted", plan.triggers),
        author.written(WriteNearMisses, "near_misses", plan.non_triggers),
    )
    # Near misses that are nearly one that should trigger would make every description fail.
    return should, distinct(should_not, should)


@dataclass(frozen=True)
class _Author:
    model: LanguageModel
    brief: Brief
    plan: Plan
    neighbours: Sequence[Neighbour]

    async def written(self, task: type[Task], field: str, planned: Sequence[str]) -> list[str]:
        """Usable messages of one kind, the model's before the plan's."""
        first = await self._asked(task, field, planned, "messages")
        kept = self._usable(first, ())
        if len(kept) < OF_A_KIND:
            kept += self._usable(await self._asked(task, field, [*planned, *kept], "more messages"), kept)
        return [*kept, *self._usable(planned, kept)][:OF_A_KIND]

    async def _asked(self, task: type[Task], field: str, present: Sequence[str], label: str) -> Sequence[str]:
        found = await self.model.at("writing queries", label).ask(
            task,
            TOKENS,
            0.8,
            request=told(self.brief, self.model.low_confidence),
            skill=as_data(self.plan.description),
            neighbours="\n".join(
                f"- {item.name}: {' '.join(as_data(item.description).split())}" for item in self.neighbours
            ),
            present="\n".join(f"- {text}" for text in present),
        )
        proposed: Sequence[str] = found[field]
        return proposed

    def _usable(self, proposed: Sequence[str], kept: Sequence[str]) -> list[str]:
        told_all = [known(self.brief), self.plan.description, *(item.description for item in self.neighbours)]
        heard = " ".join(" ".join(told_all).casefold().split())
        texts = [phrase(text, MOST_CHARACTERS) for text in proposed]
        own = [text for text in texts if len(text.split()) >= FEWEST_WORDS and not names_it(text, self.plan.name)]
        return distinct((text for text in own if text.casefold() not in heard), kept)


def names_it(text: str, name: str) -> bool:
    """Whether a message names the skill: its name with the hyphens, or its words beside the word "skill"."""
    plain = re.escape(name).replace(r"\-", r"[\s-]+")
    patterns = [rf"(?:skill|/)\W{{0,3}}{plain}\b", rf"\b{plain}\W{{0,3}}skill"]
    hyphened = [rf"(?<![\w-]){re.escape(name)}(?![\w-])"] if "-" in name else []
    return any(re.search(pattern, text, re.IGNORECASE) for pattern in [*patterns, *hyphened])
