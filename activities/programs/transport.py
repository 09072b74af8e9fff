"""dspy's connections, made safe against what a server sends.

Some servers ignore `stream: true` and send one JSON document, and some tell a usage that is none: dspy would drop those
answers, which were paid. A body without end would take all memory: each is counted as it comes, and broken off. What
LiteLLM asks goes over connections of its own, which this does not reach. Must not change anything of a request.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from dspy.utils.exceptions import LMError
from pydantic import JsonValue, ValidationError

from activities.programs.usage import with_counts
from domain.shape import Shape

PIECE = 4_000
"""Characters of a delta made of a whole answer; dspy refuses lines over 64 KB, and a character has up to 4 bytes."""

LONGEST_WHOLE = 2_000_000
"""Bytes of a whole answer. 16,000 tokens (the most we ask for), each 4 characters in JSON's longest escapes (12 bytes
for one), are 0.8 MB; read as Python objects, hostile JSON takes some 25 times its size."""

LONGEST_STREAM = 8_000_000
"""Bytes of a stream: 16,000 tokens, each an event of its own in an envelope of up to 500 bytes."""

MOST_EVENTS = 32_000
"""Events of a stream: two for each of 16,000 tokens. Reading one takes far more time and memory than its bytes do."""

LONGEST_REFUSAL = 64_000
"""Bytes of an error's body that are read: its status says what it is, its first words are shown."""


class OverlongAnswer(LMError):  # type: ignore[misc]  # dspy ships no types
    """The server answered with more than any answer has, and was cut off. The message goes on after "an answer".

    dspy hands on errors of its own kind as they are, so that this one is known again.
    """


class Engines(dict[object, Any]):  # dspy ships no types
    """dspy's store of engines, one for each event loop; what each receives goes through `Tolerant` first.

    dspy 3.4.1 takes a transport only with an engine of one's own, which would lose its choice between its own client
    and LiteLLM for each model.
    """

    def __setitem__(self, key: object, engine: Any) -> None:  # noqa: ANN401 - dspy's engine
        """Keep an engine, made tolerant."""
        router = getattr(engine, "router", None)
        if _loop_of(key) is not None and router is not None:
            router._transport = Tolerant(router._shared_transport())
        super().__setitem__(key, engine)


def _loop_of(key: object) -> object:
    """The event loop of an engine; None for one that blocks."""
    return key[0] if isinstance(key, tuple) else None


class Tolerant:
    """A transport whose bodies end, whose usage is counts or unknown, and whose streams are streams, even if the
    server answers with one whole completion.
    """

    def __init__(self, inner: Any) -> None:  # noqa: ANN401 - dspy's transport
        self._inner = inner

    @asynccontextmanager
    async def stream(self, request: Any) -> AsyncIterator[Any]:  # noqa: ANN401 - dspy's request and response
        """One exchange. Leaving it before the body's end closes the connection. Raises OverlongAnswer."""
        async with self._inner.stream(request) as response:
            if "," in ",".join(response.headers_all("content-encoding")):
                raise OverlongAnswer("was compressed more than once, so that a few bytes could fill all memory")
            yield _replayed(response, _body(request, response))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


def asks_for_stream(body: bytes) -> bool:
    """Whether this request wants its answer in parts."""
    if b'"stream"' not in body:
        return False
    with suppress(ValueError):
        asked = json.loads(body)
        return isinstance(asked, dict) and asked.get("stream") is True
    return False


class _Message(Shape):
    content: str | None = None


class _Whole(Shape):
    message: _Message
    finish_reason: str | None = None


class _Completion(Shape):
    choices: list[_Whole]
    usage: dict[str, JsonValue] | None = None


def as_events(body: bytes) -> list[bytes]:
    """A whole chat completion as the events of a stream; any other document as it is."""
    try:
        completion = _Completion.model_validate_json(body)
    except ValidationError:
        return [body]
    first = next(iter(completion.choices), _Whole(message=_Message()))
    text = first.message.content or ""
    pieces = [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
    deltas: list[JsonValue] = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces]
    end: JsonValue = {"index": 0, "delta": {}, "finish_reason": first.finish_reason or "stop"}
    last: dict[str, JsonValue] = {"choices": [end], "usage": completion.usage}
    lines = [json.dumps(event, ensure_ascii=False) for event in [*deltas, last]]
    return [f"data: {line}\n\n".encode() for line in [*lines, "[DONE]"]]


def _body(request: Any, response: Any) -> AsyncIterator[bytes]:  # noqa: ANN401 - dspy's request and response
    """What dspy gets to read of a response."""
    if response.status >= 400:
        return _beginning(response)
    if _is_stream(response):
        return _events(response)
    return _document(response, as_stream=asks_for_stream(request.body))


async def _beginning(response: Any) -> AsyncIterator[bytes]:  # noqa: ANN401 - dspy's response
    left = LONGEST_REFUSAL
    async for part in response:
        yield part[:left]
        left -= len(part)
        if left <= 0:
            return


async def _events(response: Any) -> AsyncIterator[bytes]:  # noqa: ANN401 - dspy's response
    left = MOST_EVENTS
    async for line in _replayed(response, _bounded(response, LONGEST_STREAM)).aiter_lines():
        data = line.removeprefix(b"data:")
        left -= data is not line
        if left < 0:
            raise OverlongAnswer(f"was broken off after {MOST_EVENTS} parts, more than any answer has")
        counted = with_counts(data)
        yield line if counted is data or data is line else b"data: " + counted + b"\n"


async def _document(response: Any, as_stream: bool) -> AsyncIterator[bytes]:  # noqa: ANN401 - dspy's response
    body = with_counts(await _replayed(response, _bounded(response, LONGEST_WHOLE)).read())
    for part in as_events(body) if as_stream else [body]:
        yield part


async def _bounded(response: Any, most: int) -> AsyncIterator[bytes]:  # noqa: ANN401 - dspy's response
    """The parts of a body, as they come. Raises OverlongAnswer past `most` bytes."""
    size = 0
    async for part in response:
        size += len(part)
        if size > most:
            raise OverlongAnswer(f"was broken off after {most // 1_000_000} MB, more than any answer has")
        yield part


def _is_stream(response: Any) -> bool:  # noqa: ANN401 - dspy's response
    return str(response.header("content-type") or "").lower().startswith("text/event-stream")


def _replayed(response: Any, chunks: AsyncIterator[bytes]) -> Any:  # noqa: ANN401 - dspy's response
    """A response of the same kind with another body."""

    async def released(_: bool) -> None:
        """The real one gives its connection back."""

    return type(response)(
        status=response.status,
        reason=response.reason,
        headers=response.headers,
        http_version=response.http_version,
        chunks=chunks,
        release=released,
    )
