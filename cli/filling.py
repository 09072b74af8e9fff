"""An answer while a person fills it in: what was said, what is open, the way back. Must not ask and must not send.

The steps are the choice of an action, where the prompt leaves one, and then the fields of that action.
"""

from collections.abc import Collection

from pydantic import JsonValue

from cli import prompts
from domain.answering.forms import FormField, actions, fields, gathered, value_in
from domain.prompt import YOU_DECIDE, AnswerDraft, AnswerRequest, PromptAction, PromptView

ACTION = "action"
"""The step that chooses what to do."""

CONTENT = "content"
"""The field that holds a whole edited text."""


class Filling:
    """One answer to one prompt."""

    def __init__(self, prompt: PromptView) -> None:
        """Begin with what was kept as a draft."""
        self.prompt = prompt
        self.legal = actions(prompt.form or {})
        self._fields = {field.name: field for field in fields(prompt.form or {})}
        self._at_once = prompt.hitl_type in prompts.QUESTION_KINDS
        self._action: PromptAction | None = PromptAction.PROCEED if self._at_once else None
        self._said: dict[str, JsonValue] = {}
        self._settled: set[str] = set()
        draft = prompt.draft.model_dump() if prompt.draft else {}
        self._kept = {name: value_in(field, draft) for name, field in self._fields.items()}

    @property
    def steps(self) -> list[str]:
        """Names of the steps, in order, as far as they are known."""
        asked = [field.name for field in self._fields.values() if self._action in field.actions]
        return asked if self._at_once else [ACTION, *asked]

    def next(self) -> str | None:
        """The first step that is open; None when the answer is whole."""
        return next((step for step in self.steps if step not in self._settled), None)

    def field(self, step: str) -> FormField:
        """The field behind a step that is not the action."""
        return self._fields[step]

    def place(self, step: str) -> str:
        """`2/3`: where a field stands among the fields."""
        names = [name for name in self.steps if name != ACTION]
        return f"{names.index(step) + 1}/{len(names)}"

    def kept(self, step: str) -> JsonValue:
        """What was said before or elsewhere, else what the form proposes; None for nothing."""
        field = self._fields[step]
        told = (self._said.get(step), self._kept.get(step), field.default)
        return next((value for value in told if value is not None), None)

    def choose(self, action: PromptAction) -> None:
        """Settle the action."""
        self._action = action
        self._settled.add(ACTION)

    def say(self, step: str, value: JsonValue) -> None:
        """Settle a field; None leaves it out."""
        self._said[step] = value
        self._settled.add(step)

    def back(self, step: str) -> bool:
        """Open the step before this one; False when there is none."""
        before = self.steps[: self.steps.index(step)]
        if not before:
            return False
        self._settled.discard(before[-1])
        return True

    def refused(self, names: Collection[str]) -> bool:
        """Open what the api refused, `answers` standing for all of them; False when nothing can be asked again."""
        wrong = {step for step in self.steps if step in names or step.partition(".")[0] in names}
        for name in wrong:
            self._kept[name] = None
            self._said.pop(name, None)
        self._settled -= wrong
        return bool(wrong)

    def request(self) -> AnswerRequest:
        """The whole answer."""
        assert self._action is not None
        said = gathered({name: value for name, value in self._said.items() if name in self.steps})
        return AnswerRequest.model_validate(
            {"interaction_id": self.prompt.interaction_id, "action": self._action, **said}
        )

    def own_words(self) -> bool:
        """True when a text was written that is worth keeping."""
        free = [self._fields[name].kind in ("text", "long_text") for name, said in self._said.items() if _written(said)]
        return any(free)

    def draft(self, step: str | None = None, unfinished: str = "") -> AnswerDraft | None:
        """What was said so far, with what was being typed at a step; None when there is nothing to keep."""
        said = dict(self._said)
        if step in self._fields and self._fields[step].kind in ("text", "long_text") and unfinished.strip():
            said[step] = unfinished
        kept = {name: value for name, value in gathered(said).items() if name in AnswerDraft.model_fields}
        return AnswerDraft.model_validate(kept) if kept else None


def _written(value: JsonValue) -> bool:
    return isinstance(value, str) and value != YOU_DECIDE
