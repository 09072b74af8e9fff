"""What a model writes, while it writes: dspy's stream, made readable for people and slow enough for the database.

The lane may lose everything; the answer may not: nothing that goes wrong here touches the call. Must not know who is
shown the text.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from dspy.utils import exceptions as dspy_errors
from pydantic import JsonValue
from pydantic_core import from_json

PAUSE = 0.25
"""Seconds between two looks at one call: four a second read like writing, more would only load the database."""

GRACE = 0.2
"""Seconds that the last look may still take: breaking off a transaction costs its connection."""

MOST_SHOWN = 200_000
"""Characters of one call that are shown, three times what 16,000 tokens are: a flood is no reading."""

Show = Callable[[str], Awaitable[None]]
"""Shows people the text so far."""


class _Delta(Protocol):
    content: str | None


class _Choice(Protocol):
    delta: _Delta


class Chunk(Protocol):
    """A part of a stream as dspy passes it on, from its own engine."""

    choices: list[_Choice]


class Lane:
    """What dspy sends its chunks to. Never waits for who looks on: while one look is shown, newer ones are skipped."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._text = ""
        self._next = 0.0
        self._showing: asyncio.Task[None] | None = None

    async def send(self, chunk: Chunk) -> None:
        """Take the next chunk; dspy calls this."""
        if len(self._text) > MOST_SHOWN:
            return
        self._text += "".join(choice.delta.content or "" for choice in chunk.choices)
        now = time.monotonic()
        if now < self._next or (self._showing is not None and not self._showing.done()):
            return
        if seen := readable(self._text):
            self._next = now + PAUSE
            self._showing = asyncio.create_task(self._shown(seen))

    async def close(self) -> None:
        """The call has ended: soon nothing of it is shown any more."""
        if self._showing is not None:
            _, late = await asyncio.wait([self._showing], timeout=GRACE)
            for look in late:
                look.cancel()

    async def _shown(self, text: str) -> None:
        await self._show(text)


def readable(text: str) -> str:
    """The written words of a JSON answer that is not finished, a line for each text in it; "" while there are none."""
    start = text.find("{")
    if start < 0:
        return text
    try:
        found: JsonValue = from_json(text[start:], allow_partial="trailing-strings")
    except ValueError:
        return ""
    return "\n".join(words for words in _texts(found) if words.strip())


def _texts(value: JsonValue) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for item in inner for text in _texts(item)]


def refuses_stream(error: dspy_errors.LMError) -> bool:
    """Whether the refusal may be about streaming: of the request itself, or one that names streams. It was not paid."""
    if isinstance(error, dspy_errors.ContextWindowExceededError | dspy_errors.LMUnsupportedModelError):
        return False
    if isinstance(error, dspy_errors.LMInvalidRequestError | dspy_errors.LMUnsupportedFeatureError):
        return True
    named = isinstance(error, dspy_errors.LMServerError) and "stream" in error.message.casefold()
    return named or error.status in (405, 406, 415, 501)
