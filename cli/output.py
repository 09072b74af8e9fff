"""What a command prints: data to stdout, messages to stderr; tables for a person, plain lines for a pipe, or JSON.

Text of skills and tasks comes from models and strangers: control and invisible characters are shown, never obeyed.
"""

import json
import re
import sys
from collections.abc import Sequence
from typing import TextIO

from pydantic import BaseModel
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
"""Control characters (escape sequences begin with one), zero-width and direction marks, and the invisible tags."""

DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def shown(text: str) -> str:
    """The text with every character that could steer a terminal or hide from a reader written out."""
    return HIDDEN.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)


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

    def line(self, text: str = "", style: str | None = None) -> None:
        """One line for people; nothing is wrapped or cut, so that it can be copied."""
        self.console.print(shown(text), style=style, soft_wrap=True)

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
            self.line(line, style=DIFF_STYLES.get(line[:1]))

    def raw(self, text: str) -> None:
        """A text that programs read, exactly as it is."""
        print(text, file=self._out, end="" if text.endswith("\n") else "\n", flush=True)

    def say(self, text: str) -> None:
        """A message: it goes to stderr, so that data stays data."""
        self._messages.print(shown(text), soft_wrap=True)

    def rows(self, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table for a person; for a pipe one line a row, fields parted by tabs, without titles."""
        if not self.live:
            for row in rows:
                print("\t".join(" ".join(shown(cell).split()) for cell in row), file=self._out)
            return
        table = Table(*titles, box=None, pad_edge=False, header_style="bold")
        for row in rows:
            table.add_row(*(shown(cell) for cell in row))
        self.console.print(table)
