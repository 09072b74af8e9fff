"""Names of skills: a legal one from any text, one that is still free, and the one a person asked for.

Must not look anything up; what the rules say to a name is in `domain/answering/proposals.py`.
"""

import re
import unicodedata
from collections.abc import Collection

MAX_NAME = 64
RESERVED = ("claude", "anthropic")
"""Words that the Anthropic platform refuses in a name."""

LEGAL = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_WINDOWS = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)")
_LONGEST_INPUT = 1_000

_ASKED = re.compile(
    r"(?:(?P<kept>\bskill\b),?(?:\s+(?:that|which))?(?:\s+(?:is|be|to\s+be|shall\s+be|should\s+be))?"
    r"\s+(?:named|called|titled|with\s+the\s+name|by\s+the\s+name\s+of)"
    r"|(?:^|[.,;:!?(]\s*|\b(?:and|please)\s+)(?:call|name)\s+(?:it|the\s+skill|this\s+skill)"
    r"|\bskill\s+name\s*[:=]"
    r"|(?:^|[.;!?]\s+)(?:its|the)\s+name\s+(?:of\s+the\s+skill\s+)?(?:should|shall|must)\s+be"
    r"|(?:^|\b(?:create|make|write|build)\s+(?:a|the)\s+)(?P<quoted>skill(?=\s+[\"“„`'‘])))\s+(?=\S)",
    re.IGNORECASE,
)
_IN_QUOTES = re.compile(r"[\"“”„`'‘]([^\"“”„`\n]{1,200}?)[\"“”`'’](?!\w)")
_BARE = re.compile(r"[^\s\"“”„`,;:()]+")
_ENDS_A_NAME = re.compile(
    r"a|after|an|and|as|at|because|before|but|by|during|for|from|if|in|instead|into|it|my|now|of|on|once|or|our|please|so|that"
    r"|the|their|then|this|to|under|upon|when|whenever|where|which|while|who|with|without|you|your",
    re.IGNORECASE,
)
"""Words that do not belong to a name said without quotes: what follows tells of the skill."""

_LONGEST_BARE = 5
"""Words of a name said without quotes; more are a sentence that has no end, and only its first word is the name."""


def slug(text: str) -> str:
    """A legal skill name from any text: ASCII, at most 64 characters, never empty (`skill` when nothing is left)."""
    plain = unicodedata.normalize("NFKD", text[:_LONGEST_INPUT].casefold()).encode("ascii", "ignore").decode()
    name = _joined(_without_reserved(plain))
    if len(name) > MAX_NAME:
        name = _cut(name)
    return name if name and not is_device(name) else _joined(f"{name}-skill")


def is_device(name: str) -> bool:
    """True for a name that Windows keeps for a device, such as `con` or `nul`."""
    return _WINDOWS.fullmatch(name.casefold()) is not None


def _joined(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _without_reserved(text: str) -> str:
    """Removing one may join another, so until none is left."""
    while any(word in text for word in RESERVED):
        for word in RESERVED:
            text = text.replace(word, "")
    return text


def _cut(name: str) -> str:
    """At a word boundary if that keeps at least half."""
    cut = name[: MAX_NAME + 1].rpartition("-")[0]
    return cut if len(cut) >= MAX_NAME // 2 else name[:MAX_NAME].strip("-")


def free_name(wanted: str, taken: Collection[str]) -> str:
    """The wanted name, or the first of wanted-2, wanted-3, … that is not taken (case counts for nothing)."""
    used = {name.casefold() for name in taken}
    number, name = 1, wanted
    while name.casefold() in used:
        number += 1
        ending = f"-{number}"
        name = wanted[: MAX_NAME - len(ending)].rstrip("-") + ending
    return name


def asked_name(text: str) -> str | None:
    """The name that a person asks for ("a skill called X", "call it X"), word for word; None when there is none.

    In quotes it may be anything; without them it ends before punctuation or a word such as "that" or "for".
    """
    found = _asked(text)
    return found[0] if found else None


def without_asked_name(text: str) -> str:
    """The text without the words that only name the skill: they say nothing about the task."""
    found = _asked(text)
    return text[: found[1]] + text[found[2] :] if found else text


def _asked(text: str) -> tuple[str, int, int] | None:
    """The name, and where the words that give it begin and end."""
    for found in _ASKED.finditer(text):
        kept = next((group for group in ("kept", "quoted") if found[group] is not None), None)
        start = found.start() if kept is None else found.end(kept)
        quoted = _IN_QUOTES.match(text, found.end())
        name, end = (quoted[1].strip(), quoted.end()) if quoted else _bare(text, found.end())
        if name:
            return name, start, end
    return None


def _bare(text: str, start: int) -> tuple[str, int]:
    words: list[str] = []
    ends = [start]
    for found in _BARE.finditer(text, start, start + _LONGEST_INPUT):
        word = found[0].rstrip(".!?…")
        if text[ends[-1] : found.start()].strip() or not word or _ENDS_A_NAME.fullmatch(word):
            break
        words.append(word)
        ends.append(found.start() + len(word))
        if word != found[0] or re.search(r"[-_]", words[0]):
            break
    count = len(words) if len(words) <= _LONGEST_BARE else 1
    return " ".join(words[:count]), ends[min(count, len(words))]
