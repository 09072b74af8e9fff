"""How many words a body takes for what it says: long sentences, long paragraphs, phrases that say nothing.

Counted, with hints only: every word of a skill is paid for in each conversation that loads it. Must not judge meaning.
"""

import re
from collections.abc import Iterator, Sequence

from domain.markdown import Line, without_inline_code
from domain.rules.rule import Rule
from domain.skill import Finding, Severity

LONG_SENTENCE = 40
LONG_PARAGRAPH = 120
"""Words; of the real skills in docs/validation.md, one sentence in 1,000 and four paragraphs in 1,000 have more."""
FEWEST_FILLERS = 3
WORDS_A_FILLER = 250
"""One filler in fewer words than this, and three at least."""

SENTENCE = Rule(
    code="sentence-long",
    severity=Severity.INFO,
    about=f"A sentence has more than {LONG_SENTENCE} words.",
    fix="Make two of it, or a list.",
)
PARAGRAPH = Rule(
    code="paragraph-long",
    severity=Severity.INFO,
    about=f"A paragraph has more than {LONG_PARAGRAPH} words.",
    fix="Break it up by what it is about, or make it a list.",
)
FILLER = Rule(
    code="filler",
    severity=Severity.WARNING,
    about=f"Phrases that say nothing stand more often than once in {WORDS_A_FILLER} words.",
    fix="Leave them out; the sentences say the same without.",
)
RULES = (SENTENCE, PARAGRAPH, FILLER)

_SENTENCE = re.compile(r"(?<=[.!?:;])\s+|\s+[—–]\s+")
_SKIPPED = ("|", "#", "<", "![", ">")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s")
_FILLER = re.compile(
    r"(?<![\"“'*_`])\b(?:in order to|please note|it is (?:important|worth|essential|crucial) (?:to|that)"
    r"|it['’]s (?:important|worth) (?:to|noting)|it should be noted|keep in mind that"
    r"|as (?:mentioned|stated|noted) (?:above|earlier)"
    r"|needless to say|at the end of the day|basically|essentially|simply put|in other words|due to the fact that"
    r"|for the purpose of|in the event that|at this point in time|first and foremost|last but not least|rest assured"
    r"|feel free to|when it comes to|the fact that|a wide (?:range|variety) of|leverag(?:e|ing)"
    r"|seamless(?:ly)?|delve into)\b",
    re.I,
)


def verbosity(lines: Sequence[Line]) -> Iterator[Finding]:
    """At most one finding of a kind, at its first place, with how often."""
    paragraphs = list(_paragraphs(lines))
    long = [(number, size) for number, size, _ in paragraphs if size > LONG_PARAGRAPH]
    if long:
        yield PARAGRAPH.found(f"A paragraph has {long[0][1]} words{_more(len(long))}.", line=long[0][0], field="body")
    sentences = [
        (number, len(sentence.split()), sentence)
        for number, size, text in paragraphs
        if size > LONG_SENTENCE
        for sentence in _SENTENCE.split(text)
        if sentence.count(" ") >= LONG_SENTENCE
    ]
    sentences = [one for one in sentences if one[1] > LONG_SENTENCE]
    if sentences:
        number, size, shown = sentences[0]
        message = f"A sentence has {size} words{_more(len(sentences))}."
        yield SENTENCE.found(message, line=number, field="body", excerpt=shown)
    yield from _fillers(lines, sum(size for _, size, _ in paragraphs))


def _fillers(lines: Sequence[Line], words: int) -> Iterator[Finding]:
    found = [(line, hit) for line in lines if not line.code for hit in _FILLER.findall(line.text)]
    if len(found) >= FEWEST_FILLERS and len(found) * WORDS_A_FILLER > words:
        shown = ", ".join(dict.fromkeys(f"“{hit.lower()}”" for _, hit in found[:8]))
        message = f"{len(found)} phrases in about {words} words say nothing: {shown}."
        yield FILLER.found(message, line=found[0][0].number, field="body", excerpt=found[0][1])


def _more(count: int) -> str:
    return f", and {count - 1} more do" if count > 1 else ""


def _paragraphs(lines: Sequence[Line]) -> Iterator[tuple[int, int, str]]:
    """First line, number of words and text of each paragraph and list item; tables, headings and code are none.

    Joins the lines that follow each other: a blank line is missing between two of them when their numbers differ.
    """
    number, parts = 0, list[str]()
    last = -1
    for line in lines:
        other = line.code or line.text.lstrip().startswith(_SKIPPED)
        if parts and (other or line.number != last + 1 or _ITEM.match(line.text)):
            yield _paragraph(number, parts)
            parts = []
        if not other:
            number = number if parts else line.number
            parts.append(line.text.strip())
        last = line.number
    if parts:
        yield _paragraph(number, parts)


def _paragraph(number: int, parts: Sequence[str]) -> tuple[int, int, str]:
    text = " ".join(parts)
    return number, text.count(" ") + 1, without_inline_code(text) if len(text) < 20_000 else text
