"""dspy's client, so that each of its calls passes through our hands. Must not decide what is stored or where."""

import re
import time
from collections.abc import Awaitable, Callable

import dspy
from dspy.clients.backend_selection import select_backend
from pydantic import JsonValue

from activities.programs.streaming import Lane
from activities.programs.tracing import reasoning_of
from activities.programs.transport import Engines
from activities.programs.usage import count, price
from domain.model_call import ModelCall, Trace
from domain.text import clean

_UNSTORABLE = re.compile(
    r"\\u0000|\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
"""Escapes in JSON that decode to a NUL or to half a surrogate pair: no store takes them."""

CHARACTERS_A_TOKEN = 4
"""English text in common tokenizers; used only for what an answer tells no usage of, so that a budget still holds."""

Send = Callable[[Lane | None], Awaitable[ModelCall]]
"""Makes the real request, streamed into the lane if there is one; the call it returns has no key yet."""

Through = Callable[[JsonValue, Send], Awaitable[list[str]]]
"""Gets the messages and the way to send them; returns the texts to go on with."""


class BrokenOutput(Exception):
    """The model's answer could not be read at all."""


class RecordingLM(dspy.LM):  # type: ignore[misc]  # dspy ships no types
    """A `dspy.LM` whose `acall` hands the request to `Through`. `through` makes one for a single question.

    `supported_params` is empty so that dspy's adapters leave `response_format` to the caller, who gives a schema with
    bounds; dspy would send none to a model it does not know.
    """

    _through: Through | None = None
    _last: ModelCall | None = None

    supported_params = property(lambda _: set[str]())

    def __init__(self, model: str, **settings: object) -> None:
        super().__init__(model, **settings)
        self._engine_store = Engines()

    @property
    def can_stream(self) -> bool:
        """Whether dspy's own client reaches this model. LiteLLM would lose an answer that is no stream."""
        return bool(select_backend(self).native)

    def through(self, through: Through) -> "RecordingLM":
        """A copy that shares the connections and answers one question."""
        lm: RecordingLM = self.copy()
        lm._through = through
        return lm

    async def acall(
        self, prompt: str | None = None, *, messages: list[JsonValue] | None = None, **kwargs: object
    ) -> list[str]:
        """The texts of the answer. dspy's adapters call this with `messages`."""
        if self._through is None:
            raise TypeError("Ask a RecordingLM made by `through`: a bare one would store nothing.")

        async def send(lane: Lane | None) -> ModelCall:
            started = time.monotonic()
            with dspy.context(send_stream=lane):
                outputs = await super(RecordingLM, self).acall(prompt, messages=messages, **kwargs)
            texts = [_text(output) for output in outputs]
            told = self._last or ModelCall(key="", label="", input_digest="", outputs=[], model=self.model)
            latency = time.monotonic() - started
            trace = Trace(reasoning=_storable(reasoning_of(outputs)))
            return _estimated(told, messages, texts).model_copy(
                update={"outputs": [text for text in texts if text], "latency": latency, "trace": trace}
            )

        return await self._through(messages, send)

    def update_history(self, entry: dict[str, object]) -> None:
        """dspy's history would keep every prompt in memory; only the usage of this call is of interest."""
        usage = entry.get("usage")
        counts = usage if isinstance(usage, dict) else {}
        cost = entry.get("cost")
        self._last = ModelCall(
            key="",
            label="",
            input_digest="",
            outputs=[],
            model=self.model,
            input_tokens=count(counts.get("prompt_tokens")) or 0,
            output_tokens=count(counts.get("completion_tokens")) or 0,
            usd=price(cost),
        )


def _text(output: object) -> str:
    """Models that reason answer with an object; only its text counts."""
    return _storable(str(output.get("text") or "") if isinstance(output, dict) else str(output or ""))


def _storable(text: str) -> str:
    return _UNSTORABLE.sub("", clean(text))


def _estimated(told: ModelCall, messages: JsonValue, texts: list[str]) -> ModelCall:
    """The call with an estimate for each count it does not tell; a price goes with told counts only."""
    tokens_in = told.input_tokens or len(str(messages)) // CHARACTERS_A_TOKEN
    tokens_out = told.output_tokens or sum(map(len, texts)) // CHARACTERS_A_TOKEN
    if (tokens_in, tokens_out) == (told.input_tokens, told.output_tokens):
        return told
    return told.model_copy(update={"usd": None, "input_tokens": tokens_in, "output_tokens": tokens_out})
