"""The provider's own ledger of calls against the product's: what was paid, what was stored, what was paid twice.

A call was paid when its answer went out whole, good or nonsense. Both ledgers name a question by the same digest. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.support.provider_models import Call, FaultKind

PAID_FOR_NOTHING = frozenset({FaultKind.PROSE, FaultKind.EMPTY, FaultKind.TRUNCATED})
"""Nonsense that costs as much as sense; it is kept too, so that it is not asked for again. Not among it: the page
of a gateway (`NOT_JSON`), which no model has answered."""

HEALING = timedelta(seconds=12)
"""How long after a blow work may still be lost by it: an attempt is given up after 2.5 s without a heartbeat, a request
to a database that hangs after 10 s."""


BREAKING_OFF = timedelta(seconds=3)
"""How long a call may still run whose step was cancelled: the worker hears of it with its next heartbeat."""

SETTLING = timedelta(seconds=2)
"""How long after a blow a transaction that it held up may take to its end."""


@dataclass(frozen=True)
class Row:
    """One row of `step_results`. `at` is when its transaction began."""

    job: str
    key: str
    digest: str
    at: datetime


DECIDING = timedelta(milliseconds=100)
"""From a step's look into the database to its request at the provider: the answer of an attempt that another worker had
begun may be stored in between."""


@dataclass(frozen=True)
class Window:
    """A time in which paid answers may be lost: a blow, to all jobs; or what breaks off the calls of one `job`.

    The latter is its end, or an answer to a preview whose evidence was still being gathered.
    """

    began: datetime
    ended: datetime
    job: str | None = None

    @property
    def over(self) -> datetime:
        """When it has healed, or every call that it breaks off is broken off."""
        return self.ended + (HEALING if self.job is None else BREAKING_OFF)


@dataclass
class Payments:
    """What the two ledgers say together."""

    calls: int = 0
    paid: int = 0
    stored: int = 0
    in_flight: list[Call] = field(default_factory=list)
    """Paid, and lost in the moment of a blow or of a cancel before they could be stored."""
    faults: list[str] = field(default_factory=list)


def balance(calls: Sequence[Call], rows: Sequence[Row], windows: Sequence[Window]) -> Payments:
    """Hold the ledgers against each other.

    Of several calls with one digest each row gets the last that had begun before it: that one was stored. What is
    left was paid for nothing; it is a fault when all rows of its digest stood before it began, or when it lies in no
    window.
    """
    found = Payments(calls=len(calls), stored=len(rows))
    by_digest: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row.at):
        by_digest.setdefault(row.digest, []).append(row)
    spent: dict[str, list[Call]] = {}
    for call in calls:
        if was_paid(call):
            found.paid += 1
            spent.setdefault(call.digest, []).append(call)
    asked = {call.digest for call in calls}
    for row in rows:
        if row.digest not in asked:
            found.faults.append(f"lost: the provider knows nothing of the call {row.key} (job {row.job})")
    for digest, paid in spent.items():
        _settle(found, paid, by_digest.get(digest, []), windows)
    return found


def was_paid(call: Call) -> bool:
    """Whether a whole answer went out."""
    return call.status == 200 and (call.outcome == "answered" or call.fault in PAID_FOR_NOTHING)


def _settle(found: Payments, paid: list[Call], rows: list[Row], windows: Sequence[Window]) -> None:
    left = sorted(paid, key=lambda call: call.started_at)
    for row in rows:
        stored = next((call for call in reversed(left) if call.started_at < row.at), None)
        if stored is not None:
            left.remove(stored)
    for call in left:
        found.in_flight.append(call)
        if rows and all(stood_at(row, windows) + DECIDING < call.started_at for row in rows):
            found.faults.append(f"doubled: a call was paid again whose answer stood: {_story(call, paid, rows)}")
        elif not any(_touches(call, rows, window) for window in windows):
            found.faults.append(
                f"lost: a call was paid and not stored, and nothing happened: {_story(call, paid, rows)}"
            )


def _story(call: Call, paid: Sequence[Call], rows: Sequence[Row]) -> str:
    """Which call it is, all that were made of this question, and when their answers were stored."""
    made = ", ".join(f"{one.started_at:%H:%M:%S.%f}-{one.ended_at or one.started_at:%S.%f}" for one in paid)
    kept = ", ".join(f"{row.at:%H:%M:%S.%f} as {row.key} of job {row.job}" for row in rows) or "never"
    return f"call {call.number} for {call.fields}; calls at {made}; stored at {kept}"


def stood_at(row: Row, windows: Sequence[Window]) -> datetime:
    """When a row could be read at the latest: a transaction that a blow held up ends soon after it."""
    second = timedelta(seconds=1)
    held = [one.ended + SETTLING for one in windows if one.job is None and one.began - second <= row.at <= one.ended]
    return max([row.at, *held])


def _touches(call: Call, rows: Sequence[Row], window: Window) -> bool:
    """Whether the call, or the storing of its answer, fell into a window of its job's."""
    if window.job is not None and rows and all(row.job != window.job for row in rows):
        return False
    ended = call.ended_at or call.started_at
    return call.started_at <= window.over and ended + timedelta(seconds=2) >= window.began
