"""The shelf of a skill that comes from elsewhere: what it says itself, where it lay, else what its words speak for.

A rule, alike every time; whatever is not clear is told with what else might fit. Must not move what stands already.
"""

import re

from domain.library.gather import FoundSkill, shelf
from domain.library.metadata import TAGS, words_of
from domain.library.placement import placement
from domain.library.search import words
from domain.shape import Shape
from domain.skill import Frontmatter
from domain.taxonomy import Taxonomy, place

MOST_WORDS = 5
"""Deciding words that a report names."""

MOST_TEXT = 2_000
"""Characters of a description that are looked at: twice what the format allows, so that an endless one costs little."""

_NOT_FOR = re.compile(r"\b(?:not for|not when|not to be used|do not use|don't use|skip when)\b[^.]*", re.IGNORECASE)
"""What a description sends elsewhere says nothing of where it belongs itself."""


class Shelving(Shape):
    """Where a skill shall lie. `why` is empty when it said so itself, lay there, or stands there already."""

    category: str
    why: str = ""


def shelving(found: FoundSkill, front: Frontmatter, taxonomy: Taxonomy, standing: str | None = None) -> Shelving:
    """The shelf of a skill; `standing` is the one where an earlier version of it lies."""
    said = [front.metadata.get("category", ""), *found.folder.split("/")[:-1]]
    if any(taxonomy.find(word) for word in said if word):
        return Shelving(category=shelf(found, front.metadata, taxonomy))
    return Shelving(category=standing) if standing else _by_words(front, taxonomy)


def _by_words(front: Frontmatter, taxonomy: Taxonomy) -> Shelving:
    """The shelf that description and tags clearly speak for, with more words than for any other; else `general`."""
    text = f"{_NOT_FOR.sub(' ', front.description[:MOST_TEXT])} {' '.join(words_of(front, TAGS))[:MOST_TEXT]}"
    general = place(None, taxonomy)
    proposed = placement("", text, taxonomy)
    likely = [name for name in (proposed.category, *proposed.alternatives) if name != general]
    spoken = _words_for(text, likely, taxonomy)
    own = spoken.get(proposed.category, [])
    others = [name for name in likely if name != proposed.category]
    if own and all(len(spoken[name]) < len(own) for name in others):
        also = f" It might also fit: {', '.join(others)}." if others else ""
        return Shelving(category=proposed.category, why=f"On {proposed.category} for its words: {_listed(own)}.{also}")
    if not likely:
        return Shelving(category=general, why=f"On {general}: no word of its description speaks for a shelf.")
    told = "; ".join(f"{name} ({_listed(spoken[name])})" for name in likely)
    return Shelving(category=general, why=f"On {general}, because no shelf is clear. It might fit: {told}.")


def _words_for(text: str, shelves: list[str], taxonomy: Taxonomy) -> dict[str, list[str]]:
    """Which words speak for each of these shelves, by the rule itself: every word is asked alone."""
    speaking = {word: placement("", word, taxonomy).alternatives for word in dict.fromkeys(words(text))}
    return {name: [word for word, spoken in speaking.items() if name in spoken] for name in shelves}


def _listed(said: list[str]) -> str:
    return ", ".join(said[:MOST_WORDS])
