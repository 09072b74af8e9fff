"""Regular expressions that models and people write: which are taken, and a search that ends. The one place for both.

Python's `re` can search for hours and cannot be stopped, and no look at a pattern finds all that do. `regex` takes a
time limit and lets other threads run meanwhile, so it searches; a well-kept library comes before code of our own, even
in the domain. What both take means the same to both, so a pattern is taken only if both do. Must not grade.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import regex

from domain.errors import SkillFleetError

MAX_PATTERN = 200
"""Characters of a regular expression; longer ones are refused."""

MAX_SEARCHED = 20_000
"""Characters of a text that a pattern is tried on."""

MAX_PARTS = 5_000
"""Signs that a pattern stands for, its counts multiplied out: `regex` spells repeats out when it compiles, without a
time limit. 5,000 take some 10 ms; `((a{1000}){1000}){1000}` took all memory."""

SECONDS = 0.25
"""For one search; what is ordinary takes a hundredth of it on the longest text."""

_TOKEN = re.compile(
    r"\(\?#[^)]*\)|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]?|(?:[*+?]|\{(?:\d+(?:,\d*)?|,\d*)\})[?+]?|\(\??|.", re.DOTALL
)
_REPEAT = re.compile(r"([*+?])[?+]?|\{(\d*)(,?)(\d*)\}[?+]?")
_BACKREFERENCE = re.compile(r"\\[1-9]|\(\?P=")
_SET_WITHIN = re.compile(r"\[\[|\[.*(?:\[[:.=]|--|&&|~~|\|\|)", re.DOTALL)
"""What a later Python may read as a set within a set, and `regex` as a class such as `[:alpha:]`."""
_FUZZY = re.compile(r"\{[\d<=\s]*[idse]\s*[<=+,:}]")
"""To `regex` a number of misspellings, to `re` these very signs."""
_FLAG_X = re.compile(r"\(\?[a-wyzA-Z-]*x")


class TooSlow(SkillFleetError):
    """The search took longer than it may, so it is not known whether the pattern is found."""


def search(pattern: str, text: str, seconds: float = SECONDS) -> str | None:
    """What the pattern finds first in the first MAX_SEARCHED characters; None: nothing. Raises TooSlow."""
    try:
        found = regex.search(pattern, text[:MAX_SEARCHED], flags=regex.V0, timeout=seconds, concurrent=True)
    except TimeoutError:
        raise TooSlow(f"the pattern was not done with this text after {seconds:g} seconds") from None
    return None if found is None else str(found[0])


def pattern_problem(pattern: str) -> str | None:
    """Why `pattern` is refused, or None: too long, invalid, or of a shape that takes exponential time or memory."""
    if len(pattern) > MAX_PATTERN:
        return f"The pattern has {len(pattern)} characters; at most {MAX_PATTERN} are tried."
    return _problem(pattern)


@lru_cache(maxsize=1_000)
def _problem(pattern: str) -> str | None:
    """Of a short one. Remembered: whoever looks at a job has all of its patterns judged."""
    problem = next(_of_signs(pattern), None) or _of_repeats(pattern)
    if problem:
        return problem
    try:
        # In this order: what `re` refuses may mean something else, and costly, to the other.
        re.compile(pattern)
        regex.compile(pattern, flags=regex.V0)
    except (re.error, regex.error, ValueError, OverflowError) as error:
        return f"The pattern is no regular expression: {error}."
    return None


def _of_signs(pattern: str) -> Iterator[str]:
    """What means one thing here and another there, or may take exponential time."""
    tokens = _TOKEN.findall(pattern)
    if any(_SET_WITHIN.match(token) for token in tokens if len(token) > 1):
        yield "The pattern has `[`, or a sign twice, within brackets: put a backslash before it."
    if _FLAG_X.search(pattern):
        yield "The pattern has the flag x: write it without blanks and comments instead."
    if _FUZZY.search(pattern):
        yield "The pattern has a `{` that counts nothing: put a backslash before it."
    if any(token[0] == "\\" and _BACKREFERENCE.match(token) for token in tokens) or "(?P=" in pattern:
        yield "The pattern refers back, which can take exponential time."


@dataclass
class _Group:
    """What was read of a group: the signs it stands for, and whether a part of it repeats without a fixed count."""

    signs: int = 1
    varies: bool = False
    last: int = 0
    last_varies: bool = False

    def add(self, signs: int, varies: bool) -> None:
        self.signs += signs
        self.varies = self.varies or varies
        self.last, self.last_varies = signs, varies

    def repeat(self, times: int) -> None:
        self.signs += self.last * (times - 1)
        self.last *= times


def _of_repeats(pattern: str) -> str | None:
    """Repetitions within repetitions, and counts that multiply."""
    outer: list[_Group] = []
    here = _Group()
    for part in _TOKEN.findall(pattern):
        repeat = _REPEAT.fullmatch(part)
        if part in ("(", "(?"):
            outer.append(here)
            here = _Group()
        elif part == ")" and outer:
            here, closed = outer.pop(), here
            here.add(closed.signs, closed.varies)
        elif repeat:
            times, varies = _times(repeat)
            if varies and here.last_varies:
                return "The pattern repeats a repetition, which can take exponential time."
            here.repeat(times)
            here.varies = here.varies or varies
        elif not part.startswith("(?#"):
            here.add(1, False)
    signs = here.signs + sum(group.signs for group in outer)
    return (
        f"The pattern's counts make {signs} signs of it; at most {MAX_PARTS} are tried." if signs > MAX_PARTS else None
    )


def _times(repeat: re.Match[str]) -> tuple[int, bool]:
    """How often this spells its part out at most, and whether the count is open."""
    sign, least, comma, most = repeat.groups()
    if sign:
        return (2 if sign == "+" else 1), sign != "?"
    return max(int(most or 0), int(least or 0) + (1 if comma and not most else 0), 1), bool(comma)
