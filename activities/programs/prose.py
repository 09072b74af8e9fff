"""Guards on what a model wrote: trims it, drops repetition, and tells what is of no use. Pure text in, text out.

A small model was seen to loop ("1000000…"), to say the same bullet three times and to name tools nobody mentioned.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

RUN = re.compile(r"(.)\1{20,}", re.DOTALL)
"""More than 20 equal characters in a row."""

_BULLET = re.compile(r"^(?:[-*•>#]+\s+|\d{1,2}[.)]\s+|step\s+\d{1,2}\s*[:.]\s*|\[[ x]\]\s*)+", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"\b(?:todo|tbd|fixme|lorem ipsum|placeholder|xxx+|n/?a)\b|\[(?:insert|your|add)\b[^\]]*\]|<(?:your|insert)\b[^>]*>"
    r"|\$?\{\{?\w+\}?\}|^\W*(?:string|text|none|null|example|\.{2,}|…)\W*$",
    re.IGNORECASE,
)
_CITATION = re.compile(r"\[\d{1,3}\]|\bet al\b|\(\w+,? (?:19|20)\d\d\)|https?://\S+|\bdoi:", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“'`]([^\"“”'`]+)[\"”'`][.,;]?")
_WORD = re.compile(r"[^\W_]+")
_NAME = re.compile(r"(?<![.!?:\"“*`(] )(?<!^)\b(?:[A-Z][a-z]+[A-Z]\w*|[A-Z][a-z]{2,}\w*)\b")
_TOOL = re.compile(
    r"\b(?:pandas|numpy|pytest|jq|grep|sed|awk|bash|curl|docker|git|npm|pip|regex librar\w+|python|javascript|node)\b",
    re.IGNORECASE,
)
_STOP = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "for",
        "from",
        "in",
        "is",
        "it",
        "its",
        "of",
        "on",
        "or",
        "that",
        "the",
        "this",
        "to",
        "with",
        "you",
        "your",
    ]
)
_DANGLING = re.compile(r"\b(?:a|an|the|and|or|any|of|to|with|for|from|by|is|are|be|that|which|each|new)\W*$", re.I)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def words(text: str) -> list[str]:
    """Lower-case words, without the most common ones."""
    return [word for word in _WORD.findall(text.casefold()) if word not in _STOP]


def sentences(text: str) -> list[str]:
    """The sentences of a text, verbatim; a line end ends one too."""
    return [part.strip() for line in text.splitlines() for part in _SENTENCE_END.split(line) if part.strip()]


def is_runaway(text: str) -> bool:
    """The model ran in a circle: more than 20 equal characters, or the same four words three times."""
    if RUN.search(text):
        return True
    said = _WORD.findall(text.casefold())
    grams = Counter(zip(said, said[1:], said[2:], said[3:], strict=False))
    return max(grams.values(), default=0) >= 3


def is_useful(text: str) -> bool:
    """At least two words, no placeholder, no loop."""
    return len(_WORD.findall(text)) >= 2 and not _PLACEHOLDER.search(text) and not is_runaway(text)


def cites(text: str, known: str) -> bool:
    """The text cites something that the person did not give: a link, a numbered reference, an author and year."""
    return any(found.casefold() not in known.casefold() for found in _CITATION.findall(text))


def foreign_names(text: str, known: str) -> list[str]:
    """Names of products and tools in the text that do not occur in `known`."""
    heard = set(_WORD.findall(known.casefold())) | _COMMON
    return [name for name in [*_NAME.findall(text), *_TOOL.findall(text)] if not heard & set(words(name))]


_COMMON = frozenset(
    [
        "markdown",
        "json",
        "csv",
        "html",
        "url",
        "api",
        "pdf",
        "sql",
        "yaml",
        "xml",
        "english",
        "id",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "skill",
        "use",
        "when",
        "note",
        "rules",
        "inputs",
        "workflow",
    ]
)


def clip(text: str, limit: int) -> str:
    """At most `limit` characters: whole sentences if any fit, else whole words."""
    if len(text) <= limit:
        return text
    cut = text[: limit + 1]
    sentence = max(cut.rfind(mark) for mark in (". ", "! ", "? "))
    if sentence > limit // 3:
        return cut[: sentence + 1]
    return cut[:limit].rsplit(" ", 1)[0].rstrip(" ,;:-–(")


def phrase(text: str, limit: int = 120) -> str:
    """One line without bullet, numbering, quotes around it or full stop, at most `limit` characters; "" if useless."""
    line = RUN.sub("", _BULLET.sub("", " ".join(text.split())).strip())
    quoted = _QUOTED.fullmatch(line)
    line = quoted[1] if quoted else line
    return clip(line, limit).rstrip(" .;,") if is_useful(line) else ""


def sentence(text: str, limit: int = 240) -> str:
    """One line with a capital and a full stop, at most `limit` characters; "" if useless."""
    line = phrase(_finished(text), limit)
    return line and capital(line) + ("" if line[-1] in "!?:" else ".")


def _finished(text: str) -> str:
    """Without the sentences that were cut off: a schema's bound ends a text in the middle, full stop or not."""
    whole, *rest = _SENTENCE_END.split(" ".join(text.split()))
    parts = [whole, *(part for part in rest if part[-1:] in ".!?")]
    return " ".join(part for part in parts if not _DANGLING.search(part))


def capital(text: str) -> str:
    """With a capital at its beginning."""
    return text[:1].upper() + text[1:]


def restates(text: str, known: str) -> bool:
    """Says little but what `known` says: three quarters of its words are there."""
    said, heard = set(words(text)), set(words(known))
    return bool(said) and len(said & heard) / len(said) >= 0.75


def distinct(items: Iterable[str], known: Sequence[str] = ()) -> list[str]:
    """The items that are not empty and not nearly equal to one before them or in `known`."""
    kept: list[str] = []
    for item in items:
        if item and not any(alike(item, other) for other in [*known, *kept]):
            kept.append(item)
    return kept


def alike(one: str, other: str) -> bool:
    """Nearly the same text, whatever the order of its words."""
    a, b = set(words(one)), set(words(other))
    return bool(a and b) and len(a & b) / min(len(a), len(b)) >= 0.8 and len(a & b) / max(len(a), len(b)) >= 0.6
