"""Days and weeks of any window: without gaps, and every moment in exactly one of them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.periods import MOST_DAYS, Step, periods

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
LENGTHS = st.timedeltas(timedelta(microseconds=1), timedelta(days=366))


@given(MOMENTS, LENGTHS, st.floats(0, 1, exclude_max=True))
def test_every_moment_of_a_window_lies_in_the_last_period_that_begins_before_it(
    since: datetime, length: timedelta, share: float
) -> None:
    known = periods(since, since + length)
    stride = timedelta(days=1 if known.step is Step.DAY else 7)
    assert all(later - earlier == stride for earlier, later in zip(known.starts, known.starts[1:], strict=False))
    assert len(known.starts) <= MOST_DAYS + 1
    moment = (since + share * length).date()
    start = known.start_of(moment)
    assert start == max(day for day in known.starts if day <= moment)
    assert moment - start < stride


@given(MOMENTS, LENGTHS)
def test_what_lies_outside_belongs_to_no_period(since: datetime, length: timedelta) -> None:
    known = periods(since, since + length)
    assert known.start_of(known.starts[0] - timedelta(days=1)) is None
    assert known.start_of(known.starts[-1] + timedelta(days=7)) is None


@pytest.mark.parametrize(("days", "step", "points"), [(1, Step.DAY, 1), (60, Step.DAY, 60), (61, Step.WEEK, 10)])
def test_a_long_window_is_cut_into_weeks_that_begin_on_monday(days: int, step: Step, points: int) -> None:
    begin = datetime(2026, 3, 1, tzinfo=UTC)  # a Sunday
    known = periods(begin, begin + timedelta(days=days))
    assert (known.step, len(known.starts)) == (step, points)
    assert step is Step.DAY or known.starts[0].weekday() == 0


def test_days_are_those_of_utc_wherever_who_asks_lives() -> None:
    late = datetime(2026, 3, 1, 23, tzinfo=timezone(timedelta(hours=-5)))
    assert [day.isoformat() for day in periods(late, late + timedelta(hours=1)).starts] == ["2026-03-02"]
