"""Shell as a stack of what is open: quotes, expansions, brackets, lists of commands. Reads once, from left to right.

The lexical half of `shell_syntax`: what a character opens and closes. Time and memory are proportional to the text;
what only a running shell could tell apart raises `Unsure`. Must not know the keywords.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto


class Place(Enum):
    """Where in a command the reader is. `NEED`: a command must come. `MAY`: one may. `PREFIX`: after `!` or `time`.
    `ARGUMENTS`: in a simple command. `DONE`: after a compound one, where only operators and redirections follow."""

    NEED = auto()
    MAY = auto()
    PREFIX = auto()
    ARGUMENTS = auto()
    DONE = auto()


@dataclass
class Frame:
    """Something open: `kind` is what opened it, `at` where. `word`: where the word that is being read began, or -1.
    `stage`: how far a loop or a `case` has come; `count`: words of this command; `depth`: plain brackets inside."""

    kind: str
    at: int
    place: Place = Place.NEED
    stage: str = ""
    word: int = -1
    count: int = 0
    depth: int = 0


class Unsure(Exception):
    """The text may be right: only a shell that runs it could tell."""


class Wrong(Exception):
    """The first mistake."""

    def __init__(self, at: int, said: str) -> None:
        """Take the offset and what is wrong."""
        super().__init__(said)
        self.at = at
        self.said = said


_ANSI = re.compile(r"\$'(?:[^'\\]++|\\.)*+'", re.S)
_BACKTICKS = re.compile(r"`(?:[^`\\]++|\\.)*+`", re.S)
_DULL = {
    '"': re.compile(r'[^"\\$`]+'),
    "${": re.compile(r"[^}\\$`\"']+"),
    "((": re.compile(r"[^()\\$`\"']+"),
    "group": re.compile(r"[^()\\$`\"'<>#]+"),
}
_DELIMITER = re.compile(r"[ \t]*((?:'[^'\n]*'|\"[^\"\n]*\"|\\[^\n]|[^\s;&|<>()'\"\\`])+)")
_QUOTING = re.compile(r"['\"\\]")


class Words:
    """The text, how far it is read, and what is open. The lowest frame is the file."""

    def __init__(self, text: str) -> None:
        """Take the text; nothing is read yet."""
        self.text = text
        self.at = 0
        self.stack = [Frame("file", 0, Place.MAY)]
        self.heredocs: list[tuple[str, bool]] = []

    @property
    def top(self) -> Frame:
        """The innermost open thing."""
        return self.stack[-1]

    def open(self, kind: str, size: int, place: Place = Place.NEED, stage: str = "") -> None:
        """Something opens with the next `size` characters."""
        self.stack.append(Frame(kind, self.at, place, stage))
        self.at += size

    def inside(self) -> None:
        """One step within quotes, `${…}`, arithmetic, an array or a pattern's group."""
        frame = self.top
        dull = _DULL[frame.kind].match(self.text, self.at)
        if dull:
            self.at = dull.end()
            return
        char = self.text[self.at]
        if frame.kind == "((" and char in "()":
            self._arithmetic(frame, char)
        elif frame.kind == "group" and char in "()<>#":
            self._group(frame, char)
        elif char in '"}' and char == {'"': '"', "${": "}"}.get(frame.kind):
            self.stack.pop()
            self.at += 1
        else:
            self.special(char, quoted=frame.kind == '"')

    def _arithmetic(self, frame: Frame, char: str) -> None:
        """`((` may turn out to be two subshells: then nothing is said about the text."""
        self.at += 1
        if char == "(":
            frame.depth += 1
        elif frame.depth:
            frame.depth -= 1
        elif self.text[self.at : self.at + 1] == ")":
            self.at += 1
            self.stack.pop()
        else:
            raise Unsure

    def _group(self, frame: Frame, char: str) -> None:
        if char in "<>" and self.text[self.at + 1 : self.at + 2] == "(":
            self.open("$(", 2, Place.MAY)
            return
        if char == "#" and self.text[self.at - 1] in " \t\n(":
            self.comment()
            return
        self.at += 1
        frame.depth += {"(": 1, ")": -1}.get(char, 0)
        if frame.depth < 0:
            self.stack.pop()

    def special(self, char: str, quoted: bool = False) -> None:
        """A quote, a backslash, a dollar or a backtick; anything else is one character of a word."""
        if char == "'":
            self._single()
        elif char == '"':
            self.open('"', 1)
        elif char == "$":
            self._dollar(quoted)
        elif char == "`":
            self._past(_BACKTICKS, "this backtick is never closed")
        else:
            self.at += 2 if char == "\\" else 1

    def _single(self) -> None:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            raise Wrong(self.at, "this `'` is never closed")
        self.at = end + 1

    def _past(self, pattern: re.Pattern[str], otherwise: str) -> None:
        found = pattern.match(self.text, self.at)
        if not found:
            raise Wrong(self.at, otherwise)
        self.at = found.end()

    def _dollar(self, quoted: bool) -> None:
        following = self.text[self.at + 1 : self.at + 3]
        if following == "((":
            self.open("((", 3)
        elif following[:1] == "(":
            self.open("$(", 2, Place.MAY)
        elif following[:1] == "{":
            if following[1:] in (" ", "\t", "\n", "|"):
                raise Unsure
            self.open("${", 2)
        elif following[:1] == "'" and not quoted:
            self._past(_ANSI, "this `$'` is never closed")
        else:
            self.at += 1

    def comment(self) -> None:
        """To the end of the line."""
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end

    def heredoc(self, dashed: bool) -> None:
        """After `<<` or `<<-`: the word that ends the text, which begins on the next line."""
        found = _DELIMITER.match(self.text, self.at)
        if not found:
            raise Unsure
        self.heredocs.append((_QUOTING.sub("", found[1]), dashed))
        self.at = found.end()

    def newline(self) -> None:
        """Past the end of the line, and past the texts that begin there; one without an end takes all the rest."""
        self.at += 1
        for delimiter, dashed in self.heredocs:
            self._skip_heredoc(delimiter, dashed)
        self.heredocs.clear()

    def _skip_heredoc(self, delimiter: str, dashed: bool) -> None:
        while self.at < len(self.text):
            end = self.text.find("\n", self.at)
            end = len(self.text) if end < 0 else end
            line = self.text[self.at : end]
            self.at = min(end + 1, len(self.text))
            if (line.lstrip("\t") if dashed else line) == delimiter:
                return
        if len(self.stack) > 1:
            raise Unsure
