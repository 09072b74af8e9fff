"""The sections that the author writes: read from a category's template, or the core when there is none.

A template is a SKILL.md whose `## ` headings are sections and whose texts below them say what each is for. Must not
judge a skill (`domain/library/templates.py` does) and never reads a disk.
"""

from collections.abc import Sequence

from domain.counters import COUNTERS
from domain.manuscript import CORE, DECISIONS, FILES
from domain.markdown import sections
from domain.shape import Shape

OPTIONAL = " (optional)"
MOST_SECTIONS = 20
MOST_OWN = 2
"""Sections of a category's own that are asked of the model: each costs it as much as a whole core section."""

MOST_GUIDANCE = 400
"""Characters of guidance that the model is told for a section."""


_SPELLED = {heading.casefold(): heading for heading in (*CORE, DECISIONS, FILES, *COUNTERS)}
"""The headings that every skill may have; code or a question of its own fills each."""


class Outline(Shape):
    """Headings in their order; `guidance` of those that no skill of other categories has."""

    headings: list[str] = CORE
    guidance: dict[str, str] = {}


def outline_of(text: str) -> Outline:
    """The outline of a template's text; the core when it has no sections. Never raises."""
    found = sections(text)[:MOST_SECTIONS]
    headings = list(dict.fromkeys(_heading(section.heading) for section in found))
    own = {
        _heading(section.heading): " ".join(section.text.split())[:MOST_GUIDANCE]
        for section in found
        if not _is_known(_heading(section.heading))
    }
    told = dict(list(own.items())[:MOST_OWN])
    kept = [heading for heading in headings if heading in told or _is_known(heading)]
    return Outline(headings=_whole(kept), guidance=told) if headings else Outline()


def _heading(text: str) -> str:
    return text.removesuffix(OPTIONAL).strip()


def _is_known(heading: str) -> bool:
    return heading.casefold() in _SPELLED


def _whole(headings: Sequence[str]) -> list[str]:
    """With the core's own spelling, and with what a template forgot of the core behind it: it is written anyway."""
    ordered = [_SPELLED.get(heading.casefold(), heading) for heading in headings]
    return [*ordered, *(core for core in CORE if core not in ordered)]
