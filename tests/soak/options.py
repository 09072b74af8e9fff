"""What a soak is told: how many jobs, how slow the model, and how long a transaction may idle."""

from dataclasses import dataclass

CHAIN = 16
"""Model calls of one job that follow one another, at most: with no questions, nobody asked and two rounds of fixing."""

SPREAD = 1.2
"""The slowest call to the quickest. Were all alike, jobs begun together would answer in one moment for ever after."""

MARGIN = 180.0
"""Seconds for everything else: 12 jobs of steps on two busy cores."""


@dataclass(frozen=True)
class Options:
    """One soak. `idle_limit`: what the server ends a transaction for, in seconds; None leaves our 60.

    A scaled soak lowers it with the model's time, so that a transaction held across a call would be ended all the same.
    """

    jobs: int = 12
    model_seconds: float = 120.0
    """Seconds of the quickest model call."""
    idle_limit: float | None = None
    pause: float = 1.0
    """Seconds between looks."""

    @property
    def within(self) -> float:
        """Seconds after which the jobs should have ended."""
        return CHAIN * self.slowest_call + MARGIN

    @property
    def slowest_call(self) -> float:
        """Seconds of the slowest model call."""
        return self.model_seconds * SPREAD
