"""Lengths of time as people write them."""

from datetime import timedelta

import pytest
import typer

from cli.durations import duration


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("7D", timedelta(days=7)),
        ("1h30m", timedelta(minutes=90)),
        (" 2w ", timedelta(days=14)),
    ],
)
def test_a_time_is_a_number_with_its_unit(text: str, time: timedelta) -> None:
    assert duration(text) == time


@pytest.mark.parametrize("text", ["", "7", "d7", "1.5h", "1h 30m", "-3d", "9999999d", "x"])
def test_anything_else_says_how_one_is_written(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="1h30m"):
        duration(text)
