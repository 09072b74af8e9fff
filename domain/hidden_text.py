"""Characters that a person does not see and a model reads: found, and made visible. Must not judge prose.

Source of the ranges: the tag block, zero-width, bidirectional controls and variation selectors of the Unicode standard.
Emoji sequences and the joiners of Arabic and Indic scripts are ordinary text and no finding.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice

from domain.markdown import Places
from domain.skill import Finding, Severity

_HARMLESS = re.compile(
    "\U0001f3f4[\U000e0030-\U000e007a]{2,6}\U000e007f"  # flags of England, Scotland, Wales
    "|[\u00a9-\u3299\U0001f000-\U0001faff]\ufe0f?(?:[\U0001f3fb-\U0001f3ff])?\u200d(?=[\u2600-\u2bff\U0001f000-\U0001faff])"
    "|(?<=[\u0600-\u08ff\u0900-\u0dff\ufb50-\ufdff])[\u200c\u200d]"
    "|(?<=[^\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f\U000e0100-\U000e01ef]"
    "(?![\ufe00-\ufe0f\U000e0100-\U000e01ef])"
)
_KINDS = {
    "hidden-tag-characters": ("tag characters", "\U000e0000-\U000e007f"),
    "hidden-zero-width": ("zero-width characters", "\u200b-\u200d\u2060-\u2064\ufeff\u180e\u115f\u1160\u3164\uffa0"),
    "hidden-bidi": ("characters that reverse the reading direction", "\u202a-\u202e\u2066-\u2069"),
    "hidden-variation-selectors": ("runs of variation selectors", "\ufe00-\ufe0f\U000e0100-\U000e01ef"),
    "control-character": ("control characters", "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"),
}
_ANY = re.compile("|".join(f"(?P<k{number}>[{chars}]+)" for number, (_, chars) in enumerate(_KINDS.values())))
_CODES = tuple(_KINDS)
_AROUND = 30
MOST_HIDDEN = 100


def hidden(text: str, file: str) -> Iterator[Finding]:
    """One error per run of invisible characters, the first 100 of them; the excerpt shows them as `\\u{200b}`."""
    places = Places(text)
    seen = _HARMLESS.sub(lambda found: "." * len(found[0]), text)
    for found in islice(_ANY.finditer(seen), MOST_HIDDEN):
        code = _CODES[int((found.lastgroup or "k0")[1:])]
        yield Finding(
            code=code,
            severity=Severity.ERROR,
            message=f"The text holds {_KINDS[code][0]}, which people cannot see and models read.",
            file=file,
            line=places.line(found.start()),
            excerpt=visible(text[max(0, found.start() - _AROUND) : found.end() + _AROUND]),
            fix="Delete them, or write the character's name instead.",
        )


def visible(text: str, most: int = 160) -> str:
    """The text on one line, at most `most` characters, every invisible character written as `\\u{…}`."""
    shown = "".join(char if _seen(char) else f"\\u{{{ord(char):x}}}" for char in text.strip("\r\n")[:most])
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def _seen(char: str) -> bool:
    if char in " \t":
        return True
    return unicodedata.category(char)[0] not in "CZ" and not _ANY.match(char)


def mixed_scripts(name: str) -> bool:
    """True for a name that mixes Latin, Greek or Cyrillic letters: they look alike (`p\u0430ypal`)."""
    scripts = {unicodedata.name(char, "").partition(" ")[0] for char in name if char.isalpha()}
    return len(scripts & {"LATIN", "GREEK", "CYRILLIC"}) > 1
