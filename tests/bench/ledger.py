"""What the provider saw, read from the file it writes: the outside ledger of every system under test."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tests.bench.arithmetic import Interval


@dataclass(frozen=True)
class Seen:
    """One call: its number, when it came, when it ended (None while it is open), and the beginning of its text."""

    number: int
    start: float
    end: float | None
    text: str

    @property
    def interval(self) -> Interval:
        """From its arrival to its end."""
        assert self.end is not None, "the call has not ended"
        return Interval(start=self.start, end=self.end)


@dataclass
class Calls:
    """The calls of a ledger file. Only what was appended since the last look is read again."""

    path: Path
    known: dict[int, Seen] = field(default_factory=dict)
    read: int = 0

    def since(self, moment: float) -> list[Seen]:
        """Calls that came at this moment or later (seconds since the epoch), oldest first."""
        self._look()
        return sorted((call for call in self.known.values() if call.start >= moment), key=lambda call: call.start)

    def of(self, name: str, moment: float) -> list[Seen]:
        """Those of one job: its name is in the text of its calls."""
        return [call for call in self.since(moment) if name in call.text]

    def forget(self) -> None:
        """Drop what is known, so that a long bench does not keep every prompt."""
        self._look()
        self.known = {number: call for number, call in self.known.items() if call.end is None}

    def _look(self) -> None:
        with self.path.open("rb") as file:
            file.seek(self.read)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self.read += len(whole)
        for line in whole.splitlines():
            call = _seen(json.loads(line))
            self.known[call.number] = call


def _seen(line: dict[str, object]) -> Seen:
    start, end, number, messages = line["started_at"], line["ended_at"], line["number"], line["messages"]
    assert isinstance(start, str) and isinstance(number, int) and isinstance(messages, list)
    ended = _seconds(end) if isinstance(end, str) else None
    return Seen(number, _seconds(start), ended, " ".join(str(message["content"]) for message in messages))


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
