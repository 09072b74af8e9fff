"""What a person answers to a prompt, as planned. Decides; sends nothing."""

from dataclasses import dataclass

from pydantic import JsonValue

from domain.prompt import YOU_DECIDE, HitlType, PromptAction
from tests.chaos.plans import QUESTIONS, Plan

Json = dict[str, JsonValue]

BROKEN = "---\nname: {name}\n---\n\n# A broken skill\n\n## Quick Start\n\n- This text has no description on top.\n"
"""No validation lets a skill without a description pass."""

MOST_MENDINGS = 3
"""A stand-in may write what validation refuses again and again: then people let it stand, with a reason."""


@dataclass(frozen=True)
class Open:
    """An open prompt, as the api shows it."""

    interaction_id: str
    kind: HitlType
    round: int
    data: Json
    skill: str
    """The name of the skill, as far as it is known."""


@dataclass
class Person:
    """One plan, and how far it has come."""

    plan: Plan
    changed: int = 0
    mended: int = 0
    good: str = ""
    """The last text that was shown and not broken on purpose."""
    broke: bool = False

    def answer(self, prompt: Open) -> Json:
        """Action and fields, without the words by which the ledger knows the answer."""
        if prompt.kind in QUESTIONS:
            questions = prompt.data["questions"]
            assert isinstance(questions, list)
            named = [str(question["id"]) for question in questions if isinstance(question, dict)]
            return {"action": PromptAction.PROCEED, "answers": dict.fromkeys(named, YOU_DECIDE)}
        if prompt.kind is HitlType.PREVIEW:
            return self._previewed(prompt)
        if prompt.kind is HitlType.VALIDATE:
            return self._refused(prompt)
        if prompt.kind is HitlType.BUDGET:
            return {"action": self.plan.on_budget if prompt.round == 1 else PromptAction.RAISE}
        if prompt.kind is HitlType.CONFIRM and prompt.round <= self.plan.sent_back:
            return {"action": PromptAction.REVISE}
        return {"action": PromptAction.ACCEPT if prompt.kind is HitlType.STRUCTURE_FIX else PromptAction.PROCEED}

    def _previewed(self, prompt: Open) -> Json:
        content = str(prompt.data["content"])
        if not self.broke:
            self.good = content
        if self.changed == len(self.plan.changes):
            return {"action": PromptAction.PROCEED}
        change = self.plan.changes[self.changed]
        self.changed += 1
        if change == "revise":
            return {"action": PromptAction.REVISE}
        if change == "edit":
            return {"action": PromptAction.EDIT, "content": f"{content}\nOne line by hand, for good measure.\n"}
        self.broke = True
        return {"action": PromptAction.EDIT, "content": BROKEN.format(name=prompt.skill)}

    def _refused(self, prompt: Open) -> Json:
        self.mended += 1
        self.broke = False
        action = self.plan.mending if self.mended < MOST_MENDINGS else PromptAction.WAIVE
        if action is PromptAction.EDIT and self.good and self.mended == 1:
            return {"action": action, "content": self.good}
        return {"action": PromptAction.REVISE if action is PromptAction.EDIT else action}
