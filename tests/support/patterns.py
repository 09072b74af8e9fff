"""Text for a regular expression: the little of it that JSON schemas use.

For the stand-in provider, which answers from schemas. Knows literals, classes, groups, alternatives, repeats and
anchors; refuses look-arounds and back-references instead of guessing. Must not know about schemas or HTTP.
"""

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass

_WORD = string.ascii_lowercase + string.ascii_uppercase + string.digits + "_"
_PRINTABLE = _WORD + " -.,;:()'/%!?+*=&#@<>[]{}\"\\^$|~`"
_ESCAPES = {"w": _WORD, "d": string.digits, "s": " ", "n": "\n", "t": "\t", "W": "-. ", "D": _WORD[:26], "S": _WORD}
_NOTHING = frozenset("bBAZz")
_REPEAT = re.compile(r"([*+?])|\{(\d+)(,(\d*))?\}")


class UnsupportedPatternError(ValueError):
    """The pattern uses something this module does not write; script an answer for that field instead."""


@dataclass(frozen=True)
class _Chars:
    allowed: str


@dataclass(frozen=True)
class _Sequence:
    parts: tuple["_Node", ...]


@dataclass(frozen=True)
class _Choice:
    options: tuple["_Node", ...]


@dataclass(frozen=True)
class _Repeated:
    part: "_Node"
    least: int
    most: int | None


_Node = _Chars | _Sequence | _Choice | _Repeated


class _Parser:
    """Recursive descent over the pattern; `at` is the next character to read."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def take(self) -> str:
        self.at += 1
        if self.at > len(self.pattern):
            raise UnsupportedPatternError(f"pattern ends too early: {self.pattern}")
        return self.pattern[self.at - 1]

    def choice(self) -> _Node:
        options = [self.sequence()]
        while self.peek() == "|":
            self.take()
            options.append(self.sequence())
        return _Choice(tuple(options))

    def sequence(self) -> _Node:
        parts: list[_Node] = []
        while self.peek() not in {"", "|", ")"}:
            parts.append(self.repeated())
        return _Sequence(tuple(parts))

    def repeated(self) -> _Node:
        part = self.atom()
        found = _REPEAT.match(self.pattern, self.at)
        if found is None:
            return part
        self.at = found.end()
        if self.peek() in {"?", "+"}:  # lazy and possessive repeats match the same texts
            self.take()
        if found[1]:
            least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[found[1]]
            return _Repeated(part, least, most)
        most = int(found[4]) if found[4] else (None if found[3] else int(found[2]))
        return _Repeated(part, int(found[2]), most)

    def atom(self) -> _Node:
        char = self.take()
        if char == "(":
            return self.group()
        if char == "[":
            return _Chars(self.char_class())
        if char == "\\":
            return self.escape()
        if char in "^$":
            return _Sequence(())
        return _Chars(_WORD + " " if char == "." else char)

    def group(self) -> _Node:
        if self.peek() == "?":
            named = re.compile(r"\?(:|P?<\w+>)").match(self.pattern, self.at)
            if named is None:
                raise UnsupportedPatternError(f"look-around in {self.pattern}: script an answer for this field")
            self.at = named.end()
        inside = self.choice()
        if self.take() != ")":
            raise UnsupportedPatternError(f"unbalanced group in {self.pattern}")
        return inside

    def escape(self) -> _Node:
        char = self.take()
        if char in _NOTHING:
            return _Sequence(())
        if char.isdigit():
            raise UnsupportedPatternError(f"back-reference in {self.pattern}: script an answer for this field")
        return _Chars(_ESCAPES.get(char, char))

    def char_class(self) -> str:
        negated = self.peek() == "^"
        if negated:
            self.take()
        allowed = self.class_item()
        while self.peek() != "]":
            allowed += self.class_item()
        self.take()
        return "".join(c for c in _PRINTABLE if c not in allowed) if negated else allowed

    def class_item(self) -> str:
        first = self.take()
        if first == "\\":
            escaped = self.take()
            if escaped in _ESCAPES:
                return _ESCAPES[escaped]
            first = escaped
        if self.peek() == "-" and self.pattern[self.at + 1 : self.at + 2] not in {"]", ""}:
            self.take()
            return "".join(chr(code) for code in range(ord(first), ord(self.take()) + 1))
        return first


def _written(node: _Node, letters: Iterator[str], extra: int) -> str:
    match node:
        case _Chars(allowed):
            wish = next(letters)
            return next((c for c in (wish, wish.lower(), wish.upper()) if c in allowed), allowed[:1])
        case _Sequence(parts):
            return "".join(_written(part, letters, extra) for part in parts)
        case _Choice(options):
            return _written(options[0], letters, extra)
        case _Repeated(part, least, most):
            times = least + extra if most is None else min(least + extra, most)
            return "".join(_written(part, letters, extra) for _ in range(times))


def _letters(hint: str) -> Iterator[str]:
    while True:
        yield from hint or "a"


def matching(pattern: str, hint: str, extra: int = 0) -> str:
    """A text that `pattern` matches, spelled with the letters of `hint` where it leaves the choice.

    `extra` is how often open repeats go beyond their least. Raises UnsupportedPatternError.
    """
    parser = _Parser(pattern)
    node = parser.choice()
    if parser.at != len(pattern):
        raise UnsupportedPatternError(f"unbalanced group in {pattern}")
    text = _written(node, _letters(hint), extra)
    if not re.search(pattern, text):
        raise UnsupportedPatternError(f"no text found for {pattern}: script an answer for this field")
    return text
