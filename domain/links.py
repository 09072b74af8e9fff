"""Links of a SKILL.md to its own files: they exist and stay inside. Never follows a link, local or remote."""

import re
from collections.abc import Iterator, Sequence
from posixpath import normpath
from urllib.parse import unquote

from domain.markdown import Line, inline_code, without_inline_code
from domain.skill import Finding, Severity

_LINK = re.compile(r"\]\(\s*(?:<([^<>\n]{1,1000})>|([^()\s<>]{1,1000}))")
_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n^][^\]\n]{0,200}\]:\s+<?([^\s<>]{1,1000})")
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,30}:|//|#|\?")
_NAMED = re.compile(r"^(?:\./)?((?:scripts|references|assets)/[\w./-]+\.\w{1,8})$")


def links(lines: list[Line], paths: Sequence[str]) -> Iterator[Finding]:
    """Errors for links that leave the skill or lead nowhere; a warning for a named file that is not there."""
    known = set(paths)
    known |= {parent for path in paths for parent in _parents(path)}
    for line in (line for line in lines if not line.code):
        for target in _targets(line.text):
            yield from _judged(target, known, line)
        for named in inline_code(line.text):
            found = _NAMED.match(named)
            if found and found[1] not in known:
                message = "This names a file of the skill that is not there."
                yield _finding("file-not-there", message, named, line, Severity.WARNING)


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _targets(text: str) -> list[str]:
    prose = without_inline_code(text)
    found = [inside or bare for inside, bare in _LINK.findall(prose)] + _DEFINITION.findall(prose)
    return [target for target in found if not _ELSEWHERE.match(target)]


def _judged(target: str, known: set[str], line: Line) -> Iterator[Finding]:
    path = unquote(re.split(r"[?#]", target)[0])
    inside = normpath(path)
    if path.startswith("/") or "\\" in path or inside == ".." or inside.startswith("../"):
        yield _finding("link-outside", "This link leaves the skill's folder.", target, line)
    elif inside != "." and inside not in known:
        yield _finding("link-broken", "This link leads to a file that the skill does not have.", target, line)


def _finding(code: str, message: str, target: str, line: Line, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        message=message,
        field="body",
        line=line.number,
        excerpt=target[:120],
        fix="Add the file, or write the sentence without it.",
    )
