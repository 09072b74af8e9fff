"""The arithmetic of the bench: model time, groups of calls, percentiles, and tables. Must not measure anything."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict


class Interval(BaseModel):
    """One model call as the provider saw it; seconds since the epoch."""

    model_config = ConfigDict(frozen=True)

    start: float
    end: float


def model_time(calls: Iterable[Interval]) -> float:
    """Seconds in which at least one call was open: calls side by side count once.

    The floor of a job's wall time, for as long as the job never waits for two things at once: its calls form a chain of
    links, every link begins after the one before it has ended, so that the time covered is the sum of the longest call
    of each link, which is the critical chain. Measured at the provider, outside the system under test.
    """
    total, end = 0.0, 0.0
    for call in sorted(calls, key=lambda call: call.start):
        total += max(0.0, call.end - max(call.start, end))
        end = max(end, call.end)
    return total


def links(calls: Iterable[Interval]) -> tuple[int, ...]:
    """How many calls each link of the chain has: a link ends with the first of its calls that ends."""
    sizes: list[int] = []
    first_end = 0.0
    for call in sorted(calls, key=lambda call: call.start):
        if not sizes or call.start >= first_end:
            sizes.append(0)
            first_end = call.end
        sizes[-1] += 1
        first_end = min(first_end, call.end)
    return tuple(sizes)


def percentile(found: Sequence[float], share: float) -> float:
    """The smallest value that at least this share (0 to 1) of the values do not exceed; ValueError when there is none.

    With fewer than a hundred values the 99th percentile is the largest.
    """
    if not found:
        raise ValueError("no values")
    ordered = sorted(found)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def median(found: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(found)


def spread(found: Sequence[float], digits: int = 0) -> str:
    """Median and range; the median alone when there is one value."""
    middle = f"{median(found):.{digits}f}"
    return middle if len(found) == 1 else f"{middle} ({min(found):.{digits}f}–{max(found):.{digits}f})"


def halves(found: Sequence[float], digits: int = 0) -> str:
    """p50 / p99."""
    return f"{percentile(found, 0.5):.{digits}f} / {percentile(found, 0.99):.{digits}f}"


@dataclass(frozen=True)
class Goal:
    """What was promised, and what was measured."""

    name: str
    most: float
    found: float
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the measured value is no more than the promised one."""
        return self.found <= self.most

    def told(self) -> tuple[str, ...]:
        """Cells: what, goal, measured, verdict."""
        unit = f" {self.unit}" if self.unit else ""
        verdict = "met" if self.met else "missed"
        return self.name, f"≤ {self.most:g}{unit}", f"{self.found:.4g}{unit}", verdict


@dataclass
class Table:
    """A title, a head, rows of cells, and notes; `goals` are shown together at the end."""

    title: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)

    def plain(self) -> str:
        """For a terminal: columns as wide as they must be, numbers to the right."""
        lines = [self.head, *self.rows]
        widths = [max(len(line[at]) for line in lines) for at in range(len(self.head))]
        told = [
            "  ".join(cell.ljust(width) if at == 0 else cell.rjust(width) for at, (cell, width) in enumerate(pairs))
            for pairs in (list(zip(line, widths, strict=True)) for line in lines)
        ]
        return "\n".join([self.title, *(line.rstrip() for line in told), *(f"  {note}" for note in self.notes)])

    def markdown(self) -> str:
        """For a document."""
        bar = "|" + "|".join(["---", *["---:"] * (len(self.head) - 1)]) + "|"
        rows = ["| " + " | ".join(line) + " |" for line in (self.head, *self.rows)]
        notes = ["", " ".join(self.notes)] if self.notes else []
        return "\n".join([f"### {self.title}", "", rows[0], bar, *rows[1:], *notes])


def goals_table(tables: Sequence[Table]) -> Table:
    """Every goal beside its number."""
    told = [goal.told() for table in tables for goal in table.goals]
    return Table("Goals", ("goal", "promised", "measured", ""), told)
