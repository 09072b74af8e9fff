"""What a text holds that its readers do not see: blobs that decode to orders or commands, styles that hide, data URIs.

A blob is decoded one level deep and at most 64 KiB of it, and what comes out is judged like any text of the skill.
"""

import base64
import binascii
import codecs
import re
from collections.abc import Iterator
from itertools import chain, islice

from domain.scan.danger import Danger, Where, form, matches
from domain.scan.dangers import COMMANDS
from domain.scan.hidden_text import visible
from domain.scan.injection import PHRASES
from domain.scan.scanned import Scanned
from domain.skill import Finding, Severity

MOST_BLOBS = 200
_MOST = 64 * 1024

STYLES = (
    Danger(
        code="hidden-style",
        message="This text is styled so that people do not see it; models read it.",
        forms=(
            form(
                r"<(?:span|div|p|font|small|a|td|section|details)\b[^>\n]{0,200}(?:display\s{0,3}:\s{0,3}none"
                r"|visibility\s{0,3}:\s{0,3}hidden|font-size\s{0,3}:\s{0,3}[01](?:px|pt|em)?\b(?!\.)"
                r"|opacity\s{0,3}:\s{0,3}0(?![.\d])|(?<!-)color\s{0,3}[:=]\s{0,3}[\"']?(?:white|\#fff(?:fff)?"
                r"|transparent)\b|(?:left|top|text-indent)\s{0,3}:\s{0,3}-\d{3,5}(?:px|em))"
                r"|<[a-z]{1,10}[ ][^>\n]{0,100}\bhidden\b(?:\s|>|=)|\$\{?\\color\{white\}",
                "display visibility font opacity color indent hidden left top",
                "style hidden color font",
            ),
        ),
        fix="Show the text, or delete it.",
        where=Where.PROSE,
    ),
    Danger(
        code="data-address",
        message="A `data:` address carries a document inside a link, which nobody reads.",
        forms=(
            form(
                r"data:(?:text/html|text/javascript|application/(?:javascript|octet-stream|x-sh|x-msdownload)"
                r"|image/svg\+xml)[;,][^\s\"')]{16,400}|\]\(\s{0,3}(?:javascript|vbscript):",
                "data javascript vbscript",
            ),
        ),
        fix="Add the file itself.",
        severity=Severity.WARNING,
        where=Where.PROSE,
    ),
)

_LONG = 24
"""Characters of a word that may be a blob."""
_BASE64 = re.compile(r"(?<![\w+/=.-])(?:[A-Za-z0-9+/]{24,}|[A-Za-z0-9_-]{24,})={0,2}(?![\w+/=-])")
_WRAPPED = re.compile(
    r"(?m)^[ \t]{0,12}[A-Za-z0-9+/]{12,200}[ \t]{0,4}\r?\n"
    r"(?:[ \t]{0,12}[A-Za-z0-9+/]{4,200}={0,2}[ \t]{0,4}(?:\r?\n|\Z)){1,400}"
)
_HEX = re.compile(r"(?:\\x[0-9A-Fa-f]{2}){12,}|(?<![\w])(?:[0-9A-Fa-f]{2}){20,}(?![\w])")
_ROT = re.compile(r"(?i)\b(?:vtaber|qvfertneq|ercrng|fubhyq|vafgehpgvba|cebzcg|phey uggcf?|jtrg uggcf?)[a-z]{0,3}\b")
_ROTATED = frozenset(
    ["vtaber", "qvfertneq", "ercrng", "fubhyq", "vafgehpgvba", "vafgehpgvbaf", "cebzcg", "phey", "jtrg"]
)
_READABLE = re.compile(r"[\t\n\r -~]+")
_WORDS = re.compile(
    r"(?i)\bimport\s+(?:os|subprocess|socket)\b|\bos\.system\b|\bsubprocess\.|\bchild_process\b"
    r"|\b(?:bash|sh|powershell|cmd)\b[ \t]+-c|\bcurl\s|\bwget\s"
    r"|\bInvoke-|\beval\(|\bexec\(|/bin/(?:ba)?sh\b"
)


def disguised(scanned: Scanned) -> Iterator[Finding]:
    """Styles that hide, and blobs that decode to orders or commands."""
    yield from matches(STYLES, scanned)
    yield from _padding(scanned)
    rotated = [] if _ROTATED.isdisjoint(scanned.words) else _rotated(scanned.text)
    for at, shown, decoded in islice(chain(_decoded(scanned.text), _wrapped(scanned.text), rotated), MOST_BLOBS):
        if what := _harm(decoded):
            yield scanned.finding(
                "encoded-text",
                f"What stands here in code decodes to {what}: {visible(decoded[:120])}",
                "Write it in plain text, or delete it.",
                at=at,
                excerpt=shown[:60],
            )


_SPACES = re.compile(r"[ \t]{160,}|\n(?:[ \t]{0,8}\n){60,}[ \t]{0,8}")
_TENTH, _SPARSE = 10, re.compile(r"[ \t\n]{6}")
"""What `_SPACES` finds is 61 blanks or more: of every tenth character at least six in a row are blank."""


def _padding(scanned: Scanned) -> Iterator[Finding]:
    """White space that pushes text out of sight; at the end of a line or of the text it pushes nothing."""
    blank = _SPARSE.search(scanned.text[::_TENTH])
    for found in _SPACES.finditer(scanned.text) if blank else ():
        if scanned.text[found.end() : found.end() + 1].strip():
            yield scanned.finding(
                "white-space-padding",
                "Text stands behind a long stretch of white space, where nobody sees it.",
                "Remove the white space.",
                at=found.end(),
                severity=Severity.WARNING,
                excerpt=scanned.after(found.end()),
            )
            return


def _decoded(text: str) -> Iterator[tuple[int, str, str]]:
    for at, word in _long_words(text):
        for pattern, decode in ((_BASE64, _from_base64), (_HEX, _from_hex)):
            for found in pattern.finditer(word):
                decoded = _readable(decode(found[0][:_MOST]))
                if decoded:
                    yield at + found.start(), found[0], decoded


def _wrapped(text: str) -> Iterator[tuple[int, str, str]]:
    """A blob that was broken into lines, each of which may decode to nothing by itself."""
    for found in islice(_WRAPPED.finditer(text), MOST_BLOBS):
        if decoded := _readable(_from_base64("".join(found[0].split())[:_MOST])):
            yield found.start(), found[0].strip(), decoded


def _long_words(text: str) -> Iterator[tuple[int, str]]:
    """What stands between white space and is long, with its offset. No shorter word can hold one of them."""
    at = 0
    for word in text.split():
        if len(word) >= _LONG:
            at = text.index(word, at)
            yield at, word
            at += len(word)


def _rotated(text: str) -> Iterator[tuple[int, str, str]]:
    for found in islice(_ROT.finditer(text), 20):
        start = text.rfind("\n", 0, found.start()) + 1
        line = text[max(start, found.start() - 200) : found.start() + 300].partition("\n")[0]
        yield found.start(), line, codecs.decode(line, "rot13")


def _from_base64(blob: str) -> bytes:
    plain = blob.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain[: len(plain) // 4 * 4])
    except (binascii.Error, ValueError):
        return b""


def _from_hex(digits: str) -> bytes:
    plain = digits.replace("\\x", "")
    return bytes.fromhex(plain[: len(plain) // 2 * 2])


def _readable(data: bytes) -> str:
    """The text if it is one; most blobs are digests and keys, which decode to noise."""
    if len(data) < 12 or any(byte > 126 or byte < 9 for byte in data[:12]):
        return ""
    text = data.decode("ascii", "replace")
    found = _READABLE.match(text)
    return text if found and len(found[0]) >= len(text) * 0.95 else ""


def _harm(decoded: str) -> str:
    inner = Scanned(decoded, "decoded.txt")
    if any(finding.severity is Severity.ERROR for finding in matches(PHRASES, inner)):
        return "orders to an agent"
    commands = any(finding.severity is Severity.ERROR for finding in matches(COMMANDS, inner))
    return "commands" if commands or _WORDS.search(decoded) else ""
