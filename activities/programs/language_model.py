"""The one object programs ask: a model whose every answer is stored as it arrives.

A retry of a step arrives at the same keys, finds what was answered and pays nothing again; two overlapping attempts
go on with whichever answer stands. Must not import the store or Temporal: it knows the ledger only as a protocol.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol

import dspy
from dspy.utils.exceptions import AdapterParseError, LMError, LMRateLimitError, LMStreamAssemblyError
from pydantic import JsonValue

from activities.programs.adapters import FullAdapter, PlainAdapter, ShortAdapter
from activities.programs.gate import Gate
from activities.programs.provider_errors import as_provider_error, is_broken_output, refuses_schema
from activities.programs.recording import BrokenOutput, RecordingLM, Send
from activities.programs.streaming import Lane, refuses_stream
from activities.programs.task import Task, response_schema
from activities.programs.transport import OverlongAnswer
from domain.errors import ProviderUnavailable, Unparsable
from domain.model_call import ModelCall

TRIES = 3
"""Answers asked for in one form before a person is told; a person's "retry" allows as many again."""

WARMER = 0.15
"""Added to the temperature after an answer that could not be used, so that the next one differs."""

UNFINISHED = 2
"""Streams in a row without an end after which a provider is asked without: its streams may never have one."""

_REASONING = re.compile(r"(^|/)(o[1345]|gpt-5)(?!.*-chat)", re.IGNORECASE)
_REASONING_TOKENS = 16_000
"""OpenAI's reasoning models take no temperature and no smaller bound (dspy 3.4.1 refuses both)."""


class Ledger(Protocol):
    """Where answers are kept. One ledger belongs to one job, so that no answer ever crosses jobs."""

    async def find(self, key: str) -> ModelCall | None:
        """The call kept under `key` before this step began. Cheap: most keys are new."""
        ...

    async def keep(self, call: ModelCall) -> ModelCall:
        """Store the call unless its key exists; returns what stands."""
        ...

    def paying(self, key: str, label: str) -> AbstractAsyncContextManager[ModelCall | None]:
        """Around a call that is really made, and its keeping: the job may pay for it, and people are told of it.

        Gives the call if it has been kept meanwhile: then nothing may be paid. Raises BudgetExhausted.
        """
        ...

    async def show(self, label: str, text: str) -> None:
        """Let people see what is written so far. May lose it; must not fail for it."""
        ...


@dataclass
class Learned:
    """What a provider has shown it cannot do; shared by all that is asked of one `ModelSpec`."""

    no_schema: bool = False
    no_form: bool = False
    no_stream: bool = False
    unfinished_streams: int = 0
    overlong: str = ""
    client: RecordingLM | None = None

    def refused(self, form: dict[str, JsonValue]) -> None:
        """Ask for less than this `response_format` from now on: plain JSON instead of a schema, then only in words."""
        self.no_schema = True
        self.no_form = self.no_form or form["type"] == "json_object"


@dataclass(frozen=True)
class ModelSpec:
    """A model and how to reach it. `timeout` in seconds for one call, from the moment it may start."""

    model: str
    api_base: str | None = None
    api_key: str | None = field(default=None, repr=False)
    timeout: float = 300.0
    small_local: bool = False
    learned: Learned = field(default_factory=Learned, repr=False, compare=False)

    @property
    def provider(self) -> tuple[str, str | None]:
        """Whose limits hold: two models of one provider at one address share them."""
        return self.model.split("/", 1)[0], self.api_base

    def client(self) -> RecordingLM:
        """One client a spec: it owns the connections. dspy's retries and caches are off."""
        if self.learned.client is None:
            given = {"api_base": self.api_base, "api_key": self.api_key}
            reach = {name: value for name, value in given.items() if value is not None}
            # The engine's own clock is only a backstop: ours starts when the gate opens, and aborts the request.
            self.learned.client = RecordingLM(
                self.model, num_retries=0, cache=False, timeout=self.timeout + 30, **reach
            )
        return self.learned.client


def switch_off_caches() -> None:
    """Call once when a process starts: dspy's cache ignores the key, so one tenant could read another's answers."""
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)


@dataclass(frozen=True)
class _Form:
    """Parameters of one try, as they go to the provider and into the key."""

    max_tokens: int
    temperature: float
    response_format: dict[str, JsonValue] | None
    live: bool = False
    """Whether people see it being written: no parameter of the question, so no part of the key."""

    def config(self, model: str) -> dict[str, object]:
        sampling: dict[str, object] = {"max_tokens": self.max_tokens, "temperature": self.temperature}
        if _REASONING.search(model):
            sampling = {"max_completion_tokens": max(self.max_tokens, _REASONING_TOKENS)}
        return sampling | ({"response_format": self.response_format} if self.response_format else {})


@dataclass(frozen=True)
class Spoken:
    """A free reply, "" if there was none, with the tokens and seconds of its call."""

    text: str
    tokens: int
    seconds: float


class LanguageModel:
    """A model, the ledger of one job, and a place in that job (`scope`), which `at` narrows."""

    def __init__(self, spec: ModelSpec, ledger: Ledger, scope: str, gate: Gate, attempt: int = 0) -> None:
        self._spec = spec
        self._ledger = ledger
        self._scope = scope
        self._gate = gate
        self._attempt = attempt
        self._label: tuple[str, ...] = ()
        self._run: tuple[str, ...] = ()
        self._last: ModelCall | None = None

    def at(self, *parts: str) -> "LanguageModel":
        """The same model at a narrower place; the parts are also what people read while it is asked."""
        narrower = LanguageModel(self._spec, self._ledger, self._scope, self._gate, self._attempt)
        narrower._label, narrower._run = (*self._label, *parts), self._run
        return narrower

    def apart(self, run: str) -> "LanguageModel":
        """The same place for people, another one in the ledger: one of many runs of a question, each paid by itself."""
        one = self.at()
        one._run = (*self._run, run)
        return one

    @property
    def name(self) -> str:
        """The model's name, as it is configured."""
        return self._spec.model

    @property
    def low_confidence(self) -> bool:
        """True for the small local model: its verdicts were measured to be near chance."""
        return self._spec.small_local

    async def ask(
        self,
        task: type[Task],
        /,
        max_tokens: int,
        temperature: float = 0.4,
        accept: Callable[[dspy.Prediction], bool] | None = None,
        live: bool = False,
        **inputs: object,
    ) -> dspy.Prediction:
        """The answer to `task`. One that `accept` refuses is asked for once more, then taken as it is; of a `live` one
        people see the words as they come.

        Raises the errors under `domain.errors.ProviderError`; Unparsable after three answers in no usable form (three
        more each time a person retries: good answers are reused, bad ones are passed over without paying).
        """
        adapter = ShortAdapter() if self._spec.small_local else FullAdapter()
        unwanted = None
        for index in range(TRIES * (self._attempt + 1)):
            form = _Form(max_tokens, temperature + WARMER * index, None, live)
            found = await self._try(task, adapter, index, form, inputs)
            if found is None:
                continue
            if accept is None or accept(found) or unwanted is not None:
                return found
            unwanted = found
        if unwanted is not None:
            return unwanted
        raise Unparsable(
            f"{self.name} answered {TRIES} times without the asked form ({self._said()}{self._spec.learned.overlong}). "
            "Retry the job, or configure a more capable model with SKILL_FLEET_MODEL."
        )

    async def say(self, task: type[Task], /, max_tokens: int, temperature: float = 0.4, **inputs: object) -> str:
        """A free reply to `task` (inputs `guidance` and `request`), whatever its form; "" if there was none."""
        form = _Form(max_tokens, temperature, None)
        found = await self._try(task, PlainAdapter(use_json_adapter_fallback=False), 0, form, inputs, free=True)
        return "" if found is None else str(found.reply).strip()

    async def spoken(self, task: type[Task], /, max_tokens: int, temperature: float = 0.4, **inputs: object) -> Spoken:
        """What `say` gives, with what its call took when it was paid; zeros when that is not known."""
        alone = self.at()  # of calls side by side each knows its own
        reply = await alone.say(task, max_tokens, temperature, **inputs)
        call = alone._last or ModelCall(key="", label="", input_digest="", outputs=[], model=self.name)
        return Spoken(reply, call.input_tokens + call.output_tokens, call.latency)

    async def _try(
        self,
        task: type[Task],
        adapter: dspy.Adapter,
        index: int,
        form: _Form,
        inputs: dict[str, object],
        free: bool = False,
    ) -> dspy.Prediction | None:
        """One try; None when the answer cannot be read. A provider that refuses the form is asked again with less."""
        format_ = None if free else self._format(task)
        try:
            return await self._predict(task, adapter, index, replace(form, response_format=format_), inputs)
        except (AdapterParseError, BrokenOutput):
            return None
        except LMError as error:
            if format_ is None or not refuses_schema(error):
                raise as_provider_error(error, self.name, self._spec.api_key) from None
        self._spec.learned.refused(format_)
        return await self._try(task, adapter, index, form, inputs)

    def _format(self, task: type[Task]) -> dict[str, JsonValue] | None:
        if self._spec.learned.no_form:
            return None
        if self._spec.learned.no_schema:
            return {"type": "json_object"}
        schema: dict[str, JsonValue] = {"name": task.__name__, "schema": response_schema(task), "strict": True}
        return {"type": "json_schema", "json_schema": schema}

    async def _predict(
        self, task: type[Task], adapter: dspy.Adapter, index: int, form: _Form, inputs: dict[str, object]
    ) -> dspy.Prediction:
        lm = self._spec.client().through(lambda messages, send: self._recorded(messages, form, task, index, send))
        with dspy.context(lm=lm, adapter=adapter, trace=None):
            return await dspy.Predict(task).acall(config=form.config(self.name), **inputs)

    async def _recorded(self, messages: JsonValue, form: _Form, task: type[Task], index: int, send: Send) -> list[str]:
        """The stored answer if there is one, else the model's, stored before anything is done with it."""
        digest = _digest([self.name, messages, form.config(self.name)])
        key = "/".join([self._scope, *self._label, *self._run, task.__name__, str(index), digest[:16]])
        found = await self._ledger.find(key)
        if found is None:
            async with self._gate.place(), self._ledger.paying(key, self._said()) as kept_meanwhile:
                found = kept_meanwhile or await self._kept(key, digest, messages, await self._paid(send, form.live))
        self._last = found
        if not found.outputs:
            raise BrokenOutput
        return found.outputs

    async def _kept(self, key: str, digest: str, messages: JsonValue, call: ModelCall) -> ModelCall:
        """Shielded: an answer that was paid is stored even if the step is cancelled at this moment."""
        trace = call.trace.model_copy(update={"messages": messages})
        call = call.model_copy(update={"key": key, "label": self._said(), "input_digest": digest, "trace": trace})
        return await asyncio.shield(self._ledger.keep(call))

    async def _paid(self, send: Send, live: bool) -> ModelCall:
        """One request. An answer that cannot be read at all was paid too: it is kept as an empty one."""
        try:
            async with asyncio.timeout(self._spec.timeout):
                return await self._sent(send, live)
        except TimeoutError:
            raise ProviderUnavailable(
                f"{self.name} did not answer within {self._spec.timeout:.0f} seconds. The job tries again by itself."
            ) from None
        except LMRateLimitError as error:
            self._gate.pause(error.retry_after or 0.0)  # else each of the others would run into a refusal of its own
            raise
        except LMError as error:
            if not is_broken_output(error):
                raise
            if isinstance(error, OverlongAnswer):
                self._spec.learned.overlong = f"; an answer {error.message}"
            return ModelCall(key="", label="", input_digest="", outputs=[], model=self.name)

    async def _sent(self, send: Send, live: bool) -> ModelCall:
        """The call, streamed to people if it is live. One that takes no streams is asked again without.

        The small local model is not streamed: reading along takes from it the cores that it decodes with.
        """
        learned = self._spec.learned
        streams = self._spec.client().can_stream and not (learned.no_stream or self._spec.small_local)
        if not live or not streams:
            return await send(None)
        lane = Lane(lambda text: self._ledger.show(self._said(), text))
        try:
            call = await send(lane)
            learned.unfinished_streams = 0
            return call
        except LMStreamAssemblyError:
            learned.unfinished_streams += 1
            learned.no_stream = learned.unfinished_streams >= UNFINISHED
            raise
        except LMError as error:
            if refuses_schema(error) or not refuses_stream(error):
                raise
        finally:
            await lane.close()
        await self._gate.turn()
        call = await send(None)
        learned.no_stream = True
        return call

    def _said(self) -> str:
        return ": ".join(self._label) or "asking the model"


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
