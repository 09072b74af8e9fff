"""Amounts in words: two digits that matter, and something is never shown as nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pages.amounts import MINUS, NARROW, lasting, money, number, percent, points, share


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (0, "0 s"),
        (0.25, "0.2 s"),
        (59, "59 s"),
        (59.9, "1 min"),
        (60, "1 min"),
        (150, "2.5 min"),
        (3_600, "1 h"),
        (86_400, "24 h"),
        (200_000, "2.3 d"),
        (8_640_000, "100 d"),
    ],
)
def test_a_time_is_told_in_the_unit_that_fits(seconds: float | None, words: str) -> None:
    assert lasting(seconds) == words


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0"), (9_999, "9,999"), (12_345, "12 k"), (1_250_000, "1.2 M"), (10_000, "10 k")]
)
def test_a_count_is_short(value: int, words: str) -> None:
    assert number(value) == words


@pytest.mark.parametrize(
    ("usd", "known", "unpriced", "calls", "words"),
    [
        (None, 0.0, 0, 0, "–"),
        (1.5, 1.5, 0, 3, "1.50 USD"),
        (None, 0.0, 3, 3, "price unknown"),
        (None, 1.5, 1, 4, "1.50 USD, price unknown for 25 % of the calls"),
    ],
)
def test_a_price_that_nobody_knows_is_never_zero(
    usd: float | None, known: float, unpriced: int, calls: int, words: str
) -> None:
    assert money(usd, known, unpriced, calls).replace(NARROW, " ") == words


@given(st.floats(0, 1))
def test_a_part_is_never_shown_as_nothing_or_as_all(value: float) -> None:
    assert (percent(value) == f"0{NARROW}%") == (value == 0)
    assert (percent(value) == f"100{NARROW}%") == (value == 1)


def test_what_was_not_measured_is_no_number() -> None:
    assert (percent(None), percent(None, "not measured")) == ("–", "not measured")


@pytest.mark.parametrize(
    ("delta", "words"), [(None, "–"), (0.254, "+25 points"), (-0.1, f"{MINUS}10 points"), (0, "±0 points")]
)
def test_a_gain_has_its_sign(delta: float | None, words: str) -> None:
    assert points(delta).replace(NARROW, " ") == words


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_a_bar_is_as_long_as_its_share_and_there_for_something(value: float, most: float) -> None:
    length = share(min(value, most), most)
    assert 0 <= length <= 100
    assert (length > 0) == (min(value, most) > 0)
