"""What is kept of how a model came to its answer, as the setting says. Must not store it."""

from pydantic import JsonValue

from domain.model_call import Trace, TraceMode
from domain.text import clean_json, clipped

SUMMARY = 2_000
"""Characters of the reasoning in a summary: its beginning, some thirty lines."""

FULL = 100_000
"""Characters of the reasoning, and of each message, in a full trace: more than the longest answer that is asked for."""


def reasoning_of(outputs: object) -> str:
    """What the model told of its thoughts beside each text of its answer: models that reason answer with objects."""
    found = outputs if isinstance(outputs, list) else []
    told = [output.get("reasoning_content") for output in found if isinstance(output, dict)]
    return "\n\n".join(str(text) for text in told if text)


def kept(mode: TraceMode, trace: Trace) -> Trace | None:
    """As much of it as is to be kept, fit for any store; None when that is nothing."""
    if mode == "off":
        return None
    reasoning = clean_json(clipped(trace.reasoning.strip(), SUMMARY if mode == "summary" else FULL))
    if mode == "full":
        messages: list[JsonValue] = [clean_json(_bounded(message)) for message in trace.messages or []]
        return Trace(reasoning=str(reasoning), messages=messages)
    return Trace(reasoning=str(reasoning)) if reasoning else None


def _bounded(value: JsonValue) -> JsonValue:
    """Every text in it clipped."""
    if isinstance(value, str):
        return clipped(value, FULL)
    if isinstance(value, list):
        return [_bounded(item) for item in value]
    return {name: _bounded(item) for name, item in value.items()} if isinstance(value, dict) else value
