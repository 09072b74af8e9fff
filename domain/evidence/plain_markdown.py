"""Foreign words in Markdown: nothing that a model, a person or a skill wrote is rendered, linked, run or hidden."""

import re
import unicodedata
from collections.abc import Iterable

_TICKS = re.compile(r"`+")


def code(text: str, most: int = 200) -> str:
    """Words on one line as a code span; nothing for nothing."""
    line = " ".join(visible(text).replace("`", "'").split())
    short = line if len(line) <= most else f"{line[: most - 1]}…"
    return f"`{short}`" if short else ""


def row(cells: Iterable[str]) -> str:
    """A row of a table; a bar inside a cell, in code too, does not end it."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def fenced(text: str, most: int, whole: str) -> str:
    """A text as it was, in a fence that nothing in it closes; beyond `most` characters it says where the `whole` is."""
    shown = visible(text)[:most]
    fence = "`" * max(3, 1 + max((len(run) for run in _TICKS.findall(shown)), default=0))
    left = len(text) - most
    rest = f"\n\n*{left:,} characters more; the whole is in {whole}.*" if left > 0 else ""
    return f"{fence}text\n{shown}\n{fence}{rest}"


def visible(text: str) -> str:
    """The text with every character that hides, or changes direction, written out; line breaks and tabs stay."""
    return "".join(char if char in "\n\t" or not _hides(char) else f"\\u{ord(char):04x}" for char in text)


def _hides(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
