"""The agent on trial: it answers a case's prompt as it would for a user, with the skill or without."""

from collections.abc import Mapping

import dspy

from activities.programs.language_model import LanguageModel, Spoken
from activities.programs.task import Task
from domain.evaluation import EvaluationCase

SMALL_TOKENS = 220
TOKENS = 1_200
"""The longest answer. The small local model writes some 20 tokens a second, and a case runs in two arms."""

READ = 30_000
SMALL_READ = 4_000
"""Characters of the files beside a SKILL.md that the agent is shown: it cannot open them, so it gets them at once."""


class DoTask(Task):
    """You are an assistant. Do the task with what you are given and hand over the finished result; do not ask back."""

    guidance: str = dspy.InputField(desc="a skill, or nothing")
    request: str = dspy.InputField(desc="what the user says")
    reply: str = dspy.OutputField(desc="the answer")


async def try_case(
    model: LanguageModel, case: EvaluationCase, skill: str | None, beside: Mapping[str, str] | None = None
) -> Spoken:
    """The agent's answer, verbatim, "" if it said nothing, and what it took.

    `skill`: the text of a SKILL.md, or None for the control. `beside`: its references by path. Both stand before the
    case, in the same words for every case, so that a provider reads them once.
    """
    most, read = (SMALL_TOKENS, SMALL_READ) if model.low_confidence else (TOKENS, READ)
    guidance = f"Follow this skill:\n\n{skill.strip()}{_resources(beside or {}, read)}" if skill else ""
    arm = "with the skill" if skill else "without the skill"
    return await model.at(f"{case.id} {arm}").spoken(DoTask, most, guidance=guidance, request=case.prompt)


def _resources(beside: Mapping[str, str], most: int) -> str:
    """The files by path, each between its labels, as far as they fit; nothing when there are none."""
    left, told = most, []
    for path in sorted(beside):
        text = beside[path].strip()[:left]
        left -= len(text)
        told += [f'<resource path="{path}">\n{text}\n</resource>'] if text else []
    return "\n\n".join(["\n\nThe files that it refers to:", *told]) if told else ""
