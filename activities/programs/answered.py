"""What the request, the answers or the sources say already, so that nobody is asked for it. Rules only; no model.

Errs on the side of asking: a question about anything else than the fact itself is asked.
"""

import re
from collections.abc import Sequence

from activities.programs.context import said
from activities.programs.facts import Facts, facts_of
from activities.programs.prose import words
from domain.brief import Brief

_LENGTH = re.compile(
    r"\bhow (?:long|short|many words)\b|\bword (?:limit|count)\b|\blength limit\b|\bhow much text\b"
    r"|\b(?:maximum|max|most) (?:length|words|number of words)\b",
    re.IGNORECASE,
)
_HEADINGS = re.compile(
    r"\b(?:which|what) (?:sections?|headings?|groups?|categories)\b|\bhow (?:is|are|should|shall|must) .{0,60}"
    r"\b(?:grouped|structured|divided|split|organi[sz]ed|sectioned)\b",
    re.IGNORECASE,
)
_SAY_NOTHING = re.compile(
    "allowed|any|be|can|contain|count|divided|do|does|from|grouped|groups|have|headings|how|into|keep|length"
    "|limit|long|many|max|maximum|may|most|must|much|need|needs|number|organised|organized|result|results"
    "|section|sections|sectioned|shall|short|should|split|structured|text|there|use|used|want|what|which|word"
    "|words"
)
"""Words that a question about a length or about headings has, whatever it is about."""


def known_facts(brief: Brief) -> Facts:
    """The limits and headings that request, answers or sources state."""
    return facts_of([*said(brief), *(source.content for source in brief.sources)])


def is_answered(question: str, brief: Brief, facts: Facts) -> bool:
    """Whether a question asks for a limit or for headings that are known, and about nothing that nobody spoke of."""
    asks_for = (facts.max_words and _LENGTH.search(question)) or (facts.labels and _HEADINGS.search(question))
    return bool(asks_for) and _about_nothing_new(question, said(brief))


def _about_nothing_new(question: str, heard: Sequence[str]) -> bool:
    about = {word for word in words(question) if not _SAY_NOTHING.fullmatch(word)}
    return about <= set(words(" ".join(heard)))
