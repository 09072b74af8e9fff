"""Which sections of a SKILL.md differ between two revisions."""

from collections import Counter
from typing import Literal

from domain.markdown import frontmatter_lines, spans, split_lines
from domain.shape import Shape

FRONTMATTER = "(frontmatter)"
OPENING = "(opening)"
"""What stands outside of level-two sections, such as the title."""


class SectionChange(Shape):
    """One section that differs. `heading` is FRONTMATTER or OPENING for what has none."""

    heading: str
    kind: Literal["changed", "added", "removed"]


def changed_sections(before: str, after: str) -> list[SectionChange]:
    """The sections that differ: those of `after` in their order, then those that are gone. Headings are compared whole,
    so a renamed section is one that is gone and one that is new."""
    old, new = _parts(before), _parts(after)
    there = [
        SectionChange(heading=part[0], kind="changed" if part in old else "added")
        for part, text in new.items()
        if old.get(part) != text
    ]
    return [*there, *(SectionChange(heading=part[0], kind="removed") for part in old if part not in new)]


def _parts(text: str) -> dict[tuple[str, int], str]:
    """The text of every part that holds something, by its heading and how often that came before."""
    lines = split_lines(text)
    head = frontmatter_lines(text)
    found = spans(text)
    inside = {place for span in found for place in range(span.start, span.end)}
    parts = {
        (FRONTMATTER, 0): "".join(lines[:head]),
        (OPENING, 0): "".join(line for place, line in enumerate(lines) if place >= head and place not in inside),
    }
    seen: Counter[str] = Counter()
    for span in found:
        parts[span.heading, seen[span.heading]] = "".join(lines[span.start : span.end]).rstrip()
        seen[span.heading] += 1
    return {part: body.strip() for part, body in parts.items() if body.strip()}
