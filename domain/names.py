"""Names of skills: a legal one from any text, and one that is still free. Must not look anything up."""

import re
import unicodedata
from collections.abc import Collection

MAX_NAME = 64
RESERVED = ("claude", "anthropic")
"""Words that the Anthropic platform refuses in a name."""

LEGAL = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_WINDOWS = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)")
_LONGEST_INPUT = 1_000


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
