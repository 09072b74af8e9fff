"""What a skill may do against what it does: `allowed-tools` and `compatibility` against its scripts and commands.

Hints for a person, but for a grant of everything: which tool an agent needs is not written in the files.
"""

import re
from collections.abc import Iterator, Sequence

from domain.scan.scanned import Kind, Scanned
from domain.skill import Finding, Severity
from domain.skill_file import SkillFile

_BROAD = re.compile(r"\*|all|Bash(?:\(\*?(?::\*)?\))?")
_ANY_COMMAND = re.compile(
    r"Bash\((?:sudo[ ]+)?(?:/\S{0,20}/)?(?:(?:ba|z|da|k|fi)?sh|python[\d.]{0,5}|node|perl|ruby|php"
    r"|deno|bun|env|xargs|eval"
    r"|sudo|powershell|pwsh|cmd)(?:[ :]{1,2}\*)?\)|mcp__\*|mcp__\w{1,60}__\*",
    re.I,
)
"""Grants of one program that runs whatever it is given, and of all tools of all servers."""
_RUNNERS = re.compile(r"^(?:Bash|Shell|Python|Execute|Terminal|Run|Task|\*|all\b|mcp__|PowerShell|Code)", re.I)
_NETWORK = re.compile(
    r"\b(?:curl|wget)[ \t]+[^\n]{0,120}https?://|\b(?:requests|httpx)\.(?:get|post|put|patch"
    r"|delete)\s{0,3}\(|\burlopen\s{0,3}\(|\bfetch\s{0,3}\(\s{0,3}[\"'`]https?:"
)
_SAYS_NETWORK = re.compile(
    r"\b(?:network|internet|online|https?|api|web|remote|access to|connect\w{0,4}|curl|wget"
    r"|download\w{0,3}|fetch\w{0,3})\b",
    re.I,
)


def broad_tools(allowed: str) -> list[str]:
    """The entries of `allowed-tools` that let an agent do anything: `*`, `Bash`, `Bash(*)`."""
    return [tool for tool in _entries(allowed) if _BROAD.fullmatch(tool)]


def tool_grants(skill: SkillFile, texts: Sequence[Scanned]) -> Iterator[Finding]:
    """Grants that nothing uses, scripts that no grant covers, network that nobody is told of."""
    allowed = _allowed(skill)
    scripts = [scanned for scanned in texts if scanned.kind is Kind.CODE]
    runs = bool(scripts) or _has_commands(skill.body)
    line = skill.lines.get("allowed-tools")
    if allowed and not runs and (unused := [tool for tool in allowed if _BROAD.fullmatch(tool)]):
        message = f"`allowed-tools` grants {', '.join(unused)}, and nothing in the skill runs a command."
        yield _finding("tools-unused", message, "Leave it out.", "allowed-tools", line)
    if allowed and scripts and not any(_RUNNERS.match(tool) for tool in allowed):
        message = f"The skill has scripts ({scripts[0].file}), and `allowed-tools` names nothing that may run them."
        yield _finding(
            "tools-missing", message, "Name it, such as `Bash(python scripts/a.py:*)`.", "allowed-tools", line
        )
    if wide := [tool for tool in allowed if _ANY_COMMAND.fullmatch(tool)]:
        message = f"`allowed-tools` grants {', '.join(wide)}, which runs whatever it is given."
        fix = "Name the script or the tool, such as `Bash(python scripts/a.py:*)`."
        yield _finding("tools-too-broad", message, fix, "allowed-tools", line)
    yield from _network(skill, scripts)


def _network(skill: SkillFile, scripts: Sequence[Scanned]) -> Iterator[Finding]:
    said = f"{skill.fields.get('compatibility') or ''} {skill.fields.get('description') or ''}"
    reaching = next((one for one in scripts if _NETWORK.search(one.text)), None)
    if reaching and not _SAYS_NETWORK.search(said):
        message = f"{reaching.file} uses the network; neither `compatibility` nor the description says so."
        line = skill.lines.get("compatibility")
        yield _finding(
            "network-undeclared", message, "Say which service it needs.", "compatibility", line, Severity.INFO
        )


def _allowed(skill: SkillFile) -> list[str]:
    value = skill.fields.get("allowed-tools")
    if isinstance(value, list):
        return [str(item) for item in value]
    return _entries(value) if isinstance(value, str) else []


def _entries(allowed: str) -> list[str]:
    return [tool for tool in re.split(r"[\s,]+", allowed) if tool]


def _has_commands(body: str) -> bool:
    """A fenced block that is not only prose, or a script that is named."""
    return "```" in body or "~~~" in body or "scripts/" in body or "`" in body


def _finding(
    code: str, message: str, fix: str, field: str, line: int | None, severity: Severity = Severity.WARNING
) -> Finding:
    return Finding(code=code, severity=severity, message=message, field=field, line=line, fix=fix)
