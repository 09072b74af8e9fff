"""A text as its bytes are, for the eye: every character that hides, or looks like another one, written out.

Which characters hide is the scanner's to say (`domain/scan/hidden_text.py`); those here besides are blank in most fonts
and harmless to a model, but a reviewer of bytes shall see them.
"""

import re

from markupsafe import Markup, escape

from domain.scan.hidden_text import has_look_alikes, mixed_scripts, visible
from domain.shape import Shape

MOST_LINES = 5_000
MOST_CHARACTERS = 400_000
"""Of a text that is shown line by line; the rest is told, not shown."""

_BLANK = frozenset("\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800")
"""Joiner, vowels and selectors without a shape, and the empty Braille pattern (Default_Ignorable and Blank)."""

_WORD = re.compile(r"\w{1,200}")
_COMMENT = re.compile("<!--|-->")


class RawText(Shape):
    """A text in lines, each as HTML; `left_out`: lines beyond what is shown; `cut`: the last line shown goes on.

    `ends`: how lines end, when not by LF. `hidden`: how many characters of the text a reader would not see.
    """

    model_config = {"arbitrary_types_allowed": True}

    lines: list[Markup] = []
    left_out: int = 0
    cut: bool = False
    ends: str = ""
    hidden: int = 0


def raw_text(text: str) -> RawText:
    """A text in numbered lines. Lines end at LF or CR LF alone, as in editors; what else ends a line is written out."""
    lines = text.split("\n")
    lines = lines[:-1] if lines[-1] == "" else lines
    returns = sum(line.endswith("\r") for line in lines)
    room = MOST_CHARACTERS
    some: list[str] = []
    for line in lines[:MOST_LINES]:
        if room <= 0:
            break
        some.append(line.removesuffix("\r") if returns == len(lines) else line)
        room -= len(line)
    return RawText(
        lines=[shown(line[:MOST_CHARACTERS]) for line in some],
        left_out=len(lines) - len(some),
        cut=any(len(line) > MOST_CHARACTERS for line in some),
        ends="CR LF (Windows)" if returns and returns == len(lines) else "",
        hidden=sum(map(text.count, _unseen(text))) - (returns if returns == len(lines) else 0),
    )


def shown(text: str) -> Markup:
    """The text as HTML: invisible characters as their numbers, look-alike letters with theirs, comments marked."""
    if text.isascii() and text.isprintable() and "-->" not in text and "<!--" not in text:
        return escape(text)
    marks = {ord(char): _mark(char) for char in _unseen(text)}
    pieces: list[str] = []
    done = 0
    for found in _WORD.finditer(text) if has_look_alikes(text) else ():
        if mixed_scripts(found[0]):
            pieces += [_plain(text[done : found.start()], marks), _spelled(found[0], marks)]
            done = found.end()
    return Markup("".join([*pieces, _plain(text[done:], marks)]))  # noqa: S704 - escaped piece by piece


def _unseen(text: str) -> set[str]:
    """The characters of a text that nobody sees; line feeds and tabs are seen by what they do."""
    return {char for char in set(text) if char != "\n" and (char in _BLANK or visible(char) != char)}


def _mark(char: str) -> str:
    return f'<span class="inv">U+{ord(char):04X}</span>'


def _plain(text: str, marks: dict[int, str]) -> str:
    """Escaped, what is invisible in it written out. `translate` comes last: no mark has a character that hides."""
    parts = _COMMENT.split(text)
    signs = [f'<span class="inv">{escape(sign)}</span>' for sign in _COMMENT.findall(text)]
    told = [str(escape(part)).translate(marks) for part in parts]
    return "".join(piece for pair in zip(told, [*signs, ""], strict=True) for piece in pair)


def _spelled(word: str, marks: dict[int, str]) -> str:
    """A word of mixed alphabets, each letter beyond ASCII followed by its number. No letter needs to be escaped."""
    return "".join(marks.get(ord(char)) or (char if char.isascii() else f"{char}{_mark(char)}") for char in word)
