"""A window of time cut into days, or into weeks when it is long: the points of every chart. Must not read a clock."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

MOST_DAYS = 60
"""A longer window is shown by weeks."""


class Step(StrEnum):
    """What one point of a chart stands for; a week begins on Monday."""

    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True)
class Periods:
    """The days or weeks of a window, without gaps, by the day (in UTC) on which each begins."""

    step: Step
    starts: tuple[date, ...]

    def start_of(self, day: date) -> date | None:
        """The beginning of the period in which a day lies; None outside of the window."""
        start = day if self.step is Step.DAY else _monday(day)
        return start if self.starts[0] <= start <= self.starts[-1] else None


def periods(since: datetime, until: datetime) -> Periods:
    """The periods of `since` ≤ t < `until`; the first and the last may be there in part only."""
    first, last = since.astimezone(UTC).date(), (until - timedelta(microseconds=1)).astimezone(UTC).date()
    step = Step.DAY if (last - first).days < MOST_DAYS else Step.WEEK
    stride = timedelta(days=1 if step is Step.DAY else 7)
    begin = first if step is Step.DAY else _monday(first)
    return Periods(step, tuple(begin + n * stride for n in range((last - begin) // stride + 1)))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
