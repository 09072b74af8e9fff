"""A description that makes agents choose the skill when they should not: for everything, by bait, or as another one."""

import re
from collections import Counter
from collections.abc import Collection, Iterator

from domain.names import slug
from domain.skill import Finding, Severity
from domain.skill_file import SkillFile

_BUILT_IN = (
    "help clear compact config cost doctor init login logout mcp memory model permissions review status "
    "agents hooks resume exit quit bug add-dir terminal-setup vim context export usage plugin skills new "
    "undo diff approvals commit plan "
)
COMMANDS = frozenset(_BUILT_IN.split())
"""Commands that agents have built in; a skill of that name would stand in their way."""

_EVERYTHING = re.compile(
    r"\b(?:use|apply|invoke|activate|trigger|load|run|call)\s+(?:this|it"
    r"|the\s+skill)?\s*(?:skill\s+)?(?:for|on|in|at|to|whenever|when|with|before)\s+"
    r"(?:literally\s+)?(?:anything|everything|every\s+(?:request|task|message|conversation|prompt"
    r"|question|turn|query|response|interaction)\b(?!\s+(?:that|about|which|with|in|for|of|where))"
    r"|all\s+(?:requests|tasks|messages|conversations|prompts|questions|queries)\b(?!\s+(?:that|about"
    r"|which|with|in|for|of|where))|any\s+(?:request|task|message|prompt|question"
    r"|query)\b(?!\s+(?:that|about|which|with|in|for|of|where|requiring|involving|related))"
    r"|(?:the\s+)?user\s+(?:asks|says|wants|types|writes)\s+(?:for\s+)?(?:anything|something|everything))"
    r"|\balways\s+(?:use|choose|select|invoke|load|prefer)\s+this\s+(?:skill|tool)\b(?:\s+(?:first"
    r"|instead|over|before)\b)?(?=\s*(?:first|instead|over|before|[.!,;]|$))"
    r"|\b(?:instead\s+of|in\s+preference\s+to|over|before)\s+(?:any|all|every)\s+other\s+(?:skills?"
    r"|tools?)\b|\b(?:highest|top|maximum)\s+priority\s+skill\b",
    re.I,
)
_WORD = re.compile(r"[a-z][a-z0-9+#.-]{2,}")
_SAME, _LIST = 6, 25
"""A word said more often, or a list of more single words, is bait: of 500 real descriptions none is as bad (docs)."""


def triggers(skill: SkillFile, taken: Collection[str] = ()) -> Iterator[Finding]:
    """Findings on name and description. `taken`: the names of other skills in the library."""
    name, text = _text(skill, "name"), _text(skill, "description")
    if found := _EVERYTHING.search(text):
        yield _finding(
            skill,
            "trigger-everything",
            f"The description asks to be chosen for everything: “{found[0][:80]}”.",
            Severity.ERROR,
        )
    if bait := _bait(text):
        yield _finding(skill, "trigger-bait", f"The description is stuffed with key words: {bait}.", Severity.WARNING)
    if name.casefold() in COMMANDS:
        yield _finding(
            skill,
            "trigger-shadows-command",
            f"`{name}` is a command that agents have built in.",
            Severity.WARNING,
            "name",
        )
    if shadowed := _shadowed(name, taken):
        yield _finding(
            skill,
            "trigger-shadows-skill",
            f"The name can be taken for the skill `{shadowed}`.",
            Severity.WARNING,
            "name",
        )


def _text(skill: SkillFile, field: str) -> str:
    value = skill.fields.get(field)
    return value.strip() if isinstance(value, str) else ""


def _bait(text: str) -> str:
    words = Counter(word for word in _WORD.findall(text.lower()) if word not in _COMMON)
    most = words.most_common(1)
    if most and most[0][1] > _SAME and most[0][1] > sum(words.values()) * 0.15:
        return f"“{most[0][0]}” {most[0][1]} times"
    longest = max((len(one) for one in re.findall(r"(?:[\w+#./-]{2,20}, ){4,}", text)), default=0)
    items = max((one.count(",") for one in re.findall(r"(?:[\w+#./-]{2,20}, ){4,200}", text)), default=0)
    return f"a list of {items} words" if longest and items > _LIST else ""


_FILLING = "the and for with this that use when user asks from skill into about your are not any such including "
_COMMON = frozenset(_FILLING.split())


def _shadowed(name: str, taken: Collection[str]) -> str:
    """Another name that looks the same: other separators, a digit for a letter, a plural."""
    own = _core(name)
    return next((other for other in taken if other != name and _core(other) == own), "")


def _core(name: str) -> str:
    plain = slug(name).replace("-", "").translate(str.maketrans("01345", "oleas"))
    return plain.removesuffix("s")


def _finding(skill: SkillFile, code: str, message: str, severity: Severity, field: str = "description") -> Finding:
    fix = "Say for which task it is, in one sentence." if field == "description" else "Choose another name."
    return Finding(code=code, severity=severity, message=message, field=field, line=skill.lines.get(field), fix=fix)
