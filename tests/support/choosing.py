"""An agent for the stand-in provider that chooses a skill by the words a message shares with each description."""

import re
from collections.abc import Callable, Mapping

from pydantic import JsonValue

from tests.support.provider_models import ChatRequest

_ENTRY = re.compile(r"^- ([\w-]+): (.*)$", re.MULTILINE)
_CONTROL = re.compile(r"Use the skill ([\w-]+) for this, and no other")


def section(request: ChatRequest, name: str) -> str:
    """An input as dspy's adapters lay it out in the last message."""
    text = request.messages[-1].text
    found = re.search(
        rf"\[\[ ## {name} ## \]\]\n(.*?)(?=\n\n\[\[ ## |\n\nYour input fields|\n\nRespond with|\Z)", text, re.DOTALL
    )
    return found[1].strip() if found else ""


def offered(request: ChatRequest) -> dict[str, str]:
    """The skills that the agent is shown, in their order: name → description."""
    return dict(_ENTRY.findall(section(request, "skills")))


def words(text: str) -> set[str]:
    """The longer words of a text."""
    return set(re.findall(r"[a-z]{4,}", text.casefold()))


def by_words(least: int = 2) -> Callable[[ChatRequest], JsonValue]:
    """The skill that shares most words with the message, at least so many; the first by name of equals; else none."""

    def answer(request: ChatRequest) -> JsonValue:
        skills, message = offered(request), section(request, "message")
        control = _CONTROL.search(message)
        if control:
            return control[1]
        shared = {name: len(words(message) & words(said)) for name, said in skills.items()}
        best = max(sorted(shared), key=lambda name: shared[name])
        return best if shared[best] >= least else "none"

    return answer


def by_table(table: Mapping[str, str]) -> Callable[[ChatRequest], JsonValue]:
    """What the table has for the message; none for what it has not."""

    def answer(request: ChatRequest) -> JsonValue:
        control = _CONTROL.search(section(request, "message"))
        return control[1] if control else table.get(section(request, "message"), "none")

    return answer
