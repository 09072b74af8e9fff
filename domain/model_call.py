"""One answered model call, as the ledger keeps it, and what is kept of how the model came to it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field, JsonValue

from domain.shape import Shape

TraceMode = Literal["off", "summary", "full"]
"""What is kept of a model's reasoning: nothing; its beginning; or all of it, with the messages that were sent."""


class Trace(Shape):
    """What a model told of its thoughts, "" if nothing, and what it was sent."""

    reasoning: str = ""
    messages: list[JsonValue] | None = None


class ModelCall(Shape):
    """`key` is deterministic: a retried step arrives at it again. `latency` in seconds; `usd` None: price unknown.

    `trace` is there on the way to the ledger only, which keeps it apart, and as much of it as it is told to.
    """

    key: str
    label: str
    input_digest: str
    outputs: list[str]
    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = None
    latency: float = 0.0
    trace: Trace = Field(Trace(), exclude=True, repr=False)


class TraceView(Trace):
    """One call of a job with its trace. `step`: how its key begins. `messages`: None unless they were kept and the
    reader may inspect the job. `seconds`: until the answer was there; it was kept `at`."""

    key: str
    step: str
    label: str
    model: str
    at: datetime
    seconds: float
    input_tokens: int
    output_tokens: int
    usd: float | None = None
    outputs: list[str]


class TracePage(Shape):
    """`GET /jobs/{id}/traces`: calls in the order in which they were answered. `next_cursor`: None at the end."""

    job_id: UUID
    traces: list[TraceView]
    next_cursor: str | None = None
