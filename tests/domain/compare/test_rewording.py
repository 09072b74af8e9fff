"""Which line became which, and which words changed: plausible, lossless, and within the effort."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.compare.alignment import Effort
from domain.compare.rewording import LONGEST_LINE, Span, SpanKind, pairs, spans

LINES = st.lists(st.text("ab c", max_size=8), max_size=6)


@given(LINES, LINES, st.sampled_from([0, 10_000]))
def test_every_line_of_both_sides_comes_once_and_in_order(old: list[str], new: list[str], effort: int) -> None:
    found = list(pairs(old, new, Effort(effort)))
    assert [x for x, _ in found if x is not None] == list(range(len(old)))
    assert [y for _, y in found if y is not None] == list(range(len(new)))
    assert (None, None) not in found


def test_lines_are_paired_by_their_words_and_unlike_ones_stay_alone() -> None:
    old = ["read the whole file", "close it"]
    new = ["something else entirely", "read the whole long file"]
    assert list(pairs(old, new, Effort(10_000))) == [(None, 0), (0, 1), (1, None)]


def test_without_effort_lines_face_each_other_as_they_come() -> None:
    assert list(pairs(["a", "b"], ["b"], Effort(0))) == [(0, 0), (1, None)]


@given(st.text("ab -é\t", max_size=30), st.text("ab -é\t", max_size=30), st.sampled_from([0, 20, 10_000]))
def test_the_pieces_of_a_line_are_the_line(old: str, new: str, effort: int) -> None:
    left, right = spans(old, new, Effort(effort))
    assert ("".join(span.text for span in left), "".join(span.text for span in right)) == (old, new)
    assert [span for span in left + right if not span.text] == []
    for side in (left, right):
        assert all(one.kind is not other.kind for one, other in pairwise(side))


def test_a_gap_between_two_changed_words_is_changed_too() -> None:
    left, _ = spans("keep red apples", "keep green pears", Effort(1_000))
    assert left == [Span(text="keep "), Span(text="red apples", kind=SpanKind.REMOVED)]


def test_very_long_lines_change_whole() -> None:
    long = "word " * LONGEST_LINE
    left, right = spans(long, long + "x", Effort(10**9))
    assert ([span.kind for span in left], [span.kind for span in right]) == ([SpanKind.REMOVED], [SpanKind.ADDED])
