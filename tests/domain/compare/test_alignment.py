"""What two sequences have in common: whole, in order, and never at any price."""

from hypothesis import given
from hypothesis import strategies as st

from domain.compare.alignment import Effort, blocks

ITEMS = st.lists(st.sampled_from("abcdef"), max_size=25)


@given(ITEMS, ITEMS, st.integers(0, 400))
def test_blocks_cover_both_sequences_by_turns_whatever_the_effort(left: list[str], right: list[str], most: int) -> None:
    x = y = 0
    last = None
    for block in blocks(left, right, Effort(most)):
        assert (block.left, block.right) == (x, y)
        assert block.same is not last
        assert not block.same or left[x : block.left_end] == right[y : block.right_end]
        assert block.left_end > x or block.right_end > y
        x, y, last = block.left_end, block.right_end, block.same
    assert (x, y) == (len(left), len(right))


def longest(left: str, right: str) -> int:
    """Length of a longest common subsequence, the slow and certain way."""
    best = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for x, one in enumerate(left):
        for y, other in enumerate(right):
            best[x + 1][y + 1] = best[x][y] + 1 if one == other else max(best[x][y + 1], best[x + 1][y])
    return best[-1][-1]


@given(st.text("ab", max_size=14), st.text("ab", max_size=14))
def test_without_lines_that_occur_once_the_common_part_is_the_longest_there_is(left: str, right: str) -> None:
    left, right = f"ab{left}ab", f"ab{right}ab"  # so that no item occurs once
    found = blocks(left, right, Effort(100_000))
    assert sum(block.left_end - block.left for block in found if block.same) == longest(left, right)


def test_lines_that_occur_once_in_both_are_held_fast() -> None:
    left = ["}", "one", "}", "two", "}"]
    right = ["}", "two", "}", "}", "three", "}"]
    held = [left[block.left : block.left_end] for block in blocks(left, right, Effort(1_000)) if block.same]
    assert any("two" in lines for lines in held)


def test_without_effort_only_what_is_certain_is_the_same() -> None:
    found = blocks(["a", "x", "y", "x", "e"], ["a", "y", "y", "x", "x", "e"], Effort(0))
    assert [block.same for block in found] == [True, False, True]
    effort = Effort(3)
    assert (effort.take(2), effort.take(2), effort.take(1)) == (True, False, True)
