"""A skill beside those that the library has: names that collide or look alike, descriptions that say the same.

Deterministic and without a model: two descriptions are as similar as the cosine of their counted words and pairs of
words. Must not look anything up; the neighbours are given.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from domain.rules.rule import Rule
from domain.shape import Shape
from domain.skill import Finding, Severity

ALIKE = 0.6
"""Cosine from which two descriptions are one skill to an agent that must choose; the data are in docs/validation.md."""

SHORTEST_NAME = 5
"""Names of fewer characters differ by one letter without being confused: `pdf`, `psd`."""

TAKEN = Rule(
    code="name-taken", severity=Severity.ERROR, about="The library has a skill of this name.", fix="Rename it."
)
ALIAS = Rule(
    code="name-is-alias",
    severity=Severity.ERROR,
    about="The name is another name of a skill in the library.",
    fix="Rename it.",
)
LOOK_ALIKE = Rule(
    code="name-look-alike",
    severity=Severity.WARNING,
    about="The name differs by one letter, or only by hyphens, from a skill in the library.",
    fix="Choose a name that says what is different.",
)
DUPLICATE = Rule(
    code="description-duplicate",
    severity=Severity.WARNING,
    about=f"The description is nearly that of another skill (similarity {ALIKE:.2f} or more).",
    fix="Say in both what the other one is not for, or make them one skill.",
)
RULES = (TAKEN, ALIAS, LOOK_ALIKE, DUPLICATE)

_WORD = re.compile(r"\w+")
_SAY_NOTHING = re.compile(
    "a|and?|any|are|as|at|be|by|can|do(?:es)?|etc|for|from|ha[sv]e?|how|if|in|into|is|its?|like|may|more|not|of|on|or|other"
    "|over|such|th(?:an|at|e|eir|em|en|ese|ey|is|ose)|to|up|us(?:e|ed|er|ers|es|ing)|via|wh(?:at|en|enever|ere|ich|o)|will"
    "|with|within|your?|ask(?:s|ed)?|mentions?|needs?|wants?|should|skill|includ(?:es?|ing)|triggers?"
)
_LONGEST = 4_000


class Neighbour(Shape):
    """Another skill of the library; `aliases` are other names that lead to it."""

    name: str
    description: str = ""
    aliases: tuple[str, ...] = ()


def collisions(name: str, taken: Collection[str], library: Sequence[Neighbour]) -> Iterator[Finding]:
    """What speaks against a name that nobody has: it is an alias, or is taken for another. Case does not count."""
    own = name.casefold()
    names = {standing.casefold(): standing for standing in (*(other.name for other in library), *taken)}
    if own in names:
        return
    for other in library:
        if any(alias.casefold() == own for alias in other.aliases):
            yield ALIAS.found(f"`{name[:80]}` is another name of `{other.name[:80]}`.", field="name")
    for folded, standing in names.items():
        if look_alike(own, folded):
            yield LOOK_ALIKE.found(f"The library has `{standing[:80]}`, which is easily taken for it.", field="name")


def look_alike(one: str, two: str) -> bool:
    """Whether two different names are equal without hyphens, or differ by one letter that is left out, put in, changed
    or swapped with the next. A digit that differs is a number, not a slip."""
    bare, other = one.replace("-", ""), two.replace("-", "")
    if bare == other:
        return one != two
    if min(len(bare), len(other)) < SHORTEST_NAME or abs(len(bare) - len(other)) > 1:
        return False
    start = next((at for at, (a, b) in enumerate(zip(bare, other, strict=False)) if a != b), min(len(bare), len(other)))
    left, right = bare[start:], other[start:]
    if left[:1].isdigit() or right[:1].isdigit():
        return False
    swapped = left[:2] == right[1::-1] and left[2:] == right[2:]
    return swapped or left[1:] == right[1:] or left[1:] == right or left == right[1:]


def near_duplicates(name: str, description: str, library: Sequence[Neighbour]) -> Iterator[Finding]:
    """The neighbours whose descriptions say nearly the same, the most similar first, with the similarity."""
    own = _vector(description[:_LONGEST])
    scored = [
        (cosine(own, _vector(other.description[:_LONGEST])), other.name) for other in library if other.name != name
    ]
    for score, other in sorted((one for one in scored if one[0] >= ALIKE), key=lambda one: (-one[0], one[1])):
        message = f"The description is nearly that of `{other[:80]}` (similarity {score:.2f})."
        yield DUPLICATE.found(message, field="description")


def similarity(one: str, two: str) -> float:
    """How alike two descriptions are: 0 with no word in common, 1 for the same words in the same order."""
    return cosine(_vector(one[:_LONGEST]), _vector(two[:_LONGEST]))


def telling(word: str) -> bool:
    """Whether a folded word says what a skill is about: not one that every description has."""
    return _SAY_NOTHING.fullmatch(word) is None


def cosine(one: Mapping[str, float], two: Mapping[str, float]) -> float:
    """The cosine of two vectors of length 1; 0 when either is empty."""
    few, many = (one, two) if len(one) <= len(two) else (two, one)
    return sum(weight * many.get(word, 0.0) for word, weight in few.items())


@lru_cache(maxsize=8192)
def _vector(text: str) -> Mapping[str, float]:
    """Root of the count of each stem and each pair of stems, scaled to length 1."""
    words = [_stem(word) for word in _WORD.findall(text.casefold()) if not _SAY_NOTHING.fullmatch(word)]
    counts = Counter([*words, *map(" ".join, pairwise(words))])
    length = math.sqrt(sum(counts.values()))
    return {word: math.sqrt(count) / length for word, count in counts.items()}


def _stem(word: str) -> str:
    """The word without the commonest English endings: `creating`, `creates` and `created` are one."""
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word
