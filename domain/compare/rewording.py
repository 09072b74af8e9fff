"""How lines became other lines: which became which, and which words changed inside them.

Both spend of an effort that the caller gives; without any left, lines face each other in order and change whole.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import zip_longest

from domain.compare.alignment import Block, Effort, blocks
from domain.shape import Shape

LONGEST_LINE = 5_000
"""Characters; the words of longer lines are not compared."""

ALIKE = 0.4
"""The share of common words from which two lines are one line that was changed. A judgement, not a measurement."""

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_WORD = re.compile(r"\w+")

Pair = tuple[int | None, int | None]
"""Places of an old line and of the new one it became; None where there is no such line."""

Words = Counter[str]


class SpanKind(StrEnum):
    """What happened to a piece of a line."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


class Span(Shape):
    """A piece of a line."""

    text: str
    kind: SpanKind = SpanKind.SAME


def pairs(old: Sequence[str], new: Sequence[str], effort: Effort) -> Iterator[Pair]:
    """Every line of both in order: those that are most alike together, the others alone."""
    words = [[Counter(_WORD.findall(line[:LONGEST_LINE])) for line in lines] for lines in (old, new)]
    steps = (len(new) + 1) * (len(old) + 1 + sum(map(len, words[0])))
    if not effort.take(steps):
        yield from zip_longest(range(len(old)), range(len(new)))
        return
    best = _best(*words)
    x = y = 0
    while x < len(old) or y < len(new):
        if x < len(old) and best[x][y] == best[x + 1][y]:
            yield x, None
            x += 1
        elif y < len(new) and best[x][y] == best[x][y + 1]:
            yield None, y
            y += 1
        else:
            yield x, y
            x, y = x + 1, y + 1


def _best(old: Sequence[Words], new: Sequence[Words]) -> list[list[float]]:
    """`best[x][y]`: how alike the lines from x and from y on are together, paired at their best."""
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for x in range(len(old) - 1, -1, -1):
        for y in range(len(new) - 1, -1, -1):
            likeness = _likeness(old[x], new[y])
            paired = best[x + 1][y + 1] + likeness if likeness >= ALIKE else 0.0
            best[x][y] = max(best[x + 1][y], best[x][y + 1], paired)
    return best


def _likeness(old: Words, new: Words) -> float:
    """The share of common words, from 0 to 1."""
    total = old.total() + new.total()
    return 2 * (old & new).total() / total if total else 0.0


def spans(old: str, new: str, effort: Effort) -> tuple[list[Span], list[Span]]:
    """Both lines in pieces, with the words that changed; each side joined is its line."""
    if max(len(old), len(new)) > LONGEST_LINE or not effort.take(len(old) + len(new)):
        return _piece(old, SpanKind.REMOVED), _piece(new, SpanKind.ADDED)
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    found = blocks(before, after, effort)
    left, right = _Pieces(SpanKind.REMOVED), _Pieces(SpanKind.ADDED)
    for place, block in enumerate(found):
        same = block.same and not (0 < place < len(found) - 1 and _blank(before, block))
        left.add("".join(before[block.left : block.left_end]), same=same)
        right.add("".join(after[block.right : block.right_end]), same=same)
    return left.spans(), right.spans()


def _blank(tokens: Sequence[str], block: Block) -> bool:
    """A gap between two changed words reads better as changed."""
    return "".join(tokens[block.left : block.left_end]).isspace()


def _piece(text: str, kind: SpanKind) -> list[Span]:
    return [Span(text=text, kind=kind)] if text else []


class _Pieces:
    """One side of a changed line, piece by piece."""

    def __init__(self, changed: SpanKind) -> None:
        self._changed = changed
        self._pieces: list[tuple[SpanKind, str]] = []

    def add(self, text: str, *, same: bool) -> None:
        """Add a piece; neighbours of one kind become one."""
        if not text:
            return
        kind = SpanKind.SAME if same else self._changed
        if self._pieces and self._pieces[-1][0] is kind:
            text = self._pieces.pop()[1] + text
        self._pieces.append((kind, text))

    def spans(self) -> list[Span]:
        """The pieces in order."""
        return [Span(text=text, kind=kind) for kind, text in self._pieces]
