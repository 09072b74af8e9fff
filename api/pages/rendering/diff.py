"""What changed, line by line, with the words that changed inside lines. Must not compare whole texts: the api does."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Literal

from markupsafe import Markup

from api.pages.rendering.invisible import MOST_CHARACTERS, shown
from domain.compare.alignment import Effort
from domain.compare.diff import STEPS, DiffRow, RowKind
from domain.compare.rewording import Span, SpanKind, pairs, spans
from domain.shape import Shape

Kind = Literal["same", "added", "removed", "place"]

LONGEST = 20_000
"""Characters of one side of a row that are shown."""

REMEMBERED, MOST_REMEMBERED = 16, 100_000
"""Diffs whose lines are kept, and the characters of the longest that is."""

_PLACE = re.compile(r"@@ -\S+ \+(\d+)")
_KINDS: dict[str, Kind] = {"@@": "place", "+": "added", "-": "removed"}


class DiffLine(Shape):
    """One line of a diff; `kind` says what happened to it. `spans`: its pieces, where some words of it changed."""

    kind: Kind
    text: str
    spans: list[Span] = []

    @property
    def words(self) -> str:
        """The line as people read it: for a place the number of the line that follows, instead of its code."""
        place = _PLACE.match(self.text) if self.kind == "place" else None
        if place is None:
            return self.text
        return f"Line {place[1]}" if place[1] != "0" else "Nothing is left of it"

    @property
    def html(self) -> Markup:
        """The line with its changed words marked and what hides in it made visible."""
        return pieces_html(self.spans) if self.spans else shown(self.words)


class SplitRow(Shape):
    """One row of two columns. `fold`: how many unchanged lines it stands for, and nothing else."""

    model_config = {"arbitrary_types_allowed": True}

    kind: RowKind
    left_no: int | None = None
    right_no: int | None = None
    left: Markup = Markup()
    right: Markup = Markup()
    fold: int = 0


def split(rows: Iterable[DiffRow]) -> list[SplitRow]:
    """The rows of a comparison as HTML, side by side."""
    return [
        SplitRow(
            kind=row.kind,
            left_no=row.left_no,
            right_no=row.right_no,
            left=pieces_html(row.left),
            right=pieces_html(row.right),
            fold=row.folded,
        )
        for row in rows
    ]


def fitting(rows: Sequence[DiffRow]) -> list[DiffRow]:
    """As many rows as one page takes, none longer than a person reads."""
    found: list[DiffRow] = []
    room = MOST_CHARACTERS
    for row in rows:
        left, right = _cut(row.left), _cut(row.right)
        room -= len(_joined(left)) + len(_joined(right))
        if room < 0:
            break
        found.append(row.model_copy(update={"left": left, "right": right}))
    return found


def _cut(pieces: list[Span]) -> list[Span]:
    text = _joined(pieces)
    if len(text) <= LONGEST:
        return pieces
    more = len(text) - LONGEST
    return [Span(text=f"{text[:LONGEST]}… ({more:,} more characters)", kind=pieces[-1].kind)]


def pieces_html(pieces: Sequence[Span]) -> Markup:
    """One side of a changed line. A line that changed whole is not marked word by word as well."""
    if all(piece.kind is not SpanKind.SAME for piece in pieces):
        return shown("".join(piece.text for piece in pieces))
    return Markup().join(_piece(piece) for piece in pieces)


def diff_lines(diff: str) -> list[DiffLine]:
    """A unified diff line by line, without its two file headers; changed lines know which of their words changed."""
    return [*(_remembered(diff) if len(diff) <= MOST_REMEMBERED else _lines_of(diff))]


@lru_cache(maxsize=REMEMBERED)
def _remembered(diff: str) -> tuple[DiffLine, ...]:
    """The same to every reader of an open preview, and again at every event."""
    return tuple(_lines_of(diff))


def _lines_of(diff: str) -> list[DiffLine]:
    lines = diff.removesuffix("\n").split("\n") if diff else []
    start = 2 if [line[:4] for line in lines[:2]] == ["--- ", "+++ "] else 0
    return [*_reworded([_diff_line(line) for line in lines[start:]], Effort(STEPS))]


def lines_of_rows(rows: Iterable[DiffRow]) -> list[DiffLine]:
    """The rows of a comparison as one column: of each change first what went, then what came."""
    found: list[DiffLine] = []
    for changed, group in groupby(rows, lambda row: row.kind not in (RowKind.EQUAL, RowKind.FOLDED)):
        stretch = [*group]
        if changed:
            found += [_side("removed", row.left) for row in stretch if row.left_no is not None]
            found += [_side("added", row.right) for row in stretch if row.right_no is not None]
        else:
            found += [_unchanged(row) for row in stretch]
    return found


def _unchanged(row: DiffRow) -> DiffLine:
    if row.kind is RowKind.FOLDED:
        return DiffLine(kind="place", text=f"{row.folded} unchanged {'line' if row.folded == 1 else 'lines'}")
    return DiffLine(kind="same", text=_joined(row.left))


def _side(kind: Kind, pieces: list[Span]) -> DiffLine:
    return DiffLine(kind=kind, text=_joined(pieces), spans=pieces)


def _joined(pieces: Sequence[Span]) -> str:
    return "".join(piece.text for piece in pieces)


def _piece(piece: Span) -> Markup:
    if piece.kind is SpanKind.SAME:
        return shown(piece.text)
    return Markup("<mark>%s</mark>") % shown(piece.text)


def _diff_line(line: str) -> DiffLine:
    kind = _KINDS.get(line[:2]) or _KINDS.get(line[:1])
    if kind == "place":
        return DiffLine(kind="place", text=line)
    return DiffLine(kind=kind, text=line[1:]) if kind else DiffLine(kind="same", text=line.removeprefix(" "))


def _reworded(lines: Sequence[DiffLine], effort: Effort) -> Iterator[DiffLine]:
    """The lines, those that were removed and added in one place compared word by word as far as the effort goes."""
    for changed, group in groupby(lines, lambda line: line.kind in ("removed", "added")):
        stretch = [*group]
        yield from _compared(stretch, effort) if changed else stretch


def _compared(stretch: Sequence[DiffLine], effort: Effort) -> Iterator[DiffLine]:
    old = [line for line in stretch if line.kind == "removed"]
    new = [line for line in stretch if line.kind == "added"]
    for x, y in pairs([line.text for line in old], [line.text for line in new], effort):
        if x is not None and y is not None:
            was, now = spans(old[x].text, new[y].text, effort)
            old[x] = old[x].model_copy(update={"spans": was})
            new[y] = new[y].model_copy(update={"spans": now})
    yield from (*old, *new)
