"""Secrets in text: what looks like a live token, password or private key. A finding never shows one whole.

The prefixes are those that the providers document. Made-up samples (`EXAMPLE`, `xxxx`, `your-…`, `${…}`) pass.
"""

import base64
import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from domain.markdown import Places
from domain.scan.scanned import Kind, kind_of
from domain.shape import Shape
from domain.skill import Finding, Severity

MOST_OF_A_KIND = 20
_MIN_ENTROPY = 3.0
"""Bits per character below which a quoted value is a word, not a secret: words lie under 2.8, tokens over 3.2."""

_SAMPLE = re.compile(
    r"example|sample|dummy|placeholder|redacted|changeme|invalid|fake|your[-_]|x{4,}|\*{3,}|\.{3}|…"
    r"|0{6,}|12345678|abcdefgh"
    r"|eyJzdWIiOiIxMjM0NTY3ODkwIi",
    re.I,
)
"""The last one is the payload of the token that every tutorial of web tokens shows."""
_BLANKS = re.compile(
    r"\$\{[^{}]{1,80}\}|\$\([^()]{1,80}\)|<[A-Za-z][\w .:-]{1,60}>|\{\{[^{}]{1,80}\}\}|(?<!\$)"
    r"\{[A-Za-z_][\w.()\[\]]{0,60}\}"
    r"|%[A-Za-z_]{3,40}%|\A\$\w{1,60}\Z|\$[A-Z_]{3,60}\b"
)
"""Places that are to be filled in; what stands around them is judged without them."""


_WORDS_OF_SECRETS = ("password", "passwd", "pwd", "secret", "token", "key", "credential")
_NEEDED = (*_WORDS_OF_SECRETS, *(word.upper() for word in _WORDS_OF_SECRETS))
_ENDS = (
    r"(?![_-]?(?:field|name|id|ur[il]|path|header|label|param|type|file|env|var|hint|policy|endpoint|ttl|prefix|pattern"
    r"|regex|count|limit|length|budget|usage)s?\b)"
)
"""What follows when a name speaks of a secret without holding it, such as `TOKEN_URL`."""


class _Token(Shape):
    """A kind of secret. `needs`: a text without any of these is not searched. With `entropy` the match must also look
    random; with `named` a name before it must say that it is a secret; with `sampled` a plain word is a sample; with
    `settings` it is looked for only where values stand without quotes: not in programs."""

    code: str
    name: str
    needs: tuple[str, ...]
    pattern: str
    entropy: bool = False
    named: bool = False
    sampled: bool = False
    settings: bool = False


_TOKENS = (
    _Token(
        code="secret-private-key",
        needs=("PRIVATE KEY",),
        name="a private key",
        pattern=r"-----BEGIN (?:[A-Z]{1,20} ){0,4}PRIVATE KEY",
    ),
    _Token(
        code="secret-aws", needs=("AKIA", "ASIA"), name="an AWS access key", pattern=r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    ),
    _Token(
        code="secret-github",
        needs=("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        name="a GitHub token",
        pattern=r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{22,})",
    ),
    _Token(code="secret-gitlab", needs=("glpat-",), name="a GitLab token", pattern=r"\bglpat-[\w-]{20,}"),
    _Token(code="secret-slack", needs=("xox",), name="a Slack token", pattern=r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    _Token(
        code="secret-slack",
        needs=("hooks.slack",),
        name="a Slack webhook",
        pattern=r"hooks\.slack\.com/services/T\w{1,20}/B\w{1,20}/\w{16,64}",
    ),
    _Token(code="secret-google", needs=("AIza",), name="a Google key", pattern=r"\bAIza[\w-]{35}"),
    _Token(code="secret-stripe", needs=("k_live_",), name="a payment key", pattern=r"\b[rs]k_live_[A-Za-z0-9]{16,}"),
    _Token(
        code="secret-model-key",
        needs=("sk-",),
        name="a model provider's key",
        pattern=r"\bsk-[A-Za-z0-9_-]{20,}",
        entropy=True,
    ),
    _Token(code="secret-hub", needs=("hf_",), name="a model hub token", pattern=r"\bhf_[A-Za-z0-9]{30,}"),
    _Token(
        code="secret-jwt",
        needs=("eyJ",),
        name="a signed web token",
        pattern=r"(?<![\w-])eyJ[\w-]{8,2000}\.eyJ[\w-]{8,4000}\.[\w-]{16,2000}",
    ),
    _Token(
        code="secret-url",
        needs=("://",),
        name="a password in a URL",
        pattern=r"://[^\s:/@]{1,64}:([^\s:/@]{6,64})@",
        sampled=True,
    ),
    _Token(
        code="secret-assignment",
        name="a password or key",
        pattern=r"[:=][ \t]{0,4}[\"']([^\"'\s]{8,200})[\"']",
        entropy=True,
        named=True,
        sampled=True,
        needs=('"', "'"),
    ),
    _Token(
        code="secret-assignment",
        name="a password or key",
        pattern=r"(?im)^[ \t>]{0,20}(?:(?:export|set|ENV|-)[ \t]{1,4})?[\w.-]{0,60}"
        rf"(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|credential){_ENDS}[\w-]{{0,20}}"
        r"(?:=|[ ]=[ ]|:[ \t]{1,8})([^\s\"'`#(),;]{8,200})(?=[ \t]{0,20}\r?$|[ \t]{1,20}#)",
        entropy=True,
        sampled=True,
        settings=True,
        needs=_NEEDED,
    ),
    _Token(
        code="secret-registry",
        name="a package registry's token",
        needs=("npm_", "pypi-"),
        pattern=r"\b(?:npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,})",
        entropy=True,
    ),
    _Token(
        code="secret-mail",
        name="a mail service's key",
        needs=("SG.",),
        pattern=r"\bSG\.[\w-]{16,32}\.[\w-]{16,64}",
        entropy=True,
    ),
    _Token(
        code="secret-cloud",
        name="a cloud service's token",
        needs=("dop_v1_", "hvs.", "dapi", "shpat_"),
        pattern=r"\b(?:dop_v1_[a-f0-9]{40,}|hvs\.[\w-]{20,}|dapi[a-f0-9]{32}|shpat_[a-fA-F0-9]{32})",
        entropy=True,
    ),
    _Token(
        code="secret-cloud",
        name="a storage account's key",
        needs=("AccountKey=",),
        pattern=r"\bAccountKey=([A-Za-z0-9+/]{40,}={0,2})",
        entropy=True,
    ),
    _Token(code="secret-model-key", name="a model provider's key", needs=("gsk_",), pattern=r"\bgsk_[A-Za-z0-9]{40,}"),
    _Token(
        code="secret-bot",
        name="a bot's token",
        needs=(":AA",),
        pattern=r"(?<![\w:])\d{8,10}:AA[\w-]{33}(?![\w-])",
        entropy=True,
    ),
    _Token(
        code="secret-header",
        name="a password or token in a header",
        needs=("uthorization", "UTHORIZATION"),
        pattern=r"(?i)\bauthorization[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?(?:basic"
        r"|bearer)[ \t]{1,4}([\w.+/=~-]{16,2000})",
        entropy=True,
        sampled=True,
    ),
)


_NAMED = re.compile(rf"(?:password|passwd|pwd|secret|token|api[_-]?key){_ENDS}\w{{0,20}}[\"']?[ \t]{{0,4}}$", re.I)
_PLAIN_WORD = re.compile(
    r"(?-i:[a-z]{3,20}[-_]?(?:[a-z]{3,20})?)|.{0,30}(?:passw(?:or)?d|pass|secret|admin|test|demo"
    r"|abc123|local)\W?\d{0,4}\W?|user\w{0,10}|(?-i:[a-z_-]{0,30}(?:password|passwd|secret|token|key"
    r"|field)[a-z_-]{0,30}\d{0,2})|.{0,10}abc123.{0,20}",
    re.I,
)
"""What people write for a password in an example, such as `postgres`, `SecurePass123!` or `admin_secret`."""


_ELSEWHERE = re.compile(
    r"(?i)(?:https?|file|vault|op|arn|ref|env|secret)s?:|[~./][\w./-]*/|!"
    r"|[\w-]{1,40}(?:\.[A-Za-z_][\w-]{1,40}){1,6}\Z|\*|&|\["
    r"|[\w-]{1,60}\[|[\d.,_-]{1,40}\Z|sha\d{1,3}|\d{4}-\d\d-\d\d"
)
"""A value that says where the secret is, or is an expression."""


def secrets(text: str, file: str) -> Iterator[Finding]:
    """One error for each value that looks like a live secret, the first 20 of a kind."""
    for token in _TOKENS:
        if any(need in text for need in token.needs) and not (token.settings and _is_program(file, text)):
            found = list(islice(_values(token, text), MOST_OF_A_KIND))
            places = Places(text) if found else None
            yield from (_finding(token, value, file, places.line(offset)) for offset, value in found if places)


def _values(token: _Token, text: str) -> Iterator[tuple[int, str]]:
    for found in re.finditer(token.pattern, text):
        value = found[found.lastindex or 0]
        sample = _is_sample(value) or (token.sampled and _made_up(value))
        named = not token.named or _NAMED.search(text[max(0, found.start() - 80) : found.start()])
        if not sample and named and (not token.entropy or _random(value)):
            yield found.start(), value


def _is_program(file: str, text: str) -> bool:
    """True where a value without quotes is an expression, not a value."""
    return kind_of(file, text) is Kind.CODE and not file.lower().endswith(
        (".sh", ".bash", ".zsh", ".ps1", ".bat", ".cmd")
    )


def _is_sample(value: str) -> bool:
    rest = _BLANKS.sub("", value)
    return _SAMPLE.search(value) is not None or (rest != value and (len(rest) < 8 or not _random(rest)))


def _made_up(value: str) -> bool:
    """A plain word, a path or an address; or the encoding of a plain user and password."""
    if _PLAIN_WORD.fullmatch(value) or _ELSEWHERE.match(value):
        return True
    if not re.fullmatch(r"[A-Za-z0-9+/]{16,60}={0,2}", value):
        return False
    try:
        plain = base64.b64decode(value + "=" * (-len(value) % 4)).decode("ascii")
    except ValueError:
        return False
    return plain.isprintable() and bool(_PLAIN_WORD.fullmatch(plain.rpartition(":")[2]))


def _random(value: str) -> bool:
    return entropy(value) >= _MIN_ENTROPY and any(char.isdigit() for char in value)


def entropy(text: str) -> float:
    """Shannon entropy in bits per character, 0 for an empty text."""
    size = len(text)
    return -sum(n / size * math.log2(n / size) for n in Counter(text).values()) if size else 0.0


def masked(secret: str) -> str:
    """At most its first four characters, and how long it is."""
    return f"{secret[:4]}… ({len(secret)} characters)"


def _finding(token: _Token, value: str, file: str, line: int) -> Finding:
    return Finding(
        code=token.code,
        severity=Severity.ERROR,
        message=f"This looks like {token.name}; a published skill is read by everyone.",
        file=file,
        line=line,
        excerpt=masked(value),
        fix="Revoke it if it is real, and name the environment variable that holds it instead.",
    )
