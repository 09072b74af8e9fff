"""What a job may spend: when a limit is reached, and what a raise makes of it."""

import pytest

from domain.budget import Budget, Spend, exhausted, priceless, raised


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
