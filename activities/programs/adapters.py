"""How a task becomes messages. Must not call a model by itself.

What is the same in many calls comes first, so that a server that keeps prompt prefixes reads it once: the role, then
the request with its sources, which is by far the longest part; then what belongs to the task alone. `FullAdapter` says
the task in dspy's own words and suits every provider. `ShortAdapter` is for the small local model, which reads some 56
tokens a second: the form is left to the schema that constrains generation.
"""

import re
import textwrap
from functools import lru_cache

import dspy

from activities.programs.task import KNOWN, Task

ROLE = "You help to write Agent Skills: short Markdown guides that tell an AI agent how to do one kind of task well."


_MARK = re.compile(r"\[\[\s{0,8}##")
"""How a field begins in dspy's layout."""

SHARED = "request"
"""The input that most tasks begin with, and that is the same in all of a job's."""


class FullAdapter(dspy.JSONAdapter):  # type: ignore[misc]  # dspy ships no types
    """dspy's own words. Of a task that begins with the shared request they stand behind its inputs: in dspy's order,
    with the task first, no two tasks of a job begin alike. What they say depends on the task alone, and is made once.
    """

    def format_system_message(self, signature: type[Task]) -> str:
        """The same for every task with the shared request; building dspy's takes 2 ms."""
        return ROLE if _begins_shared(signature) else _in_full(signature)  # type: ignore[arg-type]  # see `_in_full`

    def format_user_message_content(
        self,
        signature: type[Task],
        inputs: dict[str, object],
        prefix: str = "",
        suffix: str = "",
        main_request: bool = False,
    ) -> str:
        """dspy's layout; no input can look like the mark at which another field begins."""
        plain = {
            name: _MARK.sub("[ [ ##", value) if isinstance(value, str) else value for name, value in inputs.items()
        }
        if _begins_shared(signature):
            told = super().format_user_message_content(signature, plain, prefix, suffix)
            asked = [_in_full(signature), self.user_message_output_requirements(signature)]  # type: ignore[arg-type]
            return "\n\n".join([told, *asked])
        words: str = super().format_user_message_content(signature, plain, prefix, suffix, main_request)
        return words


def _begins_shared(signature: type[Task]) -> bool:
    return next(iter(signature.input_fields), "") == SHARED


@lru_cache(maxsize=KNOWN)
def _in_full(signature: type[Task]) -> str:
    """A class is hashable, though mypy, which looks at its instances, does not see it."""
    words: str = dspy.JSONAdapter().format_system_message(signature)
    return words


class ShortAdapter(dspy.JSONAdapter):  # type: ignore[misc]  # dspy ships no types
    """Inputs, instruction, what each output field is; no schema in words. Inputs that many tasks share come first."""

    def format_system_message(self, signature: type[Task]) -> str:  # noqa: ARG002  # the signature is dspy's
        """The same for every task, so that it is read once."""
        return ROLE

    def format_user_message_content(
        self,
        signature: type[Task],
        inputs: dict[str, object],
        prefix: str = "",  # noqa: ARG002
        suffix: str = "",  # noqa: ARG002
        main_request: bool = False,  # noqa: ARG002
    ) -> str:
        """`prefix`, `suffix` and `main_request` are dspy's; no task here has demonstrations or a history."""
        heading = re.compile(rf"(?m)^(?=(?:{'|'.join(map(str.upper, signature.input_fields))}):\s*$)")
        texts = {name: heading.sub(" ", str(inputs.get(name) or "")) for name in signature.input_fields}
        given = [f"{name.upper()}:\n{text}" for name, text in texts.items() if text]
        wanted = [f"- {name}: {field.json_schema_extra['desc']}" for name, field in signature.output_fields.items()]
        asked = [textwrap.dedent(signature.instructions).strip(), "Answer as JSON with:\n" + "\n".join(wanted)]
        return "\n\n".join([*given, *asked] if _begins_shared(signature) else [*asked, *given])


class PlainAdapter(dspy.ChatAdapter):  # type: ignore[misc]  # dspy ships no types
    """A system message, a user message, and the whole reply as the answer: how an agent is really spoken to.

    Its tasks have the inputs `guidance` and `request` and the output `reply`.
    """

    def format_system_message(self, signature: type[Task]) -> str:
        """The instruction; `format` puts the guidance behind it."""
        return textwrap.dedent(signature.instructions).strip()

    def format(
        self,
        signature: type[Task],
        demos: list[dict[str, object]],  # noqa: ARG002  # the signature is dspy's
        inputs: dict[str, object],
    ) -> list[dict[str, str]]:
        """Two messages; `demos` is dspy's and always empty here."""
        system = self.format_system_message(signature)
        guidance = str(inputs.get("guidance") or "")
        return [
            {"role": "system", "content": f"{system}\n\n{guidance}".strip()},
            {"role": "user", "content": str(inputs["request"])},
        ]

    def parse(self, signature: type[Task], completion: str) -> dict[str, str]:  # noqa: ARG002
        """Never fails: whatever the agent said is its reply."""
        return {"reply": completion}
