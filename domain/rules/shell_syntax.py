"""Where a text stops being shell, as `bash -n` would say: keywords, brackets and operators in the right places.

An own reader, because texts of strangers are read here: time is proportional to the length, and nothing nests on the
interpreter's stack. It complains less than bash does (names, redirections and patterns are not judged), and says
nothing of what a shell may read otherwise. Must not run anything.
"""

import re
from collections.abc import Callable

from domain.rules.shell_words import Frame, Place, Unsure, Words, Wrong

_BLANK = re.compile(r"(?:[ \t]|\\\n)+")
_DULL = re.compile(r"[^\s;&|<>()'\"\\$`#]+")
_REDIRECTION = re.compile(r"&>>?|<<<|<<-?|<>|[<>]&|>\||>>|[<>]")
_CASE_END = re.compile(r";;&?|;&")
_FUNCTION = re.compile(r"function[ \t]+[^\s(){};|&<>'\"$`]+(?:[ \t]*\([ \t]*\))?(?=\s|[({]|$)")
_EMPTY_PAIR = re.compile(r"\([ \t]*\)")
_OTHER_SHELL = re.compile(r"#![^\n]*\b(?:zsh|fish|t?csh|ksh|pwsh|nu|expect|env -S)\b")

_OPENERS = {"if": "if", "while": "while", "until": "while", "for": "for", "select": "for", "case": "case", "{": "{"}
_ENDS = {"if": "fi", "while": "done", "for": "done", "case": "esac", "{": "}", "(": ")", "$(": ")", "[[": "]]"}
_NEXT = {("if", ""): ("then",), ("if", "then"): ("elif", "else", "fi"), ("if", "else"): ("fi",), ("while", ""): ("do",)}
"""What may follow the commands of a part; of a loop's body and of braces it is what ends them."""
_RESERVED = frozenset({"then", "elif", "else", "fi", "do", "done", "esac", "}"})
_QUOTES = frozenset({'"', "${", "((", "group"})


def mistake_in_shell(text: str) -> tuple[int, str] | None:
    """The first mistake as line, from 1, and what is wrong; None also where only a shell that runs it could tell."""
    if _OTHER_SHELL.match(text):
        return None
    reader = _Shell(text)
    try:
        reader.read()
    except Unsure:
        return None
    except Wrong as wrong:
        return text.count("\n", 0, wrong.at) + 1, wrong.said
    return None


class _Shell(Words):
    """Lists of commands, and the keywords that open and close them."""

    def read(self) -> None:
        """All of the text; raises `Wrong` at the first mistake."""
        while self.at < len(self.text):
            if self.top.kind in _QUOTES:
                self.inside()
            else:
                self._step()
        if self.top.kind not in _QUOTES:
            self._end_word()
        self._finish()

    def _finish(self) -> None:
        for frame in reversed(self.stack[1:]):
            if frame.kind in ("((", "group"):
                raise Unsure
            raise Wrong(frame.at, f"this `{_shown(self.text, frame)}` has no end")
        if self.top.place is Place.NEED:
            raise Wrong(len(self.text) - 1, "a command is missing at the end")

    def _step(self) -> None:
        found = _DULL.match(self.text, self.at)
        if found:
            self._begin_word()
            self.at = found.end()
            return
        char = self.text[self.at]
        if char == "#":
            self._hash()
        elif char in "'\"$`" or (char == "\\" and self.text[self.at + 1 : self.at + 2] != "\n"):
            self._begin_word()
            self.special(char)
        elif char == "(" and self._in_word():
            self.open("group", 1)
        elif char in "<>" and self.text[self.at + 1 : self.at + 2] == "(":
            self._begin_word()
            self.open("$(", 2, Place.MAY)
        else:
            self._separator(char)

    def _begin_word(self) -> None:
        if self.top.word < 0:
            self.top.word = self.at

    def _in_word(self) -> bool:
        """Whether the bracket belongs to the word before it: an array, or a group of a pattern."""
        return self.top.word >= 0 and self.text[self.at - 1] in "=?*+@!"

    def _hash(self) -> None:
        if self.top.word >= 0:
            self.at += 1
        elif self.top.kind == "[[":
            raise Unsure
        else:
            self.comment()

    def _separator(self, char: str) -> None:
        """Blanks and operators: they end a word."""
        blank = _BLANK.match(self.text, self.at)
        if blank and char == "\\" and self.top.word >= 0:
            self.at += 2
            return
        before = self.at
        if char not in "<>" or not self._is_descriptor():
            self._end_word()
        self.top.word = -1
        if self.at > before:
            return
        if blank:
            self.at = blank.end()
        elif char == "\n":
            self._line_end()
        elif self.top.kind == "[[":
            self.at += 1
        elif char in "<>" or self.text.startswith("&>", self.at):
            self._redirection()
        else:
            _OPERATORS.get(char, _Shell._other_space)(self)

    def _other_space(self) -> None:
        """A carriage return, a form feed: for bash they are letters, and people see neither."""
        raise Unsure

    def _is_descriptor(self) -> bool:
        word = self.text[self.top.word : self.at] if self.top.word >= 0 and self.at - self.top.word < 40 else ""
        return word.isdigit() or (word[:1] == "{" and word[-1:] == "}")

    def _redirection(self) -> None:
        found = _REDIRECTION.match(self.text, self.at)
        if not found:
            raise Unsure
        self.at = found.end()
        if found[0] in ("<<", "<<-"):
            self.heredoc(dashed=found[0] == "<<-")
        frame = self.top
        if not self._takes_commands():
            raise Unsure
        frame.place = Place.ARGUMENTS
        frame.count += 2

    # Operators -------------------------------------------------------------------------------------------------------

    def _line_end(self) -> None:
        frame = self.top
        if frame.kind == "for" and frame.stage == "list":
            frame.stage = "do"
        elif frame.place is not Place.NEED:
            self._new_command(Place.MAY)
        self.newline()

    def _new_command(self, place: Place) -> None:
        self.top.place, self.top.count = place, 0

    def _semicolon(self) -> None:
        frame, found = self.top, _CASE_END.match(self.text, self.at)
        if frame.kind == "for" and frame.stage != "body":
            frame.stage = "do" if frame.stage in ("list", "in", "do") else self._unexpected(";")
            self.at += 1
        elif found:
            self._clause_end(found[0])
        else:
            self._needs_command(";")
            self._new_command(Place.MAY)
            self.at += 1

    def _clause_end(self, operator: str) -> None:
        if self.top.kind != "case" or self.top.stage != "body" or self.top.place is Place.NEED:
            self._unexpected(operator)
        self.top.stage, self.top.count = "pattern", 0
        self.at += len(operator)

    def _and(self) -> None:
        double = self.text.startswith("&&", self.at)
        self._needs_command("&&" if double else "&")
        self._new_command(Place.NEED if double else Place.MAY)
        self.at += 2 if double else 1

    def _or(self) -> None:
        if self.top.kind == "case" and self.top.stage == "pattern":
            self.at += 1
            return
        size = 2 if self.text[self.at + 1 : self.at + 2] in ("|", "&") else 1
        self._needs_command(self.text[self.at : self.at + size])
        self._new_command(Place.NEED)
        self.at += size

    def _needs_command(self, operator: str) -> None:
        if self.top.place in (Place.NEED, Place.MAY) or not self._takes_commands():
            self._unexpected(operator)

    def _unexpected(self, what: str) -> str:
        raise Wrong(self.at, f"`{what}` is not expected here")

    def _open_bracket(self) -> None:
        frame = self.top
        if frame.kind == "case" and frame.stage == "pattern" and not frame.count:
            self.at += 1
        elif frame.kind == "for" and frame.stage == "" and self.text.startswith("((", self.at):
            frame.stage = "do"
            self.open("((", 2)
        elif frame.place is Place.ARGUMENTS:
            self._pair()
        elif frame.place is Place.DONE or not self._takes_commands():
            self._unexpected("(")
        else:
            frame.place = Place.DONE
            double = self.text.startswith("((", self.at)
            self.open("((" if double else "(", 2 if double else 1)

    def _takes_commands(self) -> bool:
        return self.top.kind not in ("for", "case") or self.top.stage == "body"

    def _pair(self) -> None:
        found = _EMPTY_PAIR.match(self.text, self.at)
        if self.top.count != 1 or not found or not self._takes_commands():
            self._unexpected("(")
        else:
            self.at = found.end()
            self._new_command(Place.NEED)

    def _close_bracket(self) -> None:
        frame = self.top
        if frame.kind == "case" and frame.stage == "pattern" and frame.count:
            frame.stage = "body"
            self._new_command(Place.MAY)
        elif frame.kind in ("(", "$(") and frame.place is not Place.NEED:
            self.stack.pop()
        else:
            self._unexpected(")")
        self.at += 1

    # Words -----------------------------------------------------------------------------------------------------------

    def _end_word(self) -> None:
        frame = self.top
        if frame.word < 0:
            return
        start, frame.word = frame.word, -1
        word = self.text[start : self.at] if self.at - start < 40 else "…"
        frame.count += 1
        if frame.kind == "[[":
            if word == "]]":
                self.stack.pop()
        elif not self._takes_commands():
            (self._loop_word if frame.kind == "for" else self._case_word)(frame, word, start)
        elif frame.place is not Place.ARGUMENTS:
            self._command_word(frame, word, start)

    def _loop_word(self, frame: Frame, word: str, start: int) -> None:
        if frame.stage == "":
            frame.stage = "in"
        elif frame.stage == "in" and word == "in":
            frame.stage = "list"
        elif frame.stage in ("in", "do"):
            self._loop_body(frame, word, start)

    def _loop_body(self, frame: Frame, word: str, start: int) -> None:
        if word not in ("do", "{"):
            raise Wrong(start, f"`do` is missing before `{word}`")
        frame.stage = "body"
        if word == "{":
            frame.kind = "{"
        self._new_command(Place.NEED)

    def _case_word(self, frame: Frame, word: str, start: int) -> None:
        if frame.stage == "":
            frame.stage = "in"
        elif frame.stage == "in":
            if word != "in":
                raise Wrong(start, "`in` is missing after `case`")
            frame.stage, frame.count = "pattern", 0
        elif word == "esac" and frame.count == 1:
            self.stack.pop()

    def _command_word(self, frame: Frame, word: str, start: int) -> None:
        if word in _RESERVED:
            self._reserved(frame, word, start)
        elif frame.place is Place.DONE:
            raise Wrong(start, f"`{word}` is not expected here")
        elif word in ("!", "time"):
            frame.place = Place.PREFIX
        elif word == "coproc":
            raise Unsure
        elif word in _OPENERS or word == "[[":
            self._opened(word, start)
        else:
            frame.place = Place.ARGUMENTS
            self._function(word, start)

    def _function(self, word: str, start: int) -> None:
        found = _FUNCTION.match(self.text, start) if word == "function" else None
        if found:
            self.at = found.end()
            self._new_command(Place.NEED)

    def _opened(self, word: str, start: int) -> None:
        self.top.place = Place.DONE
        self.stack.append(Frame(_OPENERS.get(word, word), start))

    def _reserved(self, frame: Frame, word: str, start: int) -> None:
        expected = _NEXT.get((frame.kind, frame.stage)) or (_ENDS.get(frame.kind, ""),)
        empty = frame.place is Place.NEED and not (frame.kind == "case" and word == "esac")
        if word not in expected or empty:
            raise Wrong(start, f"`{word}` is not expected here")
        if word == _ENDS.get(frame.kind):
            self.stack.pop()
            return
        frame.stage = {"elif": "", "do": "body"}.get(word, word)
        self._new_command(Place.NEED)


_OPERATORS: dict[str, Callable[[_Shell], None]] = {
    ";": _Shell._semicolon,
    "&": _Shell._and,
    "|": _Shell._or,
    "(": _Shell._open_bracket,
    ")": _Shell._close_bracket,
}


def _shown(text: str, frame: Frame) -> str:
    words = text[frame.at : frame.at + 8].split()
    return words[0] if words else frame.kind
