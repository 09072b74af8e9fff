"""Whether the shelf that a model proposes is believed: its word is held against the words of the request.

A rule, alike every time; what a person chose is never doubted. Must not move anything, and never asks a model.
"""

from domain.library.search import words
from domain.shape import Shape
from domain.taxonomy import Shelf, Taxonomy, place


class Placement(Shape):
    """Where a skill shall lie. `unsure`: a person should look at it; `why` says why, `alternatives` what else fits."""

    category: str
    unsure: bool = False
    why: str = ""
    alternatives: list[str] = []


CLEARLY = 4
"""How strongly words must speak for a shelf before a model's choice is doubted: two of its names, or a name and two
words of its description. One word alone ("write", "data") stands in half of all requests."""

MUCH_MORE = 3
"""How many times as strongly as for the model's own choice."""

MOST_ALTERNATIVES = 3

_NAMED, _DESCRIBED = 2, 1


def placement(proposed: str, text: str, taxonomy: Taxonomy) -> Placement:
    """Where a model's word puts a skill, held against what its request and description say (`text`).

    The model's shelf stands, whatever the words say: they only make it unsure. A word that is no shelf is always
    unsure; the shelf that the words speak for takes its place, else `general` (`place`).
    """
    scores = {shelf.name: _spoken_for(shelf, set(map(_stem, words(text)))) for shelf in taxonomy.categories}
    ranked = [name for name in sorted(scores, key=lambda name: -scores[name]) if scores[name]]
    own = taxonomy.find(proposed) if proposed.strip() else None
    best = ranked[0] if ranked else None
    if own is None:
        clear = best if best and scores[best] >= CLEARLY else place(None, taxonomy)
        why = f"the author model proposed {proposed[:60]!r}, which is no shelf of this library"
        return _doubted(clear, why, ranked)
    if best and best != own and scores[best] >= max(CLEARLY, MUCH_MORE * scores[own]):
        return _doubted(own, f"the author model chose {own}, but the words of the request speak for {best}", ranked)
    return Placement(category=own)


def _doubted(category: str, why: str, ranked: list[str]) -> Placement:
    others = [name for name in ranked if name != category]
    return Placement(category=category, unsure=True, why=why, alternatives=others[:MOST_ALTERNATIVES])


def _spoken_for(shelf: Shelf, said: set[str]) -> int:
    """How strongly these stems speak for a shelf; each counts once, as a name if it is one."""
    named = {_stem(word) for text in (shelf.name, shelf.title, *shelf.aliases) for word in words(text)}
    described = {_stem(word) for word in words(shelf.description)} - named - _SAY_NOTHING
    return _NAMED * len(said & (named - _SAY_NOTHING)) + _DESCRIBED * len(said & described)


_ENDINGS = ("ing", "ers", "er", "ies", "ed", "es", "s", "y", "e")


def _stem(word: str) -> str:
    """A word without its ending, so that `writes`, `writing` and `write` are one. Crude, and the same every time."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


_SAY_NOTHING = frozenset(
    map(
        _stem,
        words(
            "and or of to the a an in for with between no fits whatever other others use user using general tools "
            "process processes system systems running"
        ),
    )
)
