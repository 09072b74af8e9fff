"""What a provider says an answer used, so that it can be counted with.

dspy 3.4.1 loses a whole answer, which was paid, for one count that is none. Must not guess: no count means unknown.
"""

import json
import math

from pydantic import JsonValue

MOST = 2**31 - 1
"""Tokens that the column of one call can hold (PostgreSQL's integer); no answer comes near."""

_DIGITS = 20
"""Python refuses to read integers of more than 4,300 digits; from this length on a float says enough."""

_PLACES = frozenset({"usage", "usageMetadata"})
"""Where usage stands in a document or event: OpenAI's and Anthropic's name for it, and Gemini's."""


def count(told: object) -> int | None:
    """The number of tokens, None if this is no such number: whole, not negative, and small enough to be stored."""
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 <= told <= MOST:
        return None
    return int(told) if told == int(told) else None


def price(told: object) -> float | None:
    """What a call cost in US dollars, by LiteLLM's price table, of which dspy brings its own copy; None: unknown.

    dspy 3.4.1 prices what its own client asked without importing LiteLLM. 0 is a price: some models are free.
    """
    if isinstance(told, bool) or not isinstance(told, int | float) or not math.isfinite(told) or told < 0:
        return None
    return float(told)


def with_counts(document: bytes) -> bytes:
    """A provider's JSON document with null, which dspy takes as unknown, for each count of its usage that is none.

    Whatever else it is, it comes back as it is.
    """
    if b"usage" not in document:
        return document
    try:
        told: JsonValue = json.loads(document.decode(errors="replace"), parse_int=_number)
    except (ValueError, RecursionError):
        return document
    if not isinstance(told, dict):
        return document
    counted = {name: _counts(value) if name in _PLACES else value for name, value in told.items()}
    return document if counted == told else json.dumps(counted).encode()


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) < _DIGITS else float(digits)


def _counts(usage: JsonValue) -> JsonValue:
    return {name: _counted(name, told) for name, told in usage.items()} if isinstance(usage, dict) else None


def _counted(name: str, told: JsonValue) -> JsonValue:
    """One value of a usage: details (an object, with Gemini a list of them), a count, or what is not about tokens."""
    if name.endswith("_details"):
        return _counts(told)
    if name.endswith("Details"):
        return [_counts(part) for part in told if isinstance(part, dict)] if isinstance(told, list) else None
    return told if "token" not in name.lower() or count(told) is not None else None
