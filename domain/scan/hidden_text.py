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
    "|[\u00a9-\u3299\U0001f000-\U0001faff]\ufe0f?(?:[\U0001f3fb-\U0001f3ff])?\u200d(?=[\u2600-\u2bff"
    "\U0001f000-\U0001faff])"
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
_UNSEEN = re.compile(f"[{''.join(chars for _, chars in _KINDS.values())}]")
_ANY = re.compile("|".join(f"(?P<k{number}>[{chars}]+)" for number, (_, chars) in enumerate(_KINDS.values())))
_CODES = tuple(_KINDS)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""What of it an ASCII text can hold; many times quicker to look for."""
_AROUND = 30
MOST_HIDDEN = 100


def hidden(text: str, file: str) -> Iterator[Finding]:
    """One error per run of invisible characters, the first 100 of them; the excerpt shows them as `\\u{200b}`."""
    if not (_CONTROL if text.isascii() else _UNSEEN).search(text):
        return
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


def without_hidden(text: str) -> str:
    """The text without the characters that `hidden` finds."""
    if not _UNSEEN.search(text):
        return text
    seen = _HARMLESS.sub(lambda found: "." * len(found[0]), text)
    return "".join(char for char, shown in zip(text, seen, strict=True) if not _UNSEEN.match(shown))


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


_LATIN = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0455\u0458\u04bb\u0501\u051b\u051d\u0410\u0412"
    "\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0405"
    "\u03bf\u03bd\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u0261\u0131",
    "aeopcyxisjhdqwABEKMHOPCTXISovABEZHIKMNOPTYXgi",
)
"""Letters of Cyrillic, Greek and the phonetic alphabet that look like Latin ones (a part of Unicode's confusables)."""

_LOOK_ALIKE = "".join(map(chr, _LATIN))
_MIXED = re.compile(f"[A-Za-z]{{1,40}}[{_LOOK_ALIKE}][\\w]{{0,40}}|[{_LOOK_ALIKE}]{{1,40}}[A-Za-z]\\w{{0,40}}")
_DISGUISED = re.compile(f"[{_LOOK_ALIKE}\uff21-\uff5a\U0001d400-\U0001d7ff]")
_PARTING = re.compile("[\u200b-\u200f\u2060-\u2064\ufeff\u00ad\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
_HOST = re.compile(r"https?://[^\s/\"'<>)`\]]{1,253}")


def look_alikes_as_latin(text: str) -> str:
    """The text with look-alike letters as the Latin ones, and without characters that nobody sees."""
    return _PARTING.sub("", _UNSEEN.sub("", text.translate(_LATIN)))


def look_alikes(text: str, file: str) -> Iterator[Finding]:
    """Words and addresses with letters that look like others: `p\\u0430ypal`. The first 20 of each."""
    if "://xn--" not in text and ".xn--" not in text and not has_look_alikes(text):
        return
    places = Places(text)
    for code, pattern, what in (
        ("look-alike-word", _MIXED, "This word mixes alphabets whose letters look alike."),
        ("look-alike-address", _HOST, "This address has letters that look like others."),
    ):
        odd = mixed_scripts if pattern is _MIXED else _odd_host
        words = (found for found in pattern.finditer(text) if odd(found[0]))
        for found in islice(words, 20):
            yield Finding(
                code=code,
                severity=Severity.ERROR if code == "look-alike-word" else Severity.WARNING,
                message=what,
                file=file,
                line=places.line(found.start()),
                excerpt=spelled(found[0]),
                fix="Write it with the letters of one alphabet.",
            )


def has_look_alikes(text: str) -> bool:
    """True when a text has letters that look like Latin ones."""
    return not text.isascii() and _DISGUISED.search(text) is not None


def is_disguised(text: str) -> bool:
    """True when a text has such letters, or characters that nobody sees; the selectors of emoji disguise nothing."""
    return not text.isascii() and (_DISGUISED.search(text) or _PARTING.search(text)) is not None


def _odd_host(address: str) -> bool:
    return not address.isascii() or "xn--" in address


def spelled(text: str) -> str:
    """The text with everything beyond ASCII written as `\\u{…}`."""
    return "".join(char if char.isascii() else f"\\u{{{ord(char):x}}}" for char in visible(text))
