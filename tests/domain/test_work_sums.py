"""Sums of work: nothing is lost or counted twice, an unknown price is never 0, and a mean stays between its parts."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.job import JobStatus
from domain.prompt import HitlType
from domain.work import CallTally, EventTally, MeasuredTally, WaitTally, Work, WorkCounts
from domain.work_sums import pass_rates, spend, summed

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
FEW = st.integers(0, 1_000)
DAYS = st.integers(0, 89).map(lambda n: (BEGIN + timedelta(days=n)).date())
MODELS = st.sampled_from(["a", "b", "<script>", ""])
CALLS = st.builds(
    lambda calls, part, **more: CallTally(calls=calls, unpriced=min(calls, part), **more),
    calls=FEW,
    part=FEW,
    model=MODELS,
    day=DAYS,
    input_tokens=FEW,
    output_tokens=FEW,
    usd=st.floats(0, 1_000),
)
EVENTS = st.builds(
    EventTally, day=DAYS, ended=st.sampled_from([None, *(one for one in JobStatus if one.final)]), jobs=FEW
)


def measurement(cases: int, without: float, with_: float, model: str, day: date) -> MeasuredTally:
    return MeasuredTally(model=model, day=day, measured=1, cases=cases, without=without * cases, with_=with_ * cases)


SHARES = st.floats(0, 1)
MEASURED = st.builds(measurement, st.integers(1, 50), SHARES, SHARES, MODELS, DAYS)


def of(counts: WorkCounts, days: int = 90) -> Work:
    return summed(counts, BEGIN, BEGIN + timedelta(days=days))


@given(st.lists(CALLS), st.lists(EVENTS), st.lists(MEASURED))
def test_every_way_of_adding_up_comes_to_the_same(
    calls: list[CallTally], events: list[EventTally], measured: list[MeasuredTally]
) -> None:
    found = of(WorkCounts(calls=calls, events=events, measured=measured))
    for parts in (found.spend_by_model, found.spend_over_time):
        assert sum(one.calls for one in parts) == found.spend.calls == sum(one.calls for one in calls)
        assert sum(one.unpriced for one in parts) == found.spend.unpriced
        assert sum(one.usd_known for one in parts) == pytest.approx(found.spend.usd_known)
    for rates in (found.pass_rates_by_model, found.pass_rates_over_time):
        assert sum(one.cases for one in rates) == found.pass_rates.cases
        assert sum(one.measured for one in rates) == len(measured)
    told = [one.started + one.completed + one.failed + one.cancelled for one in found.jobs]
    assert sum(told) == sum(one.jobs for one in events)
    assert len(found.jobs) == len(found.spend_over_time) == len(found.pass_rates_over_time) == 14


@given(st.lists(CALLS))
def test_a_sum_with_an_unknown_price_is_unknown_and_says_how_much_is_known(calls: list[CallTally]) -> None:
    found = spend(calls)
    assert (found.usd is None) == (found.calls == 0 or found.unpriced > 0)
    assert found.unpriced <= found.calls
    assert found.usd in (None, found.usd_known)


@given(st.lists(MEASURED, min_size=1))
def test_a_mean_lies_between_its_parts_and_the_delta_between_the_means(measured: list[MeasuredTally]) -> None:
    found = pass_rates(measured)
    assert found.with_ is not None and found.without is not None and found.delta is not None
    shares = [one.with_ / one.cases for one in measured]
    assert min(shares) - 1e-9 <= found.with_ <= max(shares) + 1e-9
    assert found.delta == found.with_ - found.without


def test_a_measurement_weighs_as_much_as_it_has_cases() -> None:
    found = pass_rates([measurement(9, 0, 1, "a", BEGIN.date()), measurement(1, 1, 0, "a", BEGIN.date())])
    assert (found.measured, found.cases, found.without, found.with_) == (2, 10, 0.1, 0.9)


def test_nothing_measured_is_unknown_and_not_zero() -> None:
    found = of(WorkCounts())
    assert (found.pass_rates.with_, found.pass_rates.delta, found.spend.usd) == (None, None, None)
    assert found.by_status == dict.fromkeys(JobStatus, 0)
    assert [one.started for one in of(WorkCounts(), 3).jobs] == [0, 0, 0]


def test_waits_stand_in_the_order_of_the_work_and_only_where_somebody_was_asked() -> None:
    asked = [WaitTally(kind=HitlType.PREVIEW, open=1), WaitTally(kind=HitlType.CLARIFY, n=1, median=1.0, p90=2.0)]
    found = of(WorkCounts(waits=[*asked, WaitTally(kind=HitlType.BUDGET)]))
    assert [one.kind for one in found.waits] == [HitlType.CLARIFY, HitlType.PREVIEW]


def test_the_most_called_model_stands_first() -> None:
    day = BEGIN.date()
    calls = [CallTally(model="a", day=day, calls=1), CallTally(model="b", day=day, calls=3)]
    assert [one.model for one in of(WorkCounts(calls=calls)).spend_by_model] == ["b", "a"]
