"""What changed, in one column and in two: words marked, nothing dropped, bounded for every input."""

import time

import pytest

from api.pages.rendering import diff_lines, fitting, lines_of_rows, split
from api.pages.rendering.diff import LONGEST
from domain.compare.diff import folded, side_by_side, unified


def test_a_diff_is_told_line_by_line_without_its_file_headers() -> None:
    lines = diff_lines("--- before\n+++ after\n@@ -1 +1 @@\n-old\n+new\n same")
    assert [(line.kind, line.text) for line in lines] == [
        ("place", "@@ -1 +1 @@"),
        ("removed", "old"),
        ("added", "new"),
        ("same", "same"),
    ]


def test_lines_that_look_like_headers_are_kept() -> None:
    lines = diff_lines(unified("a\n-- one\n", "a\n++ two\n", "before", "after"))
    assert [(line.kind, line.text) for line in lines[1:]] == [("same", "a"), ("removed", "-- one"), ("added", "++ two")]


def test_a_place_in_a_diff_is_told_by_its_line() -> None:
    place, same = diff_lines("@@ -57,6 +59,8 @@\n @@ -1 +1 @@")
    assert (place.words, same.words) == ("Line 59", "@@ -1 +1 @@")


def test_a_file_that_is_gone_has_no_line_zero() -> None:
    assert diff_lines(unified("a\nb\n", "", "before", "after"))[0].words == "Nothing is left of it"


def test_words_that_changed_inside_a_line_are_marked() -> None:
    was, now = diff_lines("-Read every merged request\n+Read every open request")
    assert was.html == "Read every <mark>merged</mark> request"
    assert now.html == "Read every <mark>open</mark> request"


def test_a_line_that_changed_whole_is_not_marked_word_by_word() -> None:
    was, now = diff_lines("-alpha beta\n+1 2 3 4")
    assert (was.html, now.html) == ("alpha beta", "1 2 3 4")


def test_what_hides_in_a_change_is_shown_and_nothing_becomes_html() -> None:
    [line] = diff_lines("+<b>\u202eevil</b>")
    assert line.html == '&lt;b&gt;<span class="inv">U+202E</span>evil&lt;/b&gt;'
    marked = diff_lines("-say hello to all\n+say <i>\u200b</i> to all")[1]
    assert "<i>" not in marked.html and "U+200B" in marked.html


def test_one_column_tells_of_each_change_first_what_went_then_what_came() -> None:
    rows = folded(
        side_by_side("a\none two three\nfour five six\nz\n" + "x\n" * 9, "a\none 2 three\nfour 5 six\nz\n" + "x\n" * 9),
        1,
    )
    lines = lines_of_rows(rows)
    assert [(line.kind, line.text) for line in lines] == [
        ("same", "a"),
        ("removed", "one two three"),
        ("removed", "four five six"),
        ("added", "one 2 three"),
        ("added", "four 5 six"),
        ("same", "z"),
        ("place", "9 unchanged lines"),
    ]
    assert lines[3].html == "one <mark>2</mark> three"


def test_two_columns_stand_beside_each_other() -> None:
    rows = split(side_by_side("same\nred car\n", "same\nred bus\nnew\n"))
    assert [(row.kind, row.left_no, row.right_no) for row in rows] == [
        ("equal", 1, 1),
        ("changed", 2, 2),
        ("added", None, 3),
    ]
    assert (rows[1].left, rows[1].right) == ("red <mark>car</mark>", "red <mark>bus</mark>")


def test_unicode_line_ends_and_returns_stay_inside_their_lines() -> None:
    rows = split(side_by_side("a\u2028b\n", "a\u2028c\r\n"))
    assert len(rows) == 1
    assert "U+2028" in rows[0].left and "U+000D" in rows[0].right


def test_what_no_page_takes_is_left_out() -> None:
    rows = side_by_side("", "\n".join("y" * 1_000 for _ in range(1_000)))
    assert 0 < len(fitting(rows)) < len(rows)
    [row] = fitting(side_by_side("", "z" * (LONGEST + 5)))
    assert split([row])[0].right.endswith("… (5 more characters)")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ab\n" * 170_000, "ba\n" * 170_000),
        ("a b " * 125_000, "b a " * 125_000),
        ("".join(f"{n} same\n" for n in range(50_000)), "".join(f"same {n}\n" for n in range(50_000, 0, -1))),
    ],
    ids=["short lines", "one line", "all moved"],
)
def test_a_megabyte_made_to_be_slow_is_compared_in_time(before: str, after: str) -> None:
    began = time.monotonic()
    rows = fitting(folded(side_by_side(before, after), 3)[:5_000])
    assert lines_of_rows(rows) and split(rows)
    diff_lines(unified(before, after, "old", "new"))
    assert time.monotonic() - began < 20
