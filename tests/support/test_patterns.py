"""Texts for regular expressions."""

import re

import pytest

from tests.support.patterns import UnsupportedPatternError, matching


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[a-z0-9]+(-[a-z0-9]+)*$",
        r"^[A-Z]\w*( \w+){5,26}[.]$",
        r"^\d{4}-\d{2}$",
        r"^v\d+\.\d+\.\d+(?:-rc\d+)?$",
        r"^(?P<kind>red|green): [^\s]{3,}$",
        r"^[A-Za-z0-9,;:()'/%-]+?$",
        r"^\[x\] [^\]]+$",
        r"^.{2,4}$",
        "",
    ],
)
@pytest.mark.parametrize("extra", [0, 3])
def test_the_text_matches_its_pattern(pattern: str, extra: int) -> None:
    assert re.search(pattern, matching(pattern, "orders", extra))


def test_the_letters_come_from_the_hint() -> None:
    assert matching(r"^[a-z]{6}$", "orders") == "orders"


def test_open_repeats_grow_on_request_and_closed_ones_do_not_overflow() -> None:
    assert matching(r"^a*b{1,3}$", "x", extra=5) == "aaaaabbb"


@pytest.mark.parametrize("pattern", [r"^(?!x)y$", r"(a)\1", "a)", "(a", "[a"])
def test_what_it_cannot_write_is_refused_instead_of_guessed(pattern: str) -> None:
    with pytest.raises(UnsupportedPatternError):
        matching(pattern, "a")
