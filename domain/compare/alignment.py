"""Which parts of two sequences are the same: the common lines of two texts, the common words of two lines.

Lines that occur once in both are taken as fixed points (patience), what lies between is compared by Myers' O(ND)
algorithm. Every step is counted: when a comparison has used up its effort, the rest counts as different, so that no
input, however hostile, takes longer than its size and the effort allow.
"""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple


@dataclass
class Effort:
    """How many more elementary steps may be taken (some 5 million of them take a second)."""

    left: int

    def take(self, steps: int) -> bool:
        """Take these steps; False when there are not as many left."""
        if steps > self.left:
            return False
        self.left -= steps
        return True


class Run(NamedTuple):
    """`size` items from `left` in one sequence are those from `right` in the other."""

    left: int
    right: int
    size: int


class Block(NamedTuple):
    """Two half-open ranges that face each other, all the same or all different."""

    same: bool
    left: int
    left_end: int
    right: int
    right_end: int


def blocks(before: Sequence[str], after: Sequence[str], effort: Effort) -> list[Block]:
    """Both sequences whole and in order, as same and different blocks by turns."""
    known: dict[str, int] = {}
    left = [known.setdefault(item, len(known)) for item in before]
    right = [known.setdefault(item, len(known)) for item in after]
    found: list[Block] = []
    x = y = 0
    for run in _joined(_matches(left, right, effort)):
        if run.left > x or run.right > y:
            found.append(Block(False, x, run.left, y, run.right))
        x, y = run.left + run.size, run.right + run.size
        found.append(Block(True, run.left, x, run.right, y))
    if x < len(left) or y < len(right):
        found.append(Block(False, x, len(left), y, len(right)))
    return found


def _joined(runs: Iterator[Run]) -> Iterator[Run]:
    """Runs that follow each other without a gap as one."""
    last = Run(0, 0, 0)
    for run in runs:
        if (run.left, run.right) == (last.left + last.size, last.right + last.size):
            last = Run(last.left, last.right, last.size + run.size)
            continue
        if last.size:
            yield last
        last = run
    if last.size:
        yield last


def _matches(left: list[int], right: list[int], effort: Effort) -> Iterator[Run]:
    """Everything in common, in order: between one fixed point and the next, what Myers finds."""
    x = y = 0
    for point in [*_fixed_points(left, right), Run(len(left), len(right), 0)]:
        yield from _between(left, right, Block(False, x, point.left, y, point.right), effort)
        if point.size:
            yield point
        x, y = point.left + point.size, point.right + point.size


def _fixed_points(left: list[int], right: list[int]) -> list[Run]:
    """Items that occur once in both, as many as come in the same order in both."""
    once_left, once_right = Counter(left), Counter(right)
    places = {item: y for y, item in enumerate(right) if once_right[item] == 1}
    both = [(x, places[item]) for x, item in enumerate(left) if once_left[item] == 1 and item in places]
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, (_, y) in enumerate(both):
        size = bisect_left(tails, y)
        tails[size : size + 1] = [y]
        ends[size : size + 1] = [index]
        before.append(ends[size - 1] if size else -1)
    chain: list[Run] = []
    index = ends[-1] if ends else -1
    while index >= 0:
        chain.append(Run(*both[index], 1))
        index = before[index]
    return chain[::-1]


def _between(left: list[int], right: list[int], gap: Block, effort: Effort) -> Iterator[Run]:
    """What a gap has in common: its beginning, its end, and what Myers finds in the middle."""
    x, y = gap.left, gap.right
    head = _common(left, right, gap)
    if head:
        yield Run(x, y, head)
    x, y = x + head, y + head
    tail = _common_end(left, right, Block(False, x, gap.left_end, y, gap.right_end))
    middle = left[x : gap.left_end - tail], right[y : gap.right_end - tail]
    for run in _myers(*middle, effort):
        yield Run(run.left + x, run.right + y, run.size)
    if tail:
        yield Run(gap.left_end - tail, gap.right_end - tail, tail)


def _common(left: list[int], right: list[int], gap: Block) -> int:
    most = min(gap.left_end - gap.left, gap.right_end - gap.right)
    return next((n for n in range(most) if left[gap.left + n] != right[gap.right + n]), most)


def _common_end(left: list[int], right: list[int], gap: Block) -> int:
    most = min(gap.left_end - gap.left, gap.right_end - gap.right)
    return next((n for n in range(most) if left[gap.left_end - 1 - n] != right[gap.right_end - 1 - n]), most)


def _myers(left: list[int], right: list[int], effort: Effort) -> list[Run]:
    """The runs of a longest common subsequence; none when the effort does not suffice.

    `trace[d][i]` is how far in `left` one comes with d insertions and deletions on the diagonal 2i - d
    (Myers 1986, An O(ND) Difference Algorithm, figure 2).
    """
    if not left or not right:
        return []
    trace: list[array[int]] = []
    goal = len(left) - len(right)
    for edits in range(len(left) + len(right) + 1):
        reached = array("q")
        for index in range(edits + 1):
            diagonal = 2 * index - edits
            start = x = _step(trace[-1], index, edits)[0] if trace else 0
            while x < len(left) and x - diagonal < len(right) and left[x] == right[x - diagonal]:
                x += 1
            reached.append(x)
            if not effort.take(1 + x - start):
                return []
            if diagonal == goal and x >= len(left):
                return _walked_back(trace, len(left), len(right))
        trace.append(reached)
    return []


def _step(reached: "array[int]", index: int, edits: int) -> tuple[int, bool]:
    """The farther of the two ways onto a diagonal, and whether it inserts an item of `right`."""
    if index == 0:
        return reached[0], True
    if index == edits or reached[index] <= reached[index - 1]:
        return reached[index - 1] + 1, False
    return reached[index], True


def _walked_back(trace: "list[array[int]]", x: int, y: int) -> list[Run]:
    runs: list[Run] = []
    for edits in range(len(trace), 0, -1):
        diagonal = x - y
        start, inserts = _step(trace[edits - 1], (diagonal + edits) // 2, edits)
        if x > start:
            runs.append(Run(start, start - diagonal, x - start))
        x, y = (start, start - diagonal - 1) if inserts else (start - 1, start - diagonal)
    if x:
        runs.append(Run(0, 0, x))
    return runs[::-1]
