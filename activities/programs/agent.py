"""The agent on trial: it answers a case's prompt as it would for a user, with the skill or without."""

import dspy

from activities.programs.language_model import LanguageModel
from activities.programs.task import Task
from domain.evaluation import EvaluationCase

SMALL_TOKENS = 220
TOKENS = 1_200
"""The longest answer. The small local model writes some 20 tokens a second, and a case runs in two arms."""


class DoTask(Task):
    """You are an assistant. Do the task with what you are given and hand over the finished result; do not ask back."""

    guidance: str = dspy.InputField(desc="a skill, or nothing")
    request: str = dspy.InputField(desc="what the user says")
    reply: str = dspy.OutputField(desc="the answer")


async def try_case(model: LanguageModel, case: EvaluationCase, skill: str | None) -> str:
    """The agent's answer, verbatim, "" if it said nothing. `skill`: the text of a SKILL.md, or None for the control."""
    guidance = f"Follow this skill:\n\n{skill.strip()}" if skill else ""
    arm = "with the skill" if skill else "without the skill"
    most = SMALL_TOKENS if model.low_confidence else TOKENS
    return await model.at(f"{case.id} {arm}").say(DoTask, most, guidance=guidance, request=case.prompt)
