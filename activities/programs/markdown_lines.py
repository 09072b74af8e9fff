"""Markdown that a model wrote as a list of lines: cleaned, and put behind what stands already. Text in, text out."""

import re
from collections.abc import Sequence

from activities.programs.prose import is_runaway
from domain.markdown import walk

_BREAKS_OUT = re.compile(r" {0,3}#{1,2}(?:\s|$)")
"""A heading that would end the section it stands in."""


def markdown_lines(items: Sequence[str]) -> list[str]:
    """Markdown lines as written, without loops and headings that break out; some models send several in one item."""
    lines = [line.rstrip() for item in items for line in item.splitlines() or [""]]
    calm = "\n".join(line for line in lines if not is_runaway(line))
    return [line.text for line in walk(calm) if line.code or not _BREAKS_OUT.match(line.text)]


def behind(present: str, lines: Sequence[str]) -> str:
    """The lines behind the section; a blank line between unlike kinds, so that Markdown keeps them apart."""
    last = present.rstrip().rpartition("\n")[2]
    same = bool(last) and bool(lines) and last[:2] == lines[0][:2] and last[:2] in ("- ", "* ", "> ", "| ")
    return f"{present.rstrip()}{chr(10) if same else chr(10) * 2}{chr(10).join(lines)}".strip("\n")
