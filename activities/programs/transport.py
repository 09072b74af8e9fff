"""dspy's connections, made to take a whole answer where a stream was asked for.

Some servers ignore `stream: true` and send one JSON document; dspy would drop that answer, which was paid. Must not
change anything of a request.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from pydantic import JsonValue, ValidationError

from domain.shape import Shape

PIECE = 4_000
"""Characters of a delta made of a whole answer; dspy refuses lines over 64 KB, and a character has up to 4 bytes."""


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
    """A transport whose streams are streams, even if the server answers with one whole completion."""

    def __init__(self, inner: Any) -> None:  # noqa: ANN401 - dspy's transport
        self._inner = inner

    @asynccontextmanager
    async def stream(self, request: Any) -> AsyncIterator[Any]:  # noqa: ANN401 - dspy's request and response
        """One exchange."""
        async with self._inner.stream(request) as response:
            if response.status < 400 and asks_for_stream(request.body) and not _is_stream(response):
                yield _replayed(response, as_events(await response.read()))
            else:
                yield response

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


def _is_stream(response: Any) -> bool:  # noqa: ANN401 - dspy's response
    return str(response.header("content-type") or "").lower().startswith("text/event-stream")


def _replayed(response: Any, parts: list[bytes]) -> Any:  # noqa: ANN401 - dspy's response
    """A response of the same kind with another body."""

    async def chunks() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    async def released(_: bool) -> None:
        """The real one has given its connection back."""

    return type(response)(
        status=response.status,
        reason=response.reason,
        headers=response.headers,
        http_version=response.http_version,
        chunks=chunks(),
        release=released,
    )
