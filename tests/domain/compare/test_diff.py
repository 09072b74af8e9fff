"""Diffs: nothing of either text is lost, words inside lines are told apart, and no input takes long."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.compare.diff import LARGEST, MOST_LINES, DiffRow, RowKind, folded, lines_of, side_by_side, unified
from domain.compare.rewording import SpanKind

TEXTS = st.text(alphabet="ab \n-é\u2028\r", max_size=60)
MEGABYTE = 1_000_000


def written(rows: list[DiffRow], side: str) -> str:
    """The text that one side of the rows shows."""
    shown = [row for row in rows if getattr(row, f"{side}_no") is not None]
    return "\n".join("".join(span.text for span in getattr(row, side)) for row in shown)


def applied(before: str, diff: str) -> list[str]:
    """The new lines, made from the old ones as `patch` does."""
    old, new, at = before.splitlines(), list[str](), 0
    for line in diff.splitlines()[2:] if diff else []:
        if line.startswith("@@"):
            start, _, size = line.split()[1][1:].partition(",")
            place = int(start) - (size != "0")
            new += old[at:place]
            at = place
        elif line[0] in " -":
            assert old[at] == line[1:]
            at += 1
            new += [line[1:]] if line[0] == " " else []
        else:
            new.append(line[1:])
    return new + old[at:]


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_back_from_the_rows(before: str, after: str) -> None:
    rows = side_by_side(before, after)
    for text, side in ((before, "left"), (after, "right")):
        assert written(rows, side) in (text, text.removesuffix("\n"))
    assert [row.left_no for row in rows if row.left_no] == list(range(1, sum(bool(row.left_no) for row in rows) + 1))


@given(TEXTS, TEXTS)
def test_a_row_says_what_happened_to_its_line(before: str, after: str) -> None:
    for row in side_by_side(before, after):
        assert (row.kind is RowKind.EQUAL) == (row.left == row.right and None not in (row.left_no, row.right_no))
        assert (row.left_no is None) == (row.kind is RowKind.ADDED)
        assert (row.right_no is None) == (row.kind is RowKind.REMOVED)
        assert SpanKind.ADDED not in {span.kind for span in row.left}
        assert SpanKind.REMOVED not in {span.kind for span in row.right}


@given(st.text(alphabet="ab\n", max_size=60), st.text(alphabet="ab\n", max_size=60), st.integers(0, 4))
def test_a_unified_diff_turns_the_old_lines_into_the_new_ones(before: str, after: str, context: int) -> None:
    diff = unified(before, after, "old", "new", context)
    assert applied(before, diff) == after.splitlines()
    assert (diff == "") == (before.splitlines() == after.splitlines())


def test_a_unified_diff_reads_as_everywhere() -> None:
    lines = [f"{n}\n" for n in range(20)]
    after = [*lines[:5], "new\n", *lines[5:15], *lines[16:]]
    assert unified("".join(lines), "".join(after), "old", "new", 1).splitlines() == [
        *("--- old", "+++ new", "@@ -5,2 +5,3 @@", " 4", "+new", " 5"),
        *("@@ -15,3 +16,2 @@", " 14", "-15", " 16"),
    ]
    assert unified("", "a\nb\n", "old", "new").splitlines()[2] == "@@ -0,0 +1,2 @@"


def test_the_words_that_changed_inside_a_line_are_marked_and_no_others() -> None:
    [row] = side_by_side("Reply within 30 days.\n", "Reply within 14 working days.\n")
    assert [(span.kind, span.text) for span in row.left] == [
        ("same", "Reply within "),
        ("removed", "30"),
        ("same", " days."),
    ]
    assert [span.text for span in row.right if span.kind is SpanKind.ADDED] == ["14 working"]


def test_a_line_is_paired_with_the_one_it_became_not_with_its_neighbour() -> None:
    before = "Delete the record of the person.\n"
    after = "First ask who they are.\nDelete the whole record of the person.\n"
    assert [(row.kind, row.left_no, row.right_no) for row in side_by_side(before, after)] == [
        ("added", None, 1),
        ("changed", 1, 2),
    ]


def test_unchanged_stretches_are_folded_and_counted() -> None:
    lines = [str(n) for n in range(1, 31)]
    rows = side_by_side("\n".join(lines), "\n".join([*lines[:14], "x", *lines[15:]]))
    short = folded(rows, 2)
    assert [(row.kind, row.left_no, row.folded) for row in short if row.kind is RowKind.FOLDED] == [
        ("folded", 1, 12),
        ("folded", 18, 13),
    ]
    assert len(short) == 2 + 2 * 2 + 2
    assert folded(side_by_side("a\nb", "a\nb"), 3) == [DiffRow(kind=RowKind.FOLDED, left_no=1, right_no=1, folded=2)]
    assert folded([], 3) == []


@given(TEXTS, TEXTS, st.integers(0, 5))
def test_folding_hides_only_unchanged_lines(before: str, after: str, context: int) -> None:
    rows = side_by_side(before, after)
    short = folded(rows, context)
    assert sum(row.folded or 1 for row in short) == len(rows)
    assert [row for row in short if row.kind not in (RowKind.EQUAL, RowKind.FOLDED)] == [
        row for row in rows if row.kind is not RowKind.EQUAL
    ]


def test_a_line_end_that_only_one_text_has_is_seen() -> None:
    assert [row.kind for row in side_by_side("a", "a\n")] == ["equal", "added"]
    assert [row.kind for row in side_by_side("a\n", "a\n")] == ["equal"]
    assert [row.kind for row in side_by_side("", "a\n")] == ["added"]


def test_a_text_with_very_many_lines_keeps_its_rest_in_one() -> None:
    text = "\n" * (2 * MOST_LINES) + "end"
    assert len(lines_of(text)) == MOST_LINES + 1
    assert "\n".join(lines_of(text)) == text


def test_texts_too_large_to_read_are_not_compared_in_one_listing() -> None:
    assert unified("a" * LARGEST, "b", "old", "new") == "The texts are too large to compare here."


def chosen(letters: str, size: int, seed: int) -> str:
    dice = random.Random(seed)
    return "".join(dice.choice(letters) for _ in range(size))


def shuffled(seed: int) -> str:
    lines = [str(n) for n in range(MEGABYTE // 7)]
    random.Random(seed).shuffle(lines)
    return "\n".join(lines)


HOSTILE: dict[str, Callable[[], tuple[str, str]]] = {
    "nothing in common": lambda: ("x\n" * (MEGABYTE // 2), "y\n" * (MEGABYTE // 2)),
    "only line ends": lambda: ("\n" * MEGABYTE, "\n" * (MEGABYTE - 7) + "a"),
    "every second line": lambda: ("x\ny\n" * (MEGABYTE // 4), "x\n" * (MEGABYTE // 2)),
    "two letters by chance": lambda: (chosen("a\n", MEGABYTE, 1), chosen("a\n", MEGABYTE, 2)),
    "one line": lambda: ("ab " * (MEGABYTE // 3), "ac " * (MEGABYTE // 3)),
    "words by chance": lambda: (chosen("ab  \n", MEGABYTE, 3), chosen("ab  \n", MEGABYTE, 4)),
    "long lines": lambda: ("a b c\td" * 700 + "\n", "a c b\td" * 700 + "\n"),
    "another order": lambda: (shuffled(5), shuffled(6)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_every_pair_of_a_megabyte_comes_back_and_none_loses_anything(name: str) -> None:
    """A comparison whose steps were not bounded would not come back from these for hours."""
    before, after = HOSTILE[name]()
    rows = side_by_side(before, after)
    unified(before[: LARGEST // 2], after[: LARGEST // 2], "old", "new")
    assert written(rows, "left").removesuffix("\n") == before.removesuffix("\n")
    assert written(rows, "right").removesuffix("\n") == after.removesuffix("\n")
