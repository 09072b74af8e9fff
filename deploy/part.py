"""What the supervisor knows of a part of the stack. The parts themselves say how they start, are ready and stop."""

import signal
from abc import ABC, abstractmethod
from pathlib import Path

from deploy.process import Command


class Part(ABC):
    """A program that runs as long as the stack does."""

    name: str
    stop_signal: signal.Signals = signal.SIGTERM
    stop_grace: float = 2.5
    """Seconds between the stop signal and SIGKILL; those of all parts together stay under 15."""

    def __init__(self, logs: Path) -> None:
        self.log = logs / f"{self.name}.log"

    @abstractmethod
    def command(self) -> Command:
        """How it starts. Asked again before each start; ports and keys stay the same."""

    @abstractmethod
    async def ready(self) -> bool:
        """Whether it serves now. False, not an error, while it is not there yet."""

    async def prepare(self) -> None:  # noqa: B027 - most parts need nothing
        """Make a start possible, before each: clear what a killed predecessor left. OSError when it cannot."""
