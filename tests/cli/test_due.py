"""Times in words."""

from datetime import UTC, datetime, timedelta

import pytest

from cli.due import clock, due, long

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (timedelta(days=3, hours=5), "in 3 d"),
        (timedelta(minutes=59), "in 59 min"),
        (timedelta(), "in 0 s"),
        (timedelta(hours=-2, minutes=-9), "overdue 2 h"),
    ],
)
def test_what_is_due_and_what_is_overdue(away: timedelta, words: str) -> None:
    assert due(NOW + away, NOW) == words


def test_what_is_never_due() -> None:
    assert due(None, NOW) == "-"


def test_a_clock_that_is_behind_gives_no_negative_times() -> None:
    assert (long(timedelta(seconds=-5)), clock(timedelta(seconds=-5))) == ("0 s", "0:00")


def test_hours_are_shown_when_there_are_some() -> None:
    assert (clock(timedelta(seconds=75)), clock(timedelta(hours=2, seconds=5))) == ("1:15", "2:00:05")
