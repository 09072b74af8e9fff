"""What evidence a digest needs before it is published, and what of it is missing. The one rule behind the gate."""

from typing import Literal

from pydantic import Field

from domain.evaluation import Numbers, TriggerReport
from domain.shape import Shape


class Policy(Shape):
    """From the settings. `refuse`: what is lacking stands in the way; `warn`: it is told, and published all the same.

    `cases`: at least so many proof cases; `delta` must be exceeded; `recall` and `precision` of the held-out queries.
    """

    mode: Literal["refuse", "warn"] = "refuse"
    cases: int = Field(3, ge=1)
    delta: float = Field(0.0, ge=-1, lt=1)
    recall: float = Field(0.8, ge=0, le=1)
    precision: float = Field(0.9, ge=0, le=1)


def lacking(policy: Policy, numbers: Numbers | None, triggers: TriggerReport | None) -> list[str]:
    """What is missing, in words with the numbers in them; nothing when the evidence is enough. Same in both modes."""
    raise NotImplementedError
