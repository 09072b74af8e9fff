"""A SKILL.md as lines: what is frontmatter, what is code, where its sections are. Text in, text out, bytes kept.

Only what the rules need of Markdown: fenced code, level-two headings (`## …`), prose. Lines end at LF or CRLF alone, so
that line numbers agree with editors. Must not judge anything; that is for the rules.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from domain.shape import Shape
from domain.skill import Section

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_FENCE = re.compile(r"[ \t]*(`{3,}(?=[^`]*$)|~{3,})(.*)")
_HEADING = re.compile(r" {0,3}(#{1,2})(?=[ \t]|$)(.*)")
_ANY_HEADING = re.compile(r"[ \t>]{0,8}#{1,6}[ \t]+(.*)")
_UNDERLINE = re.compile(r"(?:=+|-{2,})[ \t]*")
_LINKED = re.compile(r"\[([^\[\]\n]{0,300})\]\([^()\n]{0,300}\)")
_ANCHOR = re.compile(r"(?:\b(?:id|name)=[\"']?|\{#)([\w.:-]{1,200})")
_ITEM = re.compile(r" *(?:[-*+]|\d{1,9}[.)])(?: {1,4}|$)")
_TICKS = re.compile(r"`+")


class Line(NamedTuple):
    """One line without its end; `number` counts from 1 in the file, `code` is true inside a fenced block."""

    number: int
    text: str
    code: bool = False


def split_lines(text: str) -> list[str]:
    """The lines with their ends; joined they are the text again."""
    return _LINE.findall(text)


class Places:
    """Where the lines of a text begin, to tell the line of any offset quickly."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def line(self, offset: int) -> int:
        """The line of an offset, from 1."""
        return bisect_right(self._starts, offset)

    def start(self, line: int) -> int:
        """The offset at which a line begins."""
        return self._starts[line - 1]


def frontmatter_lines(text: str) -> int:
    """How many lines the fenced frontmatter takes, both fences included; 0 when there is none or it never closes."""
    lines = split_lines(text)
    if not lines or lines[0].rstrip() != "---":
        return 0
    closing = (number for number, line in enumerate(lines[1:], 2) if line.rstrip() == "---")
    return next(closing, 0)


def walk(text: str, first_line: int = 1) -> list[Line]:
    """Every line, told apart into prose and fenced code; the fences themselves count as code."""
    lines: list[Line] = []
    fence = ""
    for number, raw in enumerate(split_lines(text), first_line):
        line = raw.rstrip("\r\n")
        was = fence
        if "```" in line or "~~~" in line:
            fence = _fence_after(line, fence)
        lines.append(Line(number, line, bool(was or fence)))
    return lines


class Block(NamedTuple):
    """A fenced code block: its first word after the fence in small letters, its text, the line of its first line."""

    language: str
    text: str
    line: int


def code_blocks(text: str, first_line: int = 1) -> list[Block]:
    """The closed fenced blocks of a text; what is indented with its fence is moved to the left."""
    blocks: list[Block] = []
    fence, opening, inside = "", "", list[str]()
    for number, raw in enumerate(split_lines(text), first_line):
        line = raw.rstrip("\r\n")
        was = fence
        if "```" in line or "~~~" in line:
            fence = _fence_after(line, fence)
        if fence and not was:
            opening, inside = line, []
        elif was and not fence:
            blocks.append(Block(_language(opening), _dedented(opening, inside), number - len(inside)))
        elif was:
            inside.append(line)
    return blocks


def with_indented_code(lines: Sequence[Line]) -> list[Line]:
    """The lines, those of indented code told apart too: four blanks beyond the text of a list, after an empty line.

    In doubt (lists inside lists) a line stays prose, so that nothing is passed by.
    """
    told: list[Line] = []
    base, open_here = 0, True
    for line in lines:
        text = line.text.expandtabs(4)
        indent = len(text) - len(text.lstrip())
        blank = not line.code and not text.strip()
        code = not line.code and not blank and open_here and indent >= base + 4
        item = None if line.code or code or blank else _ITEM.match(text)
        if item:
            base = item.end()
        elif open_here and indent == 0 and not blank and not line.code:
            base = 0
        told.append(line._replace(code=True) if code else line)
        open_here = blank or code
    return told


def _language(opening: str) -> str:
    """The first word of what follows the fence: `python` of "```python title=x"."""
    words = opening.strip().lstrip("`~").replace("{", " ").split()
    return words[0].lower().rstrip(",}") if words else ""


def _dedented(opening: str, lines: list[str]) -> str:
    indent = opening[: len(opening) - len(opening.lstrip())]
    moved = (line.removeprefix(indent) if indent else line for line in lines)
    return "".join(f"{line}\n" for line in moved)


def anchors(text: str) -> set[str]:
    """The keys (see `fragment_key`) of what a link's fragment can name: headings, repeated ones with a number, ids."""
    found: set[str] = set()
    counts: Counter[str] = Counter()
    lines = walk(text)
    for before, line in zip([None, *lines], lines, strict=False):
        title = None if line.code else _heading_title(line.text, before.text if before else "")
        if title is not None:
            key = fragment_key(_LINKED.sub(r"\1", title))
            found.add(f"{key}{counts[key]}" if counts[key] else key)
            counts[key] += 1
        if "id=" in line.text or "name=" in line.text or "{#" in line.text:
            found.update(map(fragment_key, _ANCHOR.findall(line.text)))
    return found


def _heading_title(text: str, before: str) -> str | None:
    """The text of a heading with hashes, or of the line that a row of `=` or `-` makes one."""
    heading = _ANY_HEADING.match(text)
    if heading:
        return _title(heading[1])
    underlined = before.strip() and text[:1] in "=-" and _UNDERLINE.fullmatch(text)
    return before.strip() if underlined else None


def fragment_key(fragment: str) -> str:
    """What two ways to write the same fragment share: its letters and digits, without case, hyphens and emoji."""
    return "".join(char for char in fragment.lower() if char.isalnum())


def _fence_after(line: str, fence: str) -> str:
    """The fence that is open after this line: an opening starts one, a bare one as long or longer ends it."""
    found = _FENCE.match(line)
    if not found:
        return fence
    if not fence:
        return found[1]
    return "" if found[1].startswith(fence) and not found[2].strip() else fence


def open_fence(text: str) -> str:
    """The fence that the text opens and never closes, or an empty text."""
    fence = ""
    for line in split_lines(text):
        fence = _fence_after(line.rstrip("\r\n"), fence)
    return fence


def without_inline_code(text: str) -> str:
    """The line with every `code span` blanked out; columns stay."""
    if "`" not in text:
        return text
    parts: list[str] = []
    done = 0
    for start, end in _code_spans(text):
        parts += [text[done:start], " " * (end - start)]
        done = end
    return "".join([*parts, text[done:]])


def inline_code(text: str) -> list[str]:
    """The contents of the line's code spans."""
    return [text[start:end].strip("`") for start, end in _code_spans(text)] if "`" in text else []


def _code_spans(text: str) -> list[tuple[int, int]]:
    """A run of backticks up to the next run of the same length; linear, because the text may be hostile."""
    runs = list(_TICKS.finditer(text))
    following: dict[int, int] = {}
    ends: list[int | None] = [None] * len(runs)
    for index in range(len(runs) - 1, -1, -1):
        size = len(runs[index][0])
        ends[index], following[size] = following.get(size), index
    found: list[tuple[int, int]] = []
    index = 0
    while index < len(runs):
        end = ends[index]
        if end is not None:
            found.append((runs[index].start(), runs[end].end()))
        index = index + 1 if end is None else end + 1
    return found


class Span(Shape):
    """A section as half-open range of line indexes: heading at `start`, text up to `end`."""

    heading: str
    start: int
    end: int


def spans(text: str) -> list[Span]:
    """The level-two sections of a whole file or a body, in order. A level-one heading ends a section too."""
    lines = split_lines(text)
    marks = list(_headings(text))
    ends = [index for index, _, _ in marks[1:]] + [len(lines)]
    pairs = zip(marks, ends, strict=False)
    return [Span(heading=title, start=index, end=end) for (index, level, title), end in pairs if level == 2]


def _headings(text: str) -> Iterator[tuple[int, int, str]]:
    skipped = frontmatter_lines(text)
    body = "".join(split_lines(text)[skipped:])
    for line in walk(body):
        found = None if line.code else _HEADING.match(line.text)
        if found:
            yield skipped + line.number - 1, len(found[1]), _title(found[2])


def _title(text: str) -> str:
    """The heading without its optional closing hashes."""
    title = text.strip()
    bare = title.rstrip("#")
    return bare.rstrip() if not bare or bare[-1].isspace() else title


def sections(text: str, first_line: int = 1) -> list[Section]:
    """The level-two sections; their text keeps its bytes. `first_line` is the line of `text` in its file."""
    lines = split_lines(text)
    return [
        Section(heading=span.heading, text="".join(lines[span.start + 1 : span.end]), line=first_line + span.start)
        for span in spans(text)
    ]
