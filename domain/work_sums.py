"""What the counts of work add up to: points without gaps, sums by model, mean pass rates. Pure functions of counts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TypeVar

from domain.job import JobStatus
from domain.periods import Periods, periods
from domain.prompt import HitlType
from domain.work import (
    CallTally,
    EventTally,
    JobsPoint,
    MeasuredTally,
    ModelPassRates,
    ModelSpend,
    PassRates,
    PassRatesPoint,
    Spend,
    SpendPoint,
    WaitTally,
    Work,
    WorkCounts,
)

Counted = TypeVar("Counted", EventTally, CallTally, MeasuredTally)


def summed(counts: WorkCounts, since: datetime, until: datetime) -> Work:
    """All of it."""
    known = periods(since, until)
    calls, measured = by_period(counts.calls, known), by_period(counts.measured, known)
    return Work(
        since=since,
        until=until,
        step=known.step,
        by_status={status: counts.by_status.get(status, 0) for status in JobStatus},
        open_before=counts.open_before,
        jobs=[jobs_point(day, some) for day, some in by_period(counts.events, known).items()],
        waits=waits(counts.waits),
        spend=spend(counts.calls),
        spend_by_model=_spend_by_model(counts.calls),
        spend_over_time=[SpendPoint(day=day, **spend(some).model_dump()) for day, some in calls.items()],
        pass_rates=pass_rates(counts.measured),
        pass_rates_by_model=_rates_by_model(counts.measured),
        pass_rates_over_time=[
            PassRatesPoint(day=day, **pass_rates(some).model_dump()) for day, some in measured.items()
        ],
        publishing=counts.publishing,
    )


def by_period(tallies: Iterable[Counted], known: Periods) -> Mapping[date, list[Counted]]:
    """The tallies of each period, those of empty ones too; what lies outside is left out."""
    inside: dict[date, list[Counted]] = {start: [] for start in known.starts}
    for one in tallies:
        if (start := known.start_of(one.day)) is not None:
            inside[start].append(one)
    return inside


def jobs_point(day: date, events: Sequence[EventTally]) -> JobsPoint:
    """How many jobs were accepted and ended in one period."""
    ended = {status: sum(one.jobs for one in events if one.ended is status) for status in (None, *JobStatus)}
    return JobsPoint(
        day=day,
        started=ended[None],
        completed=ended[JobStatus.COMPLETED],
        failed=ended[JobStatus.FAILED],
        cancelled=ended[JobStatus.CANCELLED],
    )


def waits(tallies: Sequence[WaitTally]) -> list[WaitTally]:
    """Kinds that were asked, in the order in which a job asks them."""
    order = list(HitlType)
    asked = [one for one in tallies if one.n or one.open]
    return sorted(asked, key=lambda one: order.index(one.kind))


def spend(tallies: Sequence[CallTally]) -> Spend:
    """All calls together; one unknown price makes the sum unknown, and what is known of it stands beside."""
    calls, unpriced = sum(one.calls for one in tallies), sum(one.unpriced for one in tallies)
    known = sum(one.usd for one in tallies)
    return Spend(
        calls=calls,
        input_tokens=sum(one.input_tokens for one in tallies),
        output_tokens=sum(one.output_tokens for one in tallies),
        usd=known if calls and not unpriced else None,
        usd_known=known,
        unpriced=unpriced,
    )


def pass_rates(tallies: Sequence[MeasuredTally]) -> PassRates:
    """The means over all cases: a measurement of ten cases weighs twice as much as one of five."""
    measured, cases = sum(one.measured for one in tallies), sum(one.cases for one in tallies)
    if not cases:
        return PassRates()
    without, with_ = sum(one.without for one in tallies) / cases, sum(one.with_ for one in tallies) / cases
    return PassRates(measured=measured, cases=cases, without=without, with_=with_, delta=with_ - without)


def _spend_by_model(tallies: Sequence[CallTally]) -> list[ModelSpend]:
    """The most called first."""
    found = [
        ModelSpend(model=model, **spend(some).model_dump()) for model, some in _grouped(tallies, lambda one: one.model)
    ]
    return sorted(found, key=lambda one: (-one.calls, one.model))


def _rates_by_model(tallies: Sequence[MeasuredTally]) -> list[ModelPassRates]:
    """The one with the most cases first."""
    grouped = _grouped(tallies, lambda one: one.model)
    found = [ModelPassRates(model=model, **pass_rates(some).model_dump()) for model, some in grouped]
    return sorted(found, key=lambda one: (-one.cases, one.model))


def _grouped(tallies: Iterable[Counted], name: Callable[[Counted], str]) -> list[tuple[str, list[Counted]]]:
    found: dict[str, list[Counted]] = {}
    for one in tallies:
        found.setdefault(name(one), []).append(one)
    return list(found.items())
