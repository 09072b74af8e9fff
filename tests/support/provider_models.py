"""The shapes of the stand-in provider: what a test orders, and what it reads back. No behaviour."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from tests.support.dspy_prompts import Message

_SHAPE = ConfigDict(frozen=True, extra="forbid")


class FaultKind(StrEnum):
    """What can go wrong. `DELAY` and `HANG` end in a normal answer if the client waits that long."""

    DELAY = "delay"
    HANG = "hang"
    RATE_LIMIT = "rate_limit"
    QUOTA = "insufficient_quota"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NO_MODEL = "no_model"
    BAD_REQUEST = "bad_request"
    CONTEXT_OPENAI = "context_openai"
    CONTEXT_LLAMA = "context_llama"
    SERVER_ERROR = "server_error"
    UNAVAILABLE = "unavailable"
    DROP = "drop"
    NOT_JSON = "not_json"
    TRUNCATED = "truncated"  # the first third of the answer; DSPy may repair it if it asked for one text only
    PROSE = "prose"  # an apology instead of the answer: never parsable
    EMPTY = "empty"
    FLOOD = "flood"  # status 200 and `FLOOD` bytes of nothing: blanks, in a stream events
    ABSURD_USAGE = "absurd_usage"  # the answer, with a usage that no counter could show
    # of a call with `stream: true` only; any other is answered as usual
    IGNORES_STREAM = "ignores_stream"  # the whole completion as JSON
    REFUSES_STREAM = "refuses_stream"  # 400
    NO_STREAM_USAGE = "no_stream_usage"  # no usage, though it was asked for
    SLOW_STREAM = "slow_stream"  # `seconds` between chunks
    UNFINISHED_STREAM = "unfinished_stream"  # all of the text, and no word that it was all
    CUT_STREAM = "cut_stream"  # half of the chunks, then the connection breaks
    STALLED_STREAM = "stalled_stream"  # half of the chunks, nothing until it is released, then the others


FLOOD = 400_000_000
"""Bytes of a flood: an end, so that a client that takes all of it fails its test instead of the machine."""

OF_STREAMS = frozenset(
    {
        FaultKind.IGNORES_STREAM,
        FaultKind.REFUSES_STREAM,
        FaultKind.NO_STREAM_USAGE,
        FaultKind.SLOW_STREAM,
        FaultKind.UNFINISHED_STREAM,
        FaultKind.CUT_STREAM,
        FaultKind.STALLED_STREAM,
    }
)


class Match(BaseModel):
    """Which calls: all given parts must hold; an empty part holds always.

    contains: in the text of any message. field: a property at any depth of what is asked for. model: the exact name.
    """

    model_config = _SHAPE

    contains: str = ""
    field: str = ""
    model: str = ""


class Fault(BaseModel):
    """A fault for the next `times` matching calls (None: until reset).

    seconds: how long a DELAY waits, or a SLOW_STREAM between chunks; what RATE_LIMIT says in `Retry-After` (rounded).
    """

    model_config = _SHAPE

    kind: FaultKind
    when: Match = Match()
    times: int | None = Field(1, ge=1)
    seconds: float = Field(1.0, ge=0)


class Rule(BaseModel):
    """A scripted answer. With `when.field` it is that field's value, wherever it stands; without, the whole answer:
    an object is written in the form asked for, a text as it is. The rule made last wins until its `times` are used.
    """

    model_config = _SHAPE

    answer: JsonValue
    when: Match = Match()
    times: int | None = Field(None, ge=1)


class Pace(BaseModel):
    """Seconds that every call takes at least and at most. How long one takes follows from its digest: no chance."""

    model_config = _SHAPE

    least: float = Field(ge=0)
    most: float = Field(ge=0)


class Control(BaseModel):
    """The body of `POST /_control`, done in this order."""

    model_config = _SHAPE

    reset: bool = False  # forget faults and rules; the record of calls stays
    forget: bool = False  # empty the record of calls; numbers go on, and so does the ledger file
    release: bool = False  # let hanging and delayed calls go on
    faults: list[Fault] = []
    rules: list[Rule] = []
    pace: Pace | None = None  # from now on; a reset does not end it


class ChatRequest(BaseModel):
    """The part of OpenAI's request this stand-in heeds; `max_tokens` and sampling are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: str
    messages: list[Message] = Field(min_length=1)
    stream: bool = False
    stream_options: dict[str, JsonValue] | None = None
    response_format: dict[str, JsonValue] | None = None
    n: int | None = Field(None, ge=1, le=16)

    @property
    def text(self) -> str:
        return "\n".join(message.text for message in self.messages)


Outcome = Literal["open", "answered", "faulted", "refused", "disconnected"]


class Call(BaseModel):
    """One call as the provider saw it; `number` counts from 1 and goes on across restarts with the same ledger file.

    fields: the top-level names asked for. outcome: `open` while in flight; `refused` is a wrong key or a request it
    does not understand; `disconnected` is a client that went before its answer. status: 0 when nothing was sent.
    digest: the same for the same question; what `step_results` calls `input_digest`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    number: int
    digest: str = ""
    model: str = ""
    messages: list[Message] = []
    fields: list[str] = []
    stream: bool = False
    started_at: datetime
    ended_at: datetime | None = None
    outcome: Outcome = "open"
    status: int = 0
    fault: FaultKind | None = None
    disconnected: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def text(self) -> str:
        return "\n".join(message.text for message in self.messages)


class Ledger(BaseModel):
    """The body of `GET /_calls`: how many calls there ever were, and the latest of them, oldest first."""

    total: int
    calls: list[Call]
