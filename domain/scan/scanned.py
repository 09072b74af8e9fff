"""A text on its way through the safety checks: its lines, its kind, and what stands around an offset. Judges nothing.

Everything that costs time is worked out when it is first asked for: most texts match nothing.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property

from domain.markdown import Line, Places, walk, without_inline_code
from domain.scan.hidden_text import visible
from domain.skill import Finding, Severity

AROUND = 400
"""Characters of a line that are looked at on each side of a match."""


MOST_ROWS = 60
"""Rows above a row that are looked through for the head of its table."""
_SPAN = re.compile(r"`[^`\n]{1,200}`")
_ENDS = re.compile(r"[.!?:;](?=\s)|—")


def _is_row(line: Line) -> bool:
    return line.text.lstrip(" ").startswith("|")


class Kind(StrEnum):
    """Who reads the text: an agent as instructions (`prose`), an interpreter (`code`), either as values (`data`)."""

    PROSE = "prose"
    CODE = "code"
    DATA = "data"


_CODE_ENDINGS = (
    "py pyw sh bash zsh fish ksh ps1 bat cmd js mjs cjs ts mts cts tsx jsx rb pl php lua go rs java kt "
    "swift c cc cpp cs r jl scala groovy ex exs clj el vbs applescript sql mk prose"
)
_CODE = frozenset(_CODE_ENDINGS.split())
_DATA_ENDINGS = "json jsonl yaml yml toml ini cfg conf env xml svg csv tsv plist lock properties css service"
_DATA = frozenset(_DATA_ENDINGS.split())
_APART = bytes(byte if chr(byte).isalnum() and byte < 128 else 32 for byte in range(256))
"""Every byte that is no letter or digit of ASCII becomes a blank."""
_CODE_NAMES = frozenset({"makefile", "dockerfile", "justfile", "rakefile", "jenkinsfile"})


def kind_of(file: str, text: str) -> Kind:
    """By the file's ending; without one by its first line."""
    name = file.rpartition("/")[2].lower()
    ending = name.rpartition(".")[2] if "." in name else ""
    if ending in _CODE or name in _CODE_NAMES or text.startswith("#!"):
        return Kind.CODE
    return Kind.DATA if ending in _DATA else Kind.PROSE


_CONTINUED = re.compile(r"\\\r?\n")
_NEAR, _FAR = 600, 1_800
"""Characters around a word; no pattern reaches further."""


def _all(text: str, word: str) -> Iterator[int]:
    """Where the word stands by itself."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if not text[at - 1 : at].isalnum() and not text[end : end + 1].isalnum():
            yield at
        at = text.find(word, end)


class Scanned:
    """One text file; `file` is its path in the skill, or a label."""

    def __init__(self, text: str, file: str) -> None:
        """Take the text; nothing is read yet."""
        self.text = text
        self.file = file
        self.kind = kind_of(file, text)

    @cached_property
    def lower(self) -> str:
        """The text in small letters, for the cheap look before a pattern."""
        return self.text.lower()

    @cached_property
    def joined(self) -> str:
        """The text with continued lines joined: a backslash and the line's end are blanks, so that offsets stay."""
        return _CONTINUED.sub(lambda found: " " * len(found[0]), self.text) if "\\" in self.text else self.text

    @cached_property
    def words(self) -> frozenset[str]:
        """Every run of letters and digits, in small letters: what a pattern needs is looked up here first."""
        return frozenset(self.lower.encode("ascii", "replace").translate(_APART).decode("ascii").split())

    @cached_property
    def lines(self) -> list[Line]:
        """Every line, fenced code told apart; in a file of code nothing is fenced."""
        return walk(self.text)

    @cached_property
    def places(self) -> Places:
        """Where the lines begin."""
        return Places(self.text)

    def holds(self, *needles: str) -> bool:
        """True when one of these words (in small letters) stands in the text; True for none."""
        return not needles or any(needle in self.lower for needle in needles)

    def around(self, words: frozenset[str]) -> list[tuple[int, int]]:
        """The stretches of text around these words, in order and apart: 600 characters before each, and after it to
        the end of the line that is 600 further, or 2,400 at most."""
        if len(self.lower) != len(self.text):
            return [(0, len(self.text))]
        found = sorted({at for word in words & self.words for at in _all(self.lower, word)})
        stretches: list[tuple[int, int]] = []
        for at in found:
            if stretches and at + _NEAR <= stretches[-1][1]:
                continue
            start, end = max(0, at - _NEAR), self._end(at + _NEAR)
            if stretches and start <= stretches[-1][1]:
                start = stretches.pop()[0]
            stretches.append((start, end))
        return stretches

    def _end(self, offset: int) -> int:
        end = self.joined.find("\n", offset, offset + _FAR)
        return min(offset + _FAR, len(self.text)) if end < 0 else end

    def line(self, offset: int) -> Line:
        """The line of an offset."""
        return self.lines[min(self.places.line(offset), len(self.lines)) - 1]

    def fenced(self, offset: int) -> bool:
        """True inside a fenced block of a text for people; a file of code has none."""
        return self.kind is Kind.PROSE and self.line(offset).code

    def before(self, offset: int) -> str:
        """What stands before an offset in its line, as far as it matters."""
        start = self.places.start(self.places.line(offset))
        return self.text[max(start, offset - AROUND) : offset]

    def after(self, offset: int) -> str:
        """What follows an offset in its line, as far as it matters."""
        return self.text[offset : offset + AROUND].partition("\n")[0]

    def sentence(self, offset: int) -> str:
        """What stands before an offset in its sentence, without code spans."""
        return _ENDS.split(_SPAN.sub(" ", self.before(offset)))[-1]

    def row(self, offset: int) -> str:
        """In a row of a Markdown table the row and the table's first one, else an empty text."""
        number = min(self.places.line(offset), len(self.lines)) - 1
        own = self.lines[number]
        if self.kind is not Kind.PROSE or own.code or not _is_row(own):
            return ""
        first = number
        while first and number - first < MOST_ROWS and _is_row(self.lines[first - 1]):
            first -= 1
        return f"{self.lines[first].text[:AROUND]} {own.text[:AROUND]}"

    def in_span(self, found: re.Match[str]) -> bool:
        """True when the whole match stands in an inline code span."""
        before = self.before(found.start())
        around = before + found[0] + self.after(found.end())
        return not without_inline_code(around)[len(before) : len(before) + len(found[0])].strip()

    def finding(
        self, code: str, message: str, fix: str, *, at: int, severity: Severity = Severity.ERROR, excerpt: str = ""
    ) -> Finding:
        """A finding at an offset; invisible characters of the excerpt are made visible."""
        return Finding(
            code=code,
            severity=severity,
            message=message,
            file=self.file,
            line=self.places.line(at),
            excerpt=visible(excerpt) if excerpt else None,
            fix=fix,
        )
