"""Text that was meant to be replaced: `TODO:`, `[insert …]`, `<your …>`, `{{…}}`, lorem ipsum. Must not judge quality.

Narrow on purpose: "the todo list", "search for TODO comments" and a Kanban column TODO are ordinary prose. In code, a
template may be what the skill teaches, so there it is a warning.
"""

import re
from collections.abc import Iterator

from domain.markdown import Line, inline_code, without_inline_code
from domain.skill import Finding, Severity

_MARK = r"(?:TODO|TBD|TBA|FIXME|XXX+)"
_START = r"^\s*(?:[-*+>]\s+|\d+[.)]\s+|#+\s+)*(?:\[[ xX]\]\s+)?(?:\*\*|__)?"
_SHOWN = re.compile(
    r"(?i:\[(?:insert |add your|enter (?:your|the)|your |fill in|describe (?:your|the|what)|replace (?:this|with)"
    r"|specify )[^\]\n]{0,80}\](?![(\[:])|\[(?:placeholder|tbd|todo|name here|text here)\](?![(\[:]))"
    r"|<(?i:your|insert|enter|placeholder|fill)\b[\s_-]?[^<>\n]{0,60}>"
    r"|(?<!\$)\{\{[^{}\n]{0,80}\}\}"
)
_PROSE = re.compile(
    rf"{_START}{_MARK}\s*(?:$|[:.!…–—(-])"  # a line that begins with the mark
    rf"|[\[(<]\s*{_MARK}\b[^\])>\n]{{0,80}}[\])>](?!\()"  # in brackets
    rf"|:\s*(?:\*\*)?{_MARK}(?:\*\*)?\s*[.!]?\s*$"  # the value after a colon
    r"|(?i:lorem ipsum dolor|^\W*lorem ipsum)"
    r"|^\s*(?:[-*+]|\d+[.)])\s+(?:\.{3}|…)\s*$"
)
_SIGNS = ("[", "<", "{{", "TODO", "TBD", "TBA", "FIXME", "XXX", "orem", "OREM", "...", "…")
"""One of these is in whatever the patterns find: most lines need no more."""
_MENTIONED = re.compile(rf"{_START}{_MARK}\b|(?i:\blorem ipsum\b)")


def placeholders(lines: list[Line], field: str | None = None) -> Iterator[Finding]:
    """One finding per line at most: an error in prose, a warning in code or where it may be ordinary prose."""
    for line in lines:
        if not any(sign in line.text for sign in _SIGNS):
            continue
        prose = "" if line.code else without_inline_code(line.text)
        found = _PROSE.search(prose) or _SHOWN.search(prose)
        if found:
            yield _finding(Severity.ERROR, found[0], line, field)
        elif shown := (_in_code(line) or _MENTIONED.search(prose)):
            yield _finding(Severity.WARNING, shown[0], line, field)


def _in_code(line: Line) -> re.Match[str] | None:
    parts = [line.text] if line.code else inline_code(line.text)
    return next((found for part in parts if (found := _SHOWN.search(part))), None)


def _finding(severity: Severity, shown: str, line: Line, field: str | None) -> Finding:
    where = "This text was" if severity is Severity.ERROR else "This may have been"
    return Finding(
        code="placeholder" if severity is Severity.ERROR else "placeholder-like",
        severity=severity,
        message=f"{where} meant to be replaced.",
        field=field,
        line=line.number,
        excerpt=shown.strip()[:120],
        fix="Write what belongs there, or remove it; put a template that is meant as one into a code block.",
    )
