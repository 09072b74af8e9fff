"""Rates, trends and combinations on fixed counts, against numbers worked out by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.library.analytics import (
    Counts,
    DayTally,
    PairTally,
    SkillTally,
    Window,
    analyse,
    combinations,
    trend,
    wilson,
)
from domain.periods import Step
from domain.skill import SkillStatus

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


def window(days: int) -> Window:
    return Window(since=BEGIN, until=BEGIN + timedelta(days=days))


def tally(name: str, uses: int, successes: int, failures: int, status: SkillStatus = SkillStatus.ACTIVE) -> SkillTally:
    return SkillTally(name=name, category="data", status=status, uses=uses, successes=successes, failures=failures)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (8, 10, 0.4902, 0.9433),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (1, 1, 0.2065, 1.0),
        (50, 100, 0.4038, 0.5962),
    ],
)
def test_a_rate_says_how_sure_it_is(successes: int, n: int, low: float, high: float) -> None:
    rate = wilson(successes, n)
    assert (rate.value, rate.n) == (successes / n, n)
    assert rate.low == pytest.approx(low, abs=5e-5)
    assert rate.high == pytest.approx(high, abs=5e-5)


def test_a_rate_of_nothing_is_unknown_and_not_zero() -> None:
    rate = wilson(0, 0)
    assert (rate.value, rate.low, rate.high, rate.n) == (None, None, None, 0)


def test_uses_whose_outcome_is_unknown_count_as_uses_but_not_in_the_rate() -> None:
    found = analyse(Counts(skills=[tally("notes", 5, 3, 1)]), window(1))
    assert (found.uses, found.success.value, found.success.n) == (5, 0.75, 4)


def test_the_most_used_come_first_and_only_active_skills_count_as_never_used() -> None:
    skills = [
        tally("b", 2, 0, 0),
        tally("a", 2, 0, 0),
        tally("c", 9, 0, 0),
        tally("idle", 0, 0, 0),
        tally("old", 0, 0, 0, SkillStatus.DEPRECATED),
    ]
    found = analyse(Counts(skills=skills), window(1))
    assert [one.name for one in found.most_used] == ["c", "a", "b"]
    assert found.never_used == ["idle"]


def test_a_trend_has_no_gaps() -> None:
    days = [DayTally(day=date(2026, 3, 1), uses=2, successes=1), DayTally(day=date(2026, 3, 3), uses=1, failures=1)]
    found = trend(days, window(3))
    assert found.step is Step.DAY
    assert [(one.day.day, one.uses, one.successes, one.failures) for one in found.points] == [
        (1, 2, 1, 0),
        (2, 0, 0, 0),
        (3, 1, 0, 1),
    ]


def test_a_long_trend_is_told_by_weeks_that_begin_on_monday() -> None:
    days = [DayTally(day=date(2026, 3, 1), uses=1), DayTally(day=date(2026, 3, 2), uses=2)]
    found = trend([*days, DayTally(day=date(2026, 3, 8), uses=3)], window(90))
    assert (found.step, len(found.points)) == (Step.WEEK, 14)
    assert [(one.day.isoformat(), one.uses) for one in found.points[:3]] == [
        ("2026-02-23", 1),
        ("2026-03-02", 5),
        ("2026-03-09", 0),
    ]


def test_combinations_have_support_and_lift() -> None:
    """10 sessions; a in 4, b in 5, both in 4: support 0.4, lift (4/10) / (4/10 × 5/10) = 2. c in 8, a and c in 3:
    support 0.3, lift 3 × 10 / (4 × 8) = 0.9375. One meeting is none."""
    counts = Counts(
        sessions=10,
        in_sessions={"a": 4, "b": 5, "c": 8},
        pairs=[
            PairTally(first="a", second="c", sessions=3),
            PairTally(first="a", second="b", sessions=4),
            PairTally(first="b", second="c", sessions=1),
        ],
    )
    assert [(one.skills, one.support, one.lift) for one in combinations(counts)] == [
        (["a", "b"], 0.4, 2.0),
        (["a", "c"], 0.3, 0.9375),
    ]
