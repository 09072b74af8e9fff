"""Files that are fetched and then run, and commands that an agent's host runs while it loads a skill.

Judged by name, over a few lines: what is checked by its digest or signature in between is no finding. Never fetches.
"""

import re
from collections.abc import Iterator
from itertools import chain, islice

from domain.scan.danger import runs, spoken_of
from domain.scan.scanned import Kind, Scanned
from domain.skill import Finding, Severity

MOST_DOWNLOADS = 200
LINES_AFTER = 8
"""Lines after a download in which running the file counts as one step with it."""

_FETCHERS = frozenset({"curl", "wget", "iwr", "invoke"})
_DOWNLOAD = re.compile(r"(?i)\b(curl|wget|iwr|Invoke-WebRequest)\b([^\n;&|`]{1,400})")
_OUTPUT = re.compile(
    r"(?:\s-[A-Za-z]{0,8}[oO]|\s--output(?:-document)?|\s-OutFile|>)(?:\s{1,4}|=|(?<=>))[\"']?([^\s\"'<>]{1,300})"
)
_LAST = re.compile(r"([^\s\"']{1,300})[\"']?\s*$")
_OPERAND = r"[\"']?([\w./~$-]{1,300})"
_RUN = (
    re.compile(
        r"(?i)(?<![\w./-])(?:(?:ba|z|da|k|fi)?sh|python[\d.]{0,5}|node|perl|ruby|php|source"
        r"|Start-Process|start|call)[ \t]+"
        rf"(?:-\S{{1,20}}[ \t]+){{0,3}}{_OPERAND}"
    ),
    re.compile(rf"(?:^|[;&|(`])[ \t]{{0,8}}(?:sudo[ \t]+)?(?:\$[ \t])?(?:\.[ \t]+)?{_OPERAND}"),
)
"""A program that takes the file, and the file itself where a command begins."""
_CHECKED = re.compile(r"(?i)\b(?:sha\d{1,3}sum|shasum|md5sum|gpg|cosign|minisign|Get-FileHash|openssl[ \t]+dgst)\b")
_FIX = "Download to a file, check its digest, then run it; or use a package manager with a pinned version."


def downloads_run(scanned: Scanned) -> Iterator[Finding]:
    """A download and the same file run: an error in one line, a warning when it is a few lines further."""
    if scanned.words.isdisjoint(_FETCHERS):
        return
    for found in islice(_DOWNLOAD.finditer(scanned.joined), MOST_DOWNLOADS):
        severity = _severity(_name(found), _following(scanned, found.end()))
        if severity is None or not runs(scanned, found):
            continue
        yield scanned.finding(
            "pipe-to-shell",
            "This runs a file that was just fetched, whatever it holds by now.",
            _FIX,
            at=found.start(),
            severity=Severity.WARNING if spoken_of(scanned, found) else severity,
            excerpt=found[0],
        )


def _following(scanned: Scanned, offset: int) -> list[str]:
    """The rest of the line, and the lines after it as far as they belong to the block."""
    lines = scanned.joined[offset : offset + 1_600].partition("```")[0].split("\n")
    return lines[: LINES_AFTER + 1]


def _name(found: re.Match[str]) -> str:
    """The name of the file that a download leaves, empty if it leaves none."""
    given = _OUTPUT.search(found[2])
    if not given and found[1].lower() != "wget":
        return ""
    given = given or _LAST.search(found[2])
    return _base(given[1].partition("?")[0]) if given else ""


def _base(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _severity(name: str, lines: list[str]) -> Severity | None:
    if not name or name == "-":
        return None
    for number, line in enumerate(lines):
        parts = chain.from_iterable(pattern.finditer(line[:800]) for pattern in _RUN)
        ran = next((one for one in parts if _base(one[1]) == name), None)
        if _CHECKED.search(line[: ran.start() if ran else 800]):
            return None
        if ran:
            return Severity.WARNING if number else Severity.ERROR
    return None


_SCRIPTS = (".php", ".rb", ".bat", ".cmd", ".ps1", ".vbs", ".pl")
_FETCHES = re.compile(
    r"(?i)\bfile_get_contents\(\s{0,4}[\"']https?:|\bcurl_exec\b|\bURI\.open\b"
    r"|\bopen\(\s{0,4}[\"']https?:|\bNet::HTTP\b"
    r"|\bcertutil\b[^\n]{0,120}urlcache|\bbitsadmin\b|\bInvoke-WebRequest\b|\biwr\b|\bDownload(?:File|String|Data)\b"
    r"|\bStart-BitsTransfer\b|\bXMLHTTP\b|\bLWP::|\bInvoke-RestMethod\b|\birm\b|\b(?:curl|wget)\b[^\n]{0,200}https?:"
)
_RUNS = re.compile(
    r"(?i)\b(?:system|shell_exec|passthru|proc_open|popen|exec|eval|instance_eval)\b\s{0,3}[(\"'$]"
    r"|\bStart-Process\b|\biex\b"
    r"|\bInvoke-(?:Expression|Item)\b|(?m:^)[ \t]{0,12}(?:start|call)[ \t]|\b(?:rundll32|regsvr32|mshta)\b"
    r"|\bWScript\.Shell\b|\b(?:include|require)(?:_once)?\s{0,3}[(\"'$]|(?m:^)[ \t]{0,12}&[ \t]{0,3}[\"'$.]|%x[\[({]"
)


def droppers(scanned: Scanned) -> Iterator[Finding]:
    """A script in a language that no check parses, which fetches something and then runs something."""
    if not scanned.file.lower().endswith(_SCRIPTS):
        return
    fetched = _FETCHES.search(scanned.text)
    ran = _RUNS.search(scanned.text, fetched.start()) if fetched else None
    if fetched and ran:
        yield scanned.finding(
            "pipe-to-shell",
            f"This script fetches something, and runs something in line {scanned.places.line(ran.start())}.",
            _FIX,
            at=fetched.start(),
            severity=Severity.WARNING,
            excerpt=fetched[0],
        )


_AT_LOAD = re.compile(r"(?<![`\w!\\])!`([^`\n]{1,400})`")
_TOUCHES = re.compile(
    r"(?i)\b(?:curl|wget|nc|ncat|socat|ssh|scp|rsync|telnet|iwr|irm|Invoke-\w{1,20})\b|https?://"
    r"|\.ssh\b|\.aws\b|\.netrc\b"
    r"|\.gnupg\b|(?<!\w)\.env\b(?!\.\w)|\bid_(?:rsa|ed25519)\b|\bprintenv\b|^\s*env\s*(?:$|\|)"
    r"|\.git-credentials|\.npmrc\b"
    r"|\.kube\b|\bauth[ ]token\b|/etc/(?:passwd|shadow)\b|\bcredentials?\b|\b(?:ba|z)?sh[ \t]+-c\b"
    r"|\bbase64\b|\bsecurity[ ]find-"
)


def load_commands(scanned: Scanned) -> Iterator[Finding]:
    """Commands in backticks after an exclamation mark: some agents run them before anybody has read the skill."""
    if "!`" not in scanned.text or scanned.kind is not Kind.PROSE:
        return
    for found in islice(_AT_LOAD.finditer(scanned.text), 20):
        harms = _TOUCHES.search(found[1]) and not scanned.fenced(found.start())
        yield scanned.finding(
            "load-command",
            "Some agents run this command while they load the skill, before anybody is asked.",
            "Tell the agent in the text which command to run, and when.",
            at=found.start(),
            severity=Severity.ERROR if harms else Severity.WARNING,
            excerpt=found[0],
        )
