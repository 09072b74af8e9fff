"""What may harm whoever installs a skill: secrets, hidden text, dangerous commands, injected instructions, odd files.

The deterministic core of the create and publish gate: always on, no model, no network. An error stops publishing until
a person waives it; a warning asks for a look. A line that forbids the thing ("never run …") or quotes it is a
warning at most, because skills about safety must be able to speak of it. Must not read YAML or know the format's rules.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from domain.hidden_text import hidden, visible
from domain.markdown import Line, Places, walk, without_inline_code
from domain.package import is_text, packaging
from domain.secrets import MOST_OF_A_KIND, secrets
from domain.shape import Shape
from domain.skill import Finding, Severity, SkillFileEntry

_AROUND = 400
"""Characters of a line that are looked at on each side of a match."""

_FORBIDS = re.compile(
    r"(?i)\b(?:never|not|don't|cannot|avoid|refuse|reject|forbid|instead of|flag|detect)[\s:]+"
    r"(?:(?:ever|to|run|running|use|using|pipe|piping|execute|call|write|allow|suggest|an?|any|the|commands?|like|such|as)"
    r"[\s:]+){0,6}[\"'`“‘(]*$"
)
_SHELL = r"(?:sudo\s+(?:-\S+\s+)?)?(?:/\S{0,40}/)?(?:ba|z|da|k|fi)?sh\b"


class _Pattern(Shape):
    """One dangerous thing. `where`: anywhere, or `prose` when code and quotes only make it a warning."""

    code: str
    message: str
    pattern: str
    fix: str
    severity: Severity = Severity.ERROR
    where: Literal["any", "prose"] = "any"


_PATTERNS = (
    _Pattern(
        code="pipe-to-shell",
        message="This runs whatever a web address answers.",
        pattern=rf"\b(?:curl|wget)\b[^|\n]{{0,400}}\|\s*(?:{_SHELL}|(?:sudo\s+)?(?:python3?|node|perl|ruby)\b)"
        r"|\b(?:ba|z)?sh\s+(?:-c\s+[\"']?\$\(|<\()\s*(?:curl|wget)\b"
        r"|\beval\s+[\"']?\$\((?:curl|wget)\b|\b(?:iwr|irm|Invoke-WebRequest)\b[^|\n]{0,200}\|\s*(?:iex|Invoke-Expression)\b",
        fix="Download to a file, check its digest, then run it; or use a package manager with a pinned version.",
    ),
    _Pattern(
        code="decode-to-shell",
        message="This runs commands that nobody can read.",
        pattern=rf"\bbase64\s+(?:-d|-D|--decode)\b[^|\n]{{0,200}}\|\s*{_SHELL}|\bxxd\s+-r\b[^|\n]{{0,200}}\|\s*{_SHELL}",
        fix="Write the commands out.",
    ),
    _Pattern(
        code="destructive-command",
        message="This can delete a whole system or home folder.",
        pattern=r"\brm\s+(?:-[\w-]+\s+){1,4}[\"']?(?:/|~/?|/\*|\$HOME/?|\$\{HOME\}/?|/(?:etc|usr|var|home|bin|lib|boot))"
        r"[\"']?(?=[\s;&|)`]|$)|\bmkfs(?:\.\w+)?\s+/dev/|\bdd\b[^\n]{0,80}\bof=/dev/[sh]d|:\(\)\s*\{\s*:\|:",
        fix="Name the one folder that is meant, below the working folder.",
    ),
    _Pattern(
        code="credential-exfiltration",
        message="This reads credentials and sends them over the network.",
        pattern=r"(?:\.ssh/|\bid_rsa\b|\.aws/credentials|\.netrc|\bprintenv\b|\benv\s*\|)[^\n]{0,200}\b(?:curl|wget|nc|requests\.post)\b"
        r"|\b(?:curl|wget|nc)\b[^\n]{0,200}(?:\.ssh/|\bid_rsa\b|\.aws/credentials|\.netrc|\$\(env\))",
        fix="Remove it.",
    ),
    _Pattern(
        code="persistence",
        message="This changes what runs later on the person's machine.",
        pattern=r">>\s*~?/?\S{0,40}\.(?:bashrc|zshrc|profile|bash_profile)\b|\bcrontab\s+-(?!l)|\.claude/settings",
        fix="Say what the person should add, and let them do it.",
        severity=Severity.WARNING,
    ),
    _Pattern(
        code="injection",
        message="This tells an agent to drop its instructions or to deceive the person.",
        pattern=r"(?i)(?<!not )(?<!never )(?<!n't )\b(?:ignore|disregard|forget|override)\s+"
        r"(?:(?:all|any|the|your|of|these|every)\s+){0,3}"
        r"(?:previous|prior|above|earlier|preceding|system)\s+(?:instruction|prompt|message|rule|guideline)s?"
        r"|\b(?:do not|don't|never)\s+(?:tell|inform|alert|notify)\s+the\s+(?:user|person|human|operator)\b"
        r"|\bwithout\s+the\s+user(?:'s)?\s+(?:knowing|noticing|knowledge)"
        r"|</?\s*system\s*>|<\|im_(?:start|end)\|>|\[/?INST\]"
        r"|\byou\s+are\s+now\s+(?:in\s+)?(?:dan\b|developer mode|jailbroken)"
        r"|\breveal\s+(?:your|the)\s+system\s+prompt\b|\bnever\s+refuse\b",
        fix="Say plainly what the agent should do; quote or fence such a phrase if the skill is about it.",
        where="prose",
    ),
    _Pattern(
        code="remote-image",
        message="A remote image tells its server who reads the skill, and can carry data out.",
        pattern=r"!\[[^\]\n]{0,200}\]\(\s*<?(?:https?:)?//|(?i:<img\b[^>\n]{0,200}\bsrc\s*=\s*[\"']?(?:https?:)?//)",
        fix="Put the image into assets/ and link to it there.",
        severity=Severity.WARNING,
        where="prose",
    ),
    _Pattern(
        code="white-space-padding",
        message="Text stands behind a long stretch of white space, where nobody sees it.",
        pattern=r"\S[ \t]{160,}\S",
        fix="Remove the white space.",
        severity=Severity.WARNING,
    ),
)
_COMMENT = re.compile(r"<!--(.*?)(?:-->|\Z)", re.DOTALL)
_TOOL_COMMENT = re.compile(
    r"\s*(?:prettier|markdownlint|cspell|vale|textlint|/?toc|more)[\w-]*(?:\s+[\w-]+){0,2}\s*", re.I
)
_ORDERS = re.compile(
    r"\b(?:ignore|must|always|never|do not|don't|you are|assistant|system|run|execute|send|instruction|secretly)\b",
    re.I,
)


def scan(files: Sequence[SkillFileEntry]) -> list[Finding]:
    """Everything found in every file; text files are read leniently, others judged by name and first bytes."""
    findings = list(packaging(files))
    for entry in files:
        if is_text(entry):
            findings += scan_text(entry.data.decode("utf-8", "replace"), entry.path)
    return findings


def scan_text(text: str, file: str) -> list[Finding]:
    """What is found in one text; usable for a request or an answer too, with `file` as its label."""
    page = _Page(text)
    found = [finding for danger in _PATTERNS for finding in _found(danger, page, file)]
    return [*secrets(text, file), *hidden(text, file), *found, *_comments(page, file)]


class _Page:
    """A text with its lines, so that a match can be seen in its line."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = walk(text)
        self.places = Places(text)

    def line(self, offset: int) -> Line:
        return self.lines[min(self.places.line(offset), len(self.lines)) - 1]

    def before(self, offset: int) -> str:
        """What stands before an offset in its line, as far as it matters."""
        start = self.places.start(self.places.line(offset))
        return self.text[max(start, offset - _AROUND) : offset]

    def after(self, offset: int) -> str:
        """What follows an offset in its line, as far as it matters."""
        return self.text[offset : offset + _AROUND].partition("\n")[0]


def _found(danger: _Pattern, page: _Page, file: str) -> Iterator[Finding]:
    """The first 20 errors and the first 20 warnings: warnings in plenty must not crowd out an error."""
    counts = dict.fromkeys(Severity, 0)
    for found in re.finditer(danger.pattern, page.text):
        severity = Severity.WARNING if _spoken_of(danger, page, found) else danger.severity
        counts[severity] += 1
        if counts[severity] <= MOST_OF_A_KIND:
            yield Finding(
                code=danger.code,
                severity=severity,
                message=danger.message,
                file=file,
                line=page.places.line(found.start()),
                excerpt=visible(found[0]),
                fix=danger.fix,
            )


def _spoken_of(danger: _Pattern, page: _Page, found: re.Match[str]) -> bool:
    """True when the line forbids the thing, or (for prose) only shows it in code or quotes."""
    before, code = page.before(found.start()), page.line(found.start()).code
    if danger.where == "any":
        return not code and _FORBIDS.search(before) is not None
    if code or before.rstrip().endswith(('"', "“", "'", "‘", "«")):
        return True
    around = before + found[0] + page.after(found.end())
    return not without_inline_code(around)[len(before) : len(before) + len(found[0])].strip()


def _comments(page: _Page, file: str) -> Iterator[Finding]:
    """HTML comments: nobody sees them in the rendered text, models read them."""
    for found in _COMMENT.finditer(page.text):
        if _TOOL_COMMENT.fullmatch(found[1]):
            continue
        orders = _ORDERS.search(found[1]) and not page.line(found.start()).code
        yield Finding(
            code="hidden-comment",
            severity=Severity.ERROR if orders else Severity.WARNING,
            message="An HTML comment is invisible to readers, and models follow what it says.",
            file=file,
            line=page.places.line(found.start()),
            excerpt=visible(found[0]),
            fix="Say it in the text, or delete it.",
        )


def broad_tools(allowed: str) -> list[str]:
    """The entries of `allowed-tools` that let an agent do anything: `*`, `Bash`, `Bash(*)`."""
    return [tool for tool in re.split(r"[\s,]+", allowed) if re.fullmatch(r"\*|all|Bash(?:\(\*?(?::\*)?\))?", tool)]
