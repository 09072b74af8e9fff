"""Counters to measured failures, each in the form that its kind needs, and the sections of a skill that hold them.

Form follows failure, as others measured it (superpowers, writing-skills): a rule that was skipped needs a prohibition
without exceptions and an answer to each excuse; a result of the wrong shape needs a positive recipe, because a
prohibition makes it worse; what was left out needs a slot that cannot stay empty; what depends on something needs a
condition that can be seen. Must not decide which failure is of which kind (`activities/programs/failure_forms.py`).
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import zip_longest
from typing import NamedTuple

from domain.scan.hidden_text import without_hidden
from domain.shape import Shape

RECIPE = "How a right result is made"
SLOTS = "Required parts"
CONDITIONS = "What to do when"
NEVER = "No exceptions"
EXCUSES = "Excuses and what is true"
RED_FLAGS = "Red flags"
COUNTERS = (RECIPE, SLOTS, CONDITIONS, NEVER, EXCUSES, RED_FLAGS)
"""Their sections, in the order in which they stand."""
OF_RESULTS = COUNTERS[:3]
"""Those that follow the workflow; the others follow the rules."""

TABLE = "| Excuse (word for word) | What is true instead |\n|---|---|"

LONGEST_CELL = 240
"""Characters of an excuse or an answer to it; what is longer is cut, and ends with an ellipsis."""

WORDS = {"comprehensive": 500, "navigation_hub": 260, "minimal": 180}
"""Words of all counters together, by style: an agent reads them each time, so the longest skill has a bound too. The
first of each kind always stands, because it answers a failure that was measured."""

_LEADS = {
    RECIPE: "Make each result like this:",
    SLOTS: "Every result has each of these parts. It is not done while one is empty:",
    CONDITIONS: "Look first, then do what stands beside what you see:",
    NEVER: "These hold under pressure too: of time, of authority, of work already done.",
    EXCUSES: "Agents said these things, and their results were wrong. When you are about to say one, do what stands "
    "beside it:",
    RED_FLAGS: "Stop, and go back to the rule, when one of these is true of you:",
}


class FailureKind(StrEnum):
    """What kind of failure a counter is for."""

    SKIPPED_RULE = "skipped_rule"
    WRONG_SHAPE = "wrong_shape"
    OMITTED = "omitted"
    CONDITIONAL = "conditional"


class Slot(Shape):
    """A part that every result has, and what stands in it."""

    name: str
    holds: str = ""


class Condition(Shape):
    """Something an agent can see, what to do then, and what to do otherwise."""

    when: str
    do: str
    otherwise: str = ""


class Excuse(Shape):
    """What an agent said for leaving something out, word for word, and what is true instead."""

    said: str
    truth: str


class Counters(Shape):
    """All counters of a skill, in their forms."""

    recipe: list[str] = []
    slots: list[Slot] = []
    conditions: list[Condition] = []
    prohibitions: list[str] = []
    excuses: list[Excuse] = []
    red_flags: list[str] = []

    def __bool__(self) -> bool:
        """Whether there is any."""
        return any(block.items for block in blocks(self))


class Block(NamedTuple):
    """What stands in the section of one kind: what is said first, and one line an item."""

    heading: str
    lead: str
    items: list[str]

    @property
    def text(self) -> str:
        """The section below its heading, "" without items; the head of a table stands right above its rows."""
        if not self.items:
            return ""
        head = [self.lead, "", TABLE] if self.heading == EXCUSES else [self.lead, ""]
        return "\n".join([*head, *self.items])


def blocks(counters: Counters) -> list[Block]:
    """The sections in their order, also those without items."""
    items = [
        [f"- {text}" for text in counters.recipe],
        [_slot(slot) for slot in counters.slots],
        [_condition(item) for item in counters.conditions],
        [f"- {text}" for text in counters.prohibitions],
        [row(item) for item in counters.excuses],
        [f"- {text}" for text in counters.red_flags],
    ]
    return [Block(heading, _LEADS[heading], lines) for heading, lines in zip(COUNTERS, items, strict=True)]


def fitted(counters: Counters, words: int) -> Counters:
    """As many as `words` allow, taken from all kinds in turn; the first of each kind stands whatever it takes."""
    found = {heading: block.items for heading, block in zip(COUNTERS, blocks(counters), strict=True)}
    kept = dict.fromkeys(found, 0)
    for number, turn in enumerate(zip_longest(*found.values())):
        for heading, line in zip(found, turn, strict=True):
            size = len(line.split()) if line else 0
            if line and (number == 0 or (kept[heading] == number and size <= words)):
                kept[heading] += 1
                words -= size
    return Counters(
        recipe=counters.recipe[: kept[RECIPE]],
        slots=counters.slots[: kept[SLOTS]],
        conditions=counters.conditions[: kept[CONDITIONS]],
        prohibitions=counters.prohibitions[: kept[NEVER]],
        excuses=counters.excuses[: kept[EXCUSES]],
        red_flags=counters.red_flags[: kept[RED_FLAGS]],
    )


def joined(several: Sequence[Counters]) -> Counters:
    """All of them as one, in order."""
    return Counters(
        recipe=_all(one.recipe for one in several),
        slots=[slot for one in several for slot in one.slots],
        conditions=[item for one in several for item in one.conditions],
        prohibitions=_all(one.prohibitions for one in several),
        excuses=[item for one in several for item in one.excuses],
        red_flags=_all(one.red_flags for one in several),
    )


def _all(lists: Iterable[Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(text for items in lists for text in items))


def row(excuse: Excuse) -> str:
    """A row of the table."""
    return f"| “{cell(excuse.said)}” | {cell(excuse.truth)} |"


def cell(text: str) -> str:
    """The text as one cell of a Markdown table: its words stay, but it cannot end the cell, be a tag or a link, or hold
    what nobody sees."""
    line = " ".join(without_hidden(text).split())
    if len(line) > LONGEST_CELL:
        line = line[:LONGEST_CELL].rsplit(" ", 1)[0] + " …"
    for character, written in (("|", "&#124;"), ("<", "&lt;"), ("](", "]&#40;"), ("][", "]&#91;")):
        line = line.replace(character, written)
    return line


def _slot(slot: Slot) -> str:
    return f"- **{slot.name}** (REQUIRED)" + (f": {slot.holds}" if slot.holds else "")


def _condition(item: Condition) -> str:
    said = f"- When {item.when.rstrip('.,')}: {item.do.rstrip('.')}"
    return f"{said}; otherwise {item.otherwise.rstrip('.')}." if item.otherwise else f"{said}."
