"""What a job may spend: when a limit is reached, and what a raise makes of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.budget import Budget, Left, Spend, exhausted, expected, left, priceless, raised


@pytest.mark.parametrize(
    ("limit", "spent", "coming", "reached"),
    [
        (Budget(calls=3), Spend(calls=2), 1, False),
        (Budget(calls=3), Spend(calls=3), 1, True),
        (Budget(calls=3), Spend(calls=1), 3, True),
        (Budget(tokens=100), Spend(calls=9, tokens=99), 1, False),
        (Budget(tokens=100), Spend(calls=1, tokens=100), 1, True),
        (Budget(usd=0.5), Spend(calls=1, usd=0.49), 1, False),
        (Budget(usd=0.5), Spend(calls=1, usd=0.5), 1, True),
        (Budget(usd=0.5), Spend(), 1, False),
        (Budget(tokens=100), Spend(calls=2, tokens=60), 2, False),
        (Budget(tokens=90), Spend(calls=2, tokens=60), 2, True),
        (Budget(tokens=100), Spend(), 30, False),
        (Budget(usd=1.0), Spend(calls=4, usd=0.5), 4, False),
        (Budget(usd=1.0), Spend(calls=4, usd=0.5), 5, True),
        (Budget(), Spend(calls=10**6, tokens=10**9, usd=10**6), 1, False),
    ],
)
def test_a_limit_is_reached_before_it_is_passed(limit: Budget, spent: Spend, coming: int, reached: bool) -> None:
    assert (exhausted(limit, spent, coming) is not None) is reached


def test_money_that_cannot_be_counted_is_said_to_be_so() -> None:
    spent = Spend(calls=1, tokens=5)
    assert priceless(spent) and "price is unknown" in (exhausted(Budget(usd=1.0), spent) or "")


def test_a_raise_changes_only_what_it_names() -> None:
    assert raised(Budget(calls=3, tokens=100), Budget(calls=9)) == Budget(calls=9, tokens=100)


@pytest.mark.parametrize(
    ("spent", "coming", "said"),
    [
        (180, 4, "180 of 183 model calls are spent and 3 are under way"),
        (182, 2, "182 of 183 model calls are spent and 1 is under way"),
        (183, 1, "183 of 183 model calls are spent"),
        (185, 3, "185 of 183 model calls are spent"),
    ],
)
def test_a_limit_of_calls_adds_up_in_its_words(spent: int, coming: int, said: str) -> None:
    assert exhausted(Budget(calls=183), Spend(calls=spent), coming) == said


def test_calls_in_flight_are_said_to_take_the_rest() -> None:
    reason = exhausted(Budget(tokens=100), Spend(calls=1, tokens=40), coming=4)
    assert reason == "40 of 100 tokens are spent, and calls in flight (3) are expected to take the rest"
    assert exhausted(Budget(tokens=100), Spend(calls=1, tokens=140), coming=4) == "140 of 100 tokens are spent"
    money = exhausted(Budget(usd=1.0), Spend(calls=1, usd=0.5), coming=3)
    assert money == "0.50 of 1.00 US dollars are spent, and calls in flight (2) are expected to take the rest"


@given(st.integers(0, 10**6), st.integers(0, 100), st.integers(0, 100))
def test_what_is_expected_never_falls_with_more_calls_and_begins_at_what_is_spent(
    spent: int, calls: int, more: int
) -> None:
    assert expected(spent, calls, 0) == spent
    assert expected(spent, calls, more) <= expected(spent, calls, more + 1)
    assert calls or expected(spent, calls, more) == spent


def test_what_is_left_is_never_negative_and_unknown_where_money_cannot_be_counted() -> None:
    limit = Budget(calls=3, tokens=100, usd=1.0)
    assert left(limit, Spend(calls=1, tokens=30, usd=0.25)) == Left(calls=2, tokens=70, usd=0.75)
    assert left(limit, Spend(calls=9, tokens=300, usd=2.5)) == Left(calls=0, tokens=0, usd=0.0)
    assert left(limit, Spend(calls=1, tokens=30)) == Left(calls=2, tokens=70, usd=None)
    assert left(Budget(calls=3), Spend(calls=1, usd=0.2)) == Left(calls=2)
