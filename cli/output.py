"""What a command prints: data to stdout, messages to stderr; tables for a person, plain lines for a pipe, or JSON.

Text of skills and tasks comes from models and strangers: control and invisible characters are shown, never obeyed.
"""

import json
import re
import sys
from collections.abc import Sequence
from typing import TextIO

from pydantic import BaseModel
from rich.cells import cell_len
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
"""Control characters (escape sequences begin with one), zero-width and direction marks, and the invisible tags."""

BEGINS = re.compile(r"\s*(?:(?:- |\d+\) |\[[ x]\] ))?")
"""What a line begins with: blanks and the mark of a list. Its next rows stand below what follows it."""

COMMAND = "skill-fleet "
"""A line with a command in it is never broken: it is there to be copied."""

RULE = 72
"""Columns of a line that parts."""

ROOM = 16
"""Columns that the last cell of a row must have; where they are missing, a row becomes some lines."""

DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def shown(text: str) -> str:
    """The text with every character that could steer a terminal or hide from a reader written out."""
    return HIDDEN.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)


def broken(text: str, width: int) -> list[str]:
    """The text in rows of at most this many columns, broken at blanks only: a longer word has a row of its own."""
    rows = [""]
    for word in re.findall(r"\s*\S+", text):
        if rows[-1] and cell_len(rows[-1] + word) > width:
            rows.append(word.lstrip())
        else:
            rows[-1] += word
    return rows


def as_json(document: BaseModel) -> str:
    """One line of ASCII JSON, whatever the locale."""
    return json.dumps(document.model_dump(mode="json", by_alias=True), separators=(",", ":"))


class Output:
    """The two streams of one run. `live`: a person's terminal that can redraw a line."""

    def __init__(
        self, *, json_wanted: bool = False, plain: bool = False, out: TextIO | None = None, err: TextIO | None = None
    ) -> None:
        self.json_wanted = json_wanted
        self.plain = plain
        self._out = out or sys.stdout
        self.console = Console(file=self._out, highlight=False, markup=False, emoji=False)
        self._messages = Console(file=err or sys.stderr, highlight=False, markup=False, emoji=False)

    @property
    def live(self) -> bool:
        """True when stdout may be redrawn: a terminal, not a dumb one, and nobody asked for JSON or plain lines."""
        return (
            self.console.is_terminal and not self.console.is_dumb_terminal and not self.json_wanted and not self.plain
        )

    @property
    def can_ask(self) -> bool:
        """True when there is a person at both ends and nobody asked for JSON."""
        return sys.stdin.isatty() and self._out.isatty() and not self.json_wanted

    def document(self, document: BaseModel) -> None:
        """One JSON document on one line, at once."""
        print(as_json(document), file=self._out, flush=True)

    def line(self, text: str = "", style: str | None = None, hang: int | None = None) -> None:
        """A line for people. On a terminal it breaks between words and goes on `hang` columns in (default: below its
        first word); what has no blanks, a path or an id, stays whole, so that it can be copied."""
        for one in text.split("\n"):
            for row in self._folded(shown(one), hang):
                self.console.print(row, style=style, soft_wrap=True)

    def rule(self, text: str) -> None:
        """A line that parts what comes after it from what was before."""
        self.line(f"── {text} ".ljust(min(self.console.width, RULE), "─") if self.live else f"--- {text}", style="dim")

    def markdown(self, text: str) -> None:
        """A Markdown text as it is written, its syntax in colours where there are any."""
        if not self.live:
            self.line(text)
            return
        source = Syntax(shown(text), "markdown", theme="ansi_dark", background_color="default", word_wrap=True)
        self.console.print(source)

    def diff(self, text: str) -> None:
        """A unified diff, added and removed lines in colours where there are any."""
        for line in text.splitlines():
            self.line(line, style=DIFF_STYLES.get(line[:1]), hang=1)

    def raw(self, text: str) -> None:
        """A text that programs read, exactly as it is."""
        print(text, file=self._out, end="" if text.endswith("\n") else "\n", flush=True)

    def say(self, text: str) -> None:
        """A message: it goes to stderr, so that data stays data."""
        for row in self._folded(shown(text), None):
            self._messages.print(row, soft_wrap=True)

    def rows(self, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table for a person, whose cells but the last are never cut; on a narrow terminal some lines a row. For a
        pipe one line a row, fields parted by tabs, without titles."""
        if not self.live:
            for row in rows:
                print("\t".join(" ".join(shown(cell).split()) for cell in row), file=self._out)
            return
        clean = [[shown(cell) for cell in row] for row in rows]
        widths = [max(map(cell_len, column)) for column in zip(titles, *clean, strict=True)]
        if sum(widths[:-1]) + 2 * len(widths[:-1]) + min(widths[-1], ROOM) > self.console.width:
            self._stacked(titles, clean)
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in titles:
            table.add_column(title, no_wrap=title != titles[-1])
        for row in clean:
            table.add_row(*row)
        self.console.print(table)

    def _stacked(self, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A row as lines: its first cell, the others with their titles, its last."""
        for first, *others, last in rows:
            named = [f"{title.lower()} {cell}" for title, cell in zip(titles[1:-1], others, strict=True) if cell != "-"]
            self.line(first, style="bold")
            for told in (" · ".join(named), last):
                self.line(f"  {told}")

    def _folded(self, line: str, hang: int | None) -> list[str]:
        """The rows of a line: one, unless it is too long for a terminal."""
        width = self.console.width
        if not self.live or cell_len(line) <= width or COMMAND in line:
            return [line]
        begin = BEGINS.match(line)
        first = hang if hang is not None else begin.end() if begin else 0
        first = first if first <= width // 2 else 0
        begun, *more = broken(line[first:], width - first)
        return [f"{line[:first]}{begun}", *(f"{' ' * first}{row}" for row in more)]
