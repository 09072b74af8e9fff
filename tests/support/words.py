"""Texts for made answers, from the prompt's own words and a small stock of nouns.

What a job writes is so about its subject, differs from item to item, and differs when the feedback differs; the same
prompt always gives the same text. Must not know about schemas.
"""

import random
import re

from pydantic import BaseModel, ConfigDict

_NOUNS = (
    "archive batch boundary branch budget catalogue change checklist column count deadline draft entry evidence field "
    "folder glossary heading invoice journal ledger margin measure message notice outline owner package paragraph "
    "record reference region report request result review sample schedule section sheet signature source summary "
    "table ticket timeline total version warning window"
)
_VERBS = "compare check collect confirm copy describe explain inspect keep list measure name quote sort trace"
_SHAPES = (
    "For {label} {n}, {verb} the {a} {b} with the {c} and write down the {d}.",
    "Under {label} {n} you {verb} each {a} by {b}, then the {c} beside its {d}.",
    "{Verb} {a} and {b} first in {label} {n}; the {c} follows its {d}.",
    "When {label} {n} begins, {verb} every {a} whose {b} lacks a {c} or {d}.",
)
_SKIPPED = {"todo", "tbd", "placeholder", "lorem", "ipsum", "respond", "completed"}


class Place(BaseModel):
    """Where in the value we are: what seeds a text and makes list items differ."""

    model_config = ConfigDict(frozen=True)

    path: str = ""
    name: str = "answer"
    index: int = 0
    depth: int = 0

    def member(self, name: str) -> "Place":
        return Place(path=f"{self.path}.{name}", name=name, index=self.index, depth=self.depth + 1)

    def item(self, index: int) -> "Place":
        return Place(path=f"{self.path}.{index}", name=self.name, index=index, depth=self.depth + 1)


class Words:
    """Texts made of a prompt's own words and a small stock of nouns."""

    def __init__(self, prompt: str) -> None:
        found = dict.fromkeys(word.lower() for word in re.findall(r"[A-Za-z]{4,14}", prompt))
        subject = [word for word in found if word not in _SKIPPED][:60]
        self._subject = subject if len(subject) > 1 else _NOUNS.split()
        self._pool = [word for word in _NOUNS.split() if word not in subject]
        self._prompt = prompt

    def _dice(self, place: Place, turn: int = 0) -> random.Random:
        return random.Random(f"{place.path}|{turn}|{self._prompt}")

    def sentence(self, place: Place, turn: int = 0) -> str:
        dice = self._dice(place, turn)
        a, c = dice.sample(self._subject, 2)
        b, d = dice.sample(self._pool, 2)
        verb = dice.choice(_VERBS.split())
        said = {"label": place.name.replace("_", " "), "n": place.index + 1, "verb": verb, "Verb": verb.capitalize()}
        return dice.choice(_SHAPES).format(**said, a=a, b=b, c=c, d=d)

    def slug(self, place: Place) -> str:
        dice = self._dice(place)
        return "-".join([dice.choice(self._subject), dice.choice(self._pool), str(place.index + 1)])

    def text(self, place: Place, least: int, most: int | None) -> str:
        """Whole sentences of `least` to `most` characters; cut at a word where it must be."""
        said = self.sentence(place)
        turn = 1
        while len(said) < least:
            said += " " + self.sentence(place, turn)
            turn += 1
        if most is None or len(said) <= most:
            return said
        cut = said[: most - 1].rsplit(" ", 1)[0].rstrip(",;")
        return cut + "." if most > 1 and len(cut) + 1 >= least else said[:most]
