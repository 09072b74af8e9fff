"""What was looked up before a person is asked, and what is still open after an answer. Shapes, and how to read them."""

from collections.abc import Sequence
from typing import Literal

from domain.shape import Shape

Where = Literal["library", "source"]


class Hit(Shape):
    """One thing that a query found.

    `name`: the path of a skill, or a source and the lines of it. `text`: its description, or how the passage begins.
    `score` lies between 0 and 1; `why` says what it rests on. `near`: this skill does nearly what is asked for.
    """

    name: str
    text: str = ""
    score: float = 0.0
    why: str = ""
    near: bool = False


class Research(Shape):
    """One query, where it was asked, and what it found, best first; nothing found is kept too."""

    query: str
    where: Where
    hits: list[Hit] = []


class OpenPoint(Shape):
    """What is not known yet, as a short question, and what of the skill hangs on it."""

    point: str
    changes: str = ""


def near_duplicates(research: Sequence[Research]) -> list[Hit]:
    """The skills that do nearly what is asked for, each once, the nearest first."""
    return [hit for hit in related(research) if hit.near]


def related(research: Sequence[Research]) -> list[Hit]:
    """The skills that were found in the library, each once: near duplicates first, then by score."""
    best: dict[str, Hit] = {}
    for hit in (hit for one in research if one.where == "library" for hit in one.hits):
        known = best.get(hit.name)
        if known is None or (hit.near, hit.score) > (known.near, known.score):
            best[hit.name] = hit
    return sorted(best.values(), key=lambda hit: (not hit.near, -hit.score, hit.name))
