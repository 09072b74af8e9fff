"""What changed between two texts: as a unified diff, and side by side with the words that changed inside lines.

The work is bounded for every input (`domain/compare/alignment.py`): what is too large to compare closely is compared
coarsely, and nothing of either text is left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from domain.compare.alignment import Block, Effort, blocks
from domain.compare.rewording import Span, SpanKind, pairs, spans
from domain.shape import Shape

LARGEST = 1_000_000
"""Characters of both texts together in a unified diff: two of the largest hand-edited texts fit."""

MOST_LINES = 10_000
"""Lines of one text that are told apart; all that comes after them stands in one more."""

STEPS = 500_000
"""Effort for the lines, and as much again for the words: some 0.2 seconds each."""


class RowKind(StrEnum):
    """What happened to a line; `folded` stands for unchanged lines that are not shown."""

    EQUAL = "equal"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    FOLDED = "folded"


class DiffRow(Shape):
    """One line of the old text beside one of the new; its spans joined are the line. Numbers count from 1.

    `folded`: how many unchanged lines this row stands for; its numbers are those of the first.
    """

    kind: RowKind
    left_no: int | None = None
    right_no: int | None = None
    left: list[Span] = []
    right: list[Span] = []
    folded: int = 0


def unified(before: str, after: str, old: str, new: str, context: int = 3) -> str:
    """A unified diff with `context` lines around each change; a sentence instead when the texts are too large."""
    if len(before) + len(after) > LARGEST:
        return "The texts are too large to compare here."
    left, right = before.splitlines(), after.splitlines()
    lines = list(_lines(blocks(left, right, Effort(STEPS)), left, right))
    near = _near([line.tag != " " for line in lines], context)
    hunks = [
        _hunk([line for _, line in group])
        for is_near, group in groupby(zip(near, lines, strict=True), itemgetter(0))
        if is_near
    ]
    return "\n".join([f"--- {old}", f"+++ {new}", *(line for hunk in hunks for line in hunk)]) if hunks else ""


def side_by_side(before: str, after: str) -> list[DiffRow]:
    """Every line of both texts in order.

    The left spans, joined row by row with line feeds, are `before`; the right ones are `after`. A line feed at the end
    makes a row only when the other text does not end with one.
    """
    left, right = lines_of(before), lines_of(after)
    if all(lines[-1:] in ([], [""]) for lines in (left, right)):
        left, right = left[:-1], right[:-1]
    words = Effort(STEPS)
    rows: list[DiffRow] = []
    for block in blocks(left, right, Effort(STEPS)):
        rows += _unchanged(left, block) if block.same else _changed(left, right, block, words)
    return rows


def lines_of(text: str) -> list[str]:
    """The lines of a text: joined by line feeds they are it again. None in an empty text."""
    return text.split("\n", MOST_LINES) if text else []


def folded(rows: Sequence[DiffRow], context: int) -> list[DiffRow]:
    """The rows with at most `context` unchanged ones around each change; one row stands for each stretch left out."""
    near = _near([row.kind is not RowKind.EQUAL for row in rows], context)
    shown: list[DiffRow] = []
    for is_near, group in groupby(zip(near, rows, strict=True), itemgetter(0)):
        stretch = [row for _, row in group]
        first, size = stretch[0], len(stretch)
        fold = DiffRow(kind=RowKind.FOLDED, left_no=first.left_no, right_no=first.right_no, folded=size)
        shown += stretch if is_near else [fold]
    return shown


def _unchanged(lines: Sequence[str], block: Block) -> Iterator[DiffRow]:
    for n in range(block.left_end - block.left):
        text = lines[block.left + n]
        line = [Span(text=text)] if text else []
        left_no, right_no = block.left + n + 1, block.right + n + 1
        yield DiffRow(kind=RowKind.EQUAL, left_no=left_no, right_no=right_no, left=line, right=line)


def _changed(left: Sequence[str], right: Sequence[str], block: Block, effort: Effort) -> Iterator[DiffRow]:
    """The rows of a different block: a line that was changed beside what it became, the others alone."""
    old, new = left[block.left : block.left_end], right[block.right : block.right_end]
    for x, y in pairs(old, new, effort):
        left_no = None if x is None else block.left + x + 1
        right_no = None if y is None else block.right + y + 1
        if x is None or y is None:
            yield _alone(left_no, right_no, new[y] if y is not None else old[x or 0])
        else:
            was, now = spans(old[x], new[y], effort)
            yield DiffRow(kind=RowKind.CHANGED, left_no=left_no, right_no=right_no, left=was, right=now)


def _alone(left_no: int | None, right_no: int | None, text: str) -> DiffRow:
    kind = SpanKind.ADDED if left_no is None else SpanKind.REMOVED
    line = [Span(text=text, kind=kind)] if text else []
    if left_no is None:
        return DiffRow(kind=RowKind.ADDED, right_no=right_no, right=line)
    return DiffRow(kind=RowKind.REMOVED, left_no=left_no, left=line)


def _near(changed: Sequence[bool], context: int) -> list[bool]:
    """Which places are a change, or lie within `context` places of one."""
    after, before = _reached(changed, context), _reached(changed[::-1], context)[::-1]
    return [one or other for one, other in zip(after, before, strict=True)]


def _reached(changed: Sequence[bool], context: int) -> list[bool]:
    until = -1
    reached: list[bool] = []
    for place, is_change in enumerate(changed):
        until = place + context if is_change else until
        reached.append(place <= until)
    return reached


class _Line(NamedTuple):
    """One line of a unified diff, and where it stands in both texts."""

    tag: str
    text: str
    left: int
    right: int


def _lines(found: Iterable[Block], left: Sequence[str], right: Sequence[str]) -> Iterator[_Line]:
    for block in found:
        if block.same:
            places = range(block.left_end - block.left)
            yield from (_Line(" ", left[block.left + n], block.left + n, block.right + n) for n in places)
        else:
            yield from (_Line("-", left[x], x, block.right) for x in range(block.left, block.left_end))
            yield from (_Line("+", right[y], block.left_end, y) for y in range(block.right, block.right_end))


def _hunk(lines: Sequence[_Line]) -> list[str]:
    old = _range(lines[0].left, sum(line.tag != "+" for line in lines))
    new = _range(lines[0].right, sum(line.tag != "-" for line in lines))
    return [f"@@ -{old} +{new} @@", *(line.tag + line.text for line in lines)]


def _range(start: int, size: int) -> str:
    """As `diff -u` writes it: lines count from 1, and an empty range stands after the line it names."""
    return f"{start + 1}" if size == 1 else f"{start + bool(size)},{size}"
