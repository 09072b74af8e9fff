"""Patterns of models and people: a search ends whatever they are, and what is taken means what it means to Python."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.evidence.patterns import MAX_PARTS, MAX_PATTERN, MAX_SEARCHED, SECONDS, TooSlow, pattern_problem, search

SIGNS = st.sampled_from(
    [*"ab01 ()[]{}*+?|.^$\\-,:=!<", "(?:", "(?i)", "[^", r"\d", r"\w", r"\b", "{2}", "{,3}", "{1,}", "e"]
)
SLOW = ["((a))*b|(.*a){10}X", "(ab|a|b)*c", "(a?){40}b", "(.*,){10}X", "a*a*a*a*a*a*b", r"(?:\w+\W+){14}\w+!"]


@pytest.mark.parametrize("pattern", SLOW)
@pytest.mark.parametrize("text", ["a" * 30_000, "ab" * 15_000, "a," * 15_000, ("w" * 99 + " ") * 300])
def test_every_search_ends_in_time(pattern: str, text: str) -> None:
    assert pattern_problem(pattern) is None
    began = time.process_time()
    try:
        search(pattern, text)
    except TooSlow as slow:
        assert "seconds" in str(slow)
    assert time.process_time() - began < 4 * SECONDS


def test_a_search_that_is_cut_off_is_told_from_one_that_finds_nothing() -> None:
    with pytest.raises(TooSlow):
        search("(.*,){10}X", "a," * 10_000)
    assert search("(.*,){10}X", "a") is None


def test_only_the_beginning_of_a_long_text_is_searched() -> None:
    assert search("b", "a" * MAX_SEARCHED + "b") is None
    assert search("(?s).+", "a" * MAX_SEARCHED + "b") == "a" * MAX_SEARCHED


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(a+)+$", "exponential"),
        ("(a*)*", "exponential"),
        (r"(\w+\s?)+x", "exponential"),
        ("(a|b{2,})*", "exponential"),
        ("((a+))+b", "exponential"),
        ("(?:x(?:y(?#why)(?:a*|b)))+", "exponential"),
        ("(a{1,3}){2,}", "exponential"),
        (r"(a)\1", "exponential"),
        ("(?P<x>a)(?P=x)", "exponential"),
        ("a" * (MAX_PATTERN + 1), str(MAX_PATTERN)),
        ("((a{1000}){1000}){1000}", str(MAX_PARTS)),
        ("((a){70}(?#c)){80}", str(MAX_PARTS)),
        ("(" * 20 + "a" + ")+b" * 20, "exponential"),
        (r"\w{4294967294}", str(MAX_PARTS)),
        ("a{99999999999}", str(MAX_PARTS)),
        ("(?x)(a{900}) {900}", "flag x"),
        ("(?:foo){e<=1}", "counts nothing"),
        ("x{i}", "counts nothing"),
        ("[[:alpha:]]", "within brackets"),
        ("[a[:alpha:]]", "within brackets"),
        (r"\\[a--b]", "within brackets"),
        ("[[", "within brackets"),
        ("(", "no regular expression"),
        (r"\p{L}", "no regular expression"),
        ("(?<x>a)", "no regular expression"),
        ("(?R)", "no regular expression"),
        ("(?V1)a", "no regular expression"),
        ("a**", "no regular expression"),
        ("[z-a]", "no regular expression"),
    ],
)
def test_what_is_not_taken_is_refused_with_its_reason(pattern: str, why: str) -> None:
    assert why in (pattern_problem(pattern) or "")


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?im)^\W{0,6}Added\s*(?:\W{0,4}$|:)",
        r"(?:\w+\W+){14}\w+",
        r"v\d+\.\d+",
        r"(?:\d{2}:)+",
        r"\[[^[\]]+\]\([^()]+\)",
        r"\\1",
        "[]a]",
        "a+?b++",
        ".{0,2000}x",
        '{"name": .+}',
        r"[(+*]+\)",
    ],
)
def test_ordinary_patterns_are_taken(pattern: str) -> None:
    assert pattern_problem(pattern) is None


@given(st.lists(SIGNS, max_size=12).map("".join), st.text("ab01 e-[]{},:\n", max_size=12))
def test_what_is_taken_finds_what_python_finds(pattern: str, text: str) -> None:
    """Warnings are errors here: no pattern is taken, or even tried, that a later Python may read otherwise."""
    if pattern_problem(pattern) is None:
        found = re.search(pattern, text)
        assert search(pattern, text) == (found and found[0])


@given(st.text(max_size=MAX_PATTERN) | st.text("[]()^-&|~\\a+*?{}9,x:#", max_size=30))
def test_any_text_is_a_pattern_or_is_refused(text: str) -> None:
    if pattern_problem(text) is None:
        re.compile(text)
