"""One answered model call, as the ledger keeps it."""

from domain.shape import Shape


class ModelCall(Shape):
    """`key` is deterministic: a retried step arrives at it again. `latency` in seconds; `usd` None: price unknown."""

    key: str
    label: str
    input_digest: str
    outputs: list[str]
    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = None
    latency: float = 0.0
