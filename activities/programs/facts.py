"""What a request says that code can hold onto: limits, headings, quoted words. Rules only; no model.

What is found here becomes expectations that code checks, rules that are certain to be in the skill, and a guard that a
model's rewording lost nothing.
"""

import re
from collections.abc import Iterable

from domain.answering.proposals import without_asked
from domain.evaluation import Expectation
from domain.shape import Shape

_LIMIT = re.compile(
    r"(?:at most|no more than|up to|under|within|fewer than|less than|max(?:imum)?(?: of)?|limit(?:ed)? (?:of|to))"
    r"\s+(\d[\d,]{0,6})\s+words\b|\b(\d[\d,]{0,6})\s+words\s+(?:or (?:less|fewer)|max(?:imum)?|at most)\b",
    re.IGNORECASE,
)
_LABEL = r"[A-Z][\w-]*(?: [A-Z][\w-]*)?"
_GROUPS = re.compile(
    r"\b(?:grouped (?:into|by|under|as)|sections?|headings?|categories|columns?|divided into|split into|sorted into)"
    rf":?\s+((?:{_LABEL},\s+)*{_LABEL},?\s+(?:and|or|&)\s+{_LABEL})"
)
_QUOTED = re.compile(r"[\"“”`]([^\"“”`\n]{2,60})[\"“”`]")
_BANNED = re.compile(r"\b(?:never|avoid|without|no|not|don't|exclude|omit)\b[^.,;]{0,40}$", re.IGNORECASE)
_CLAUSE = re.compile(
    r"(?:[,;.]\s+|\s+(?:but|and)\s+)(?=(?:grouped|sorted|ordered|divided|written|formatted|at most|at least|no more|"
    r"under|within|up to|with|without|including|using|never|always|must|only|each|in plain|in the)\b)",
    re.IGNORECASE,
)
_LENGTHS = re.compile(r"^(?:at most|at least|no more|under|within|up to)\b", re.IGNORECASE)
_STATES = re.compile(r"^(?:grouped|sorted|ordered|divided|written|formatted|with|without|in)\b", re.IGNORECASE)
_ANCHOR = re.compile(r"\d[\d.,]*\d|\d|(?<=[\s,(])[A-Z][\w-]+|[\"“`][^\"“”`\n]{2,60}[\"”`]")


class Facts(Shape):
    """`labels`: headings that a result must have; `quoted`/`banned`: words it must have or must not have."""

    max_words: int | None = None
    labels: list[str] = []
    quoted: list[str] = []
    banned: list[str] = []

    @property
    def given_away(self) -> list[str]:
        """Words that a test prompt must not contain, because they are what the skill should add."""
        limit = [f"{self.max_words} words"] if self.max_words else []
        return [*self.quoted, *self.labels, *limit]


def facts_of(texts: Iterable[str]) -> Facts:
    """The facts in the request and in the answers; the tightest word limit wins."""
    whole = "\n".join(without_asked(text) for text in texts)
    limits = [int((a or b).replace(",", "")) for a, b in _LIMIT.findall(whole)]
    groups = [re.split(r",\s+|,?\s+(?:and|or|&)\s+", found) for found in _GROUPS.findall(whole)]
    labels = [label.strip(" ,") for group in groups for label in group if label.strip(" ,")]
    quoted: dict[bool, list[str]] = {True: [], False: []}
    for found in _QUOTED.finditer(whole):
        quoted[bool(_BANNED.search(whole[: found.start()]))].append(found[1].strip())
    return Facts(
        max_words=min(limits, default=None),
        labels=list(dict.fromkeys(labels))[:6],
        quoted=[text for text in dict.fromkeys(quoted[False]) if text not in labels][:4],
        banned=list(dict.fromkeys(quoted[True]))[:4],
    )


def expectations_of(facts: Facts) -> list[Expectation]:
    """What code can check in an answer. A label counts only as a heading: `## Added`, `**Added**`, `Added: …`."""
    found = [
        Expectation(text=f"Has the heading “{label}”", check="regex", value=_heading(label)) for label in facts.labels
    ]
    found += [Expectation(text=f"Contains “{text}”", check="contains", value=text) for text in facts.quoted]
    found += [Expectation(text=f"Does not contain “{text}”", check="absent", value=text) for text in facts.banned]
    if facts.max_words:
        limit = str(facts.max_words)
        found.append(Expectation(text=f"Has at most {limit} words", check="max_words", value=limit))
    return found


def criteria_of(facts: Facts) -> list[str]:
    """The same as sentences for a checklist; the headings together."""
    others = [item.text for item in expectations_of(facts) if item.check != "regex"]
    return [f"Has the headings {joined(facts.labels)}", *others] if facts.labels else others


def joined(labels: list[str], last: str = "and") -> str:
    """“A”, “B” and “C”."""
    quoted = [f"“{label}”" for label in labels]
    return f" {last} ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def _heading(label: str) -> str:
    return rf"(?im)^\W{{0,6}}{re.escape(label)}\s*(?:\W{{0,4}}$|:)"


def requirements_of(request: str) -> list[str]:
    """The conditions that a request adds to its task, as sentences in its own words."""
    task, *clauses = _CLAUSE.split(" ".join(without_asked(request).split()))
    del task
    return [_requirement(clause.strip(" .,;")) for clause in clauses if len(clause.split()) >= 2][:8]


def _requirement(clause: str) -> str:
    if _LENGTHS.match(clause):
        return f"Keep the result to {clause[0].lower()}{clause[1:]}."
    if _STATES.match(clause):
        return f"Deliver the result {clause[0].lower()}{clause[1:]}."
    return f"{clause[0].upper()}{clause[1:]}."


def task_of(request: str) -> str:
    """The request without its conditions: what to do, not how the result must look or what the skill is called."""
    return _CLAUSE.split(" ".join(without_asked(request).split()))[0].strip(" .,;")


def lost(request: str, reworded: str) -> list[str]:
    """Numbers, names and quoted words of the request that a rewording has not kept."""
    kept = reworded.casefold()
    return [
        fact
        for fact in dict.fromkeys(_ANCHOR.findall(without_asked(request)))
        if fact.strip('"“”`').casefold() not in kept
    ]
