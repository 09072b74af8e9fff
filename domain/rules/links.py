"""Links of a skill's Markdown to its own files: they exist, stay inside, and are not chained. Never follows a link.

Only paths and headings are looked up, in what was given; nothing is opened, local or remote.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from posixpath import dirname, normpath
from urllib.parse import unquote

from domain.markdown import Line, anchors, fragment_key, inline_code, walk, with_indented_code, without_inline_code
from domain.rules.rule import Rule
from domain.skill import SKILL_FILE, Finding, Severity

_CHARS = r"[^()\s<>\\]|\\[()]|\\"
_PAIR = rf"\((?:{_CHARS}|\((?:{_CHARS}){{0,200}}\)){{0,200}}\)"
_LINK = re.compile(rf"\]\(\s{{0,9}}(?:<([^<>\n]{{1,1000}})>|((?:{_CHARS}|{_PAIR}){{1,1000}}))")
_ESCAPED = re.compile(r"\\([()])")
_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n^][^\]\n]{0,200}\]:[ \t]+<?([^\s<>]{1,1000})")
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,30}:|//|\?")
_OWN = r"(?:\./)?((?:scripts|references|assets)/[\w./-]{1,200}\.\w{1,8})"
_NAMED = re.compile(rf"^{_OWN}$")
_RUN = re.compile(rf"(?:^|[\s\"'`=(]){_OWN}(?=[\s\"'`;:|&),]|$)")

_ADD = "Add the file, or write the sentence without it."
BROKEN = Rule(
    code="link-broken", severity=Severity.ERROR, about="A link leads to a file that the skill does not have.", fix=_ADD
)
OUTSIDE = Rule(
    code="link-outside",
    severity=Severity.ERROR,
    about="A link leaves the skill's folder or is absolute.",
    fix="Copy what is needed into the skill, or name it without a link.",
)
NOT_THERE = Rule(
    code="file-not-there",
    severity=Severity.WARNING,
    about="The text or a command names a file of the skill that is not there.",
    fix=_ADD,
)
NO_HEADING = Rule(
    code="anchor-missing",
    severity=Severity.WARNING,
    about="A link leads to a heading that the file does not have.",
    fix="Link to a heading that is there; its fragment is its words in small letters with hyphens.",
)
REFERENCE_BROKEN = Rule(
    code="reference-link-broken",
    severity=Severity.WARNING,
    about="A link in a reference leads to no file of the skill.",
    fix=_ADD,
)
CHAIN = Rule(
    code="reference-chain",
    severity=Severity.WARNING,
    about="A reference links on to a file that SKILL.md itself does not name; agents stop after one step.",
    fix="Link to that file from SKILL.md too.",
)
UNUSED = Rule(
    code="reference-unused",
    severity=Severity.INFO,
    about="No Markdown of the skill names this reference, so no agent opens it.",
    fix="Say in SKILL.md when to read it, or leave it out.",
)
RULES = (BROKEN, OUTSIDE, NOT_THERE, NO_HEADING, REFERENCE_BROKEN, CHAIN, UNUSED)


class Folder:
    """The paths of a skill with the folders above them, and its Markdown texts by path, SKILL.md's own among them."""

    def __init__(self, paths: Sequence[str], texts: Mapping[str, str]) -> None:
        self.known = {*paths, *(parent for path in paths for parent in _parents(path))}
        self.texts = texts
        self._anchors: dict[str, set[str]] = {}

    def leads(self, path: str, fragment: str) -> bool:
        """Whether a Markdown file has the heading that a fragment means; true for files of other kinds."""
        key = fragment_key(fragment)
        if path not in self.texts or not key:
            return True
        if path not in self._anchors:
            self._anchors[path] = anchors(self.texts[path])
        return key in self._anchors[path]


def links(lines: Sequence[Line], folder: Folder) -> Iterator[Finding]:
    """What is wrong with the links of SKILL.md, and with the files that its text and its commands name."""
    for line in with_indented_code(lines):
        if line.code:
            yield from _named(_RUN.findall(line.text) if "/" in line.text else [], folder, line, in_code=True)
            continue
        for target in _targets(line.text):
            yield from _judged(target, folder, line)
        named = (_NAMED.match(code) for code in inline_code(line.text))
        yield from _named([found[1] for found in named if found], folder, line)


def reference_links(folder: Folder) -> Iterator[Finding]:
    """What is wrong with the links of the other Markdown files: dead ends, chains, and files that nobody names."""
    if len(folder.texts) < 2:
        return
    main = folder.texts.get(SKILL_FILE, "")
    direct = {_place(target, "") for line in _lines(main) if not line.code for target in _targets(line.text)}
    others = {path: text for path, text in folder.texts.items() if path != SKILL_FILE}
    for path, text in others.items():
        for line in _lines(text):
            if not line.code and "]" in line.text:
                yield from _reference_line(path, line, folder, main, direct)
    plain = {at: _ESCAPED.sub(r"\1", unquote(text)) for at, text in folder.texts.items()}
    for path in others:
        name = path.rpartition("/")[2]
        told = (name in text or name in plain[at] for at, text in folder.texts.items() if at != path)
        if path.startswith("references/") and not any(told):
            yield UNUSED.found("Nothing in the skill names this file.", file=path)


def _reference_line(path: str, line: Line, folder: Folder, main: str, direct: set[str]) -> Iterator[Finding]:
    for target in _targets(line.text):
        near, far = _place(target, dirname(path)), _place(target, "")
        found = near if near in folder.known or target.startswith("#") else far
        if target.startswith("#"):
            if not folder.leads(path, unquote(target[1:])):
                yield _of(NO_HEADING, target, line, path)
        elif found not in folder.known and found != ".":
            yield _of(REFERENCE_BROKEN, target, line, path)
        elif found in folder.texts and found not in (SKILL_FILE, path, *direct) and found not in main:
            yield _of(CHAIN, target, line, path)


def _named(named: Sequence[str], folder: Folder, line: Line, *, in_code: bool = False) -> Iterator[Finding]:
    """Files that are named, not linked. In a command only when the skill has that folder: else it may be the user's."""
    for path in named:
        own = not in_code or path.partition("/")[0] in folder.known
        if own and normpath(path) not in folder.known:
            yield _of(NOT_THERE, path, line)


def _lines(text: str) -> list[Line]:
    return with_indented_code(walk(text))


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, min(len(parts), 40))]


def _targets(text: str) -> list[str]:
    if "]" not in text:
        return []
    prose = without_inline_code(text)
    found = [inside or bare for inside, bare in _LINK.findall(prose)] + _DEFINITION.findall(prose)
    found = [_ESCAPED.sub(r"\1", target) for target in found]
    return [target for target in found if not _ELSEWHERE.match(target)]


def _place(target: str, base: str) -> str:
    """The path inside the skill that a target means, seen from a folder of it."""
    path = unquote(re.split(r"[?#]", target)[0])
    return normpath(f"{base}/{path}" if base and not path.startswith("/") else path)


def _judged(target: str, folder: Folder, line: Line) -> Iterator[Finding]:
    path, _, fragment = target.partition("#")
    inside = _place(target, "") if path else SKILL_FILE
    if inside.startswith("/") or "\\" in unquote(path) or inside == ".." or inside.startswith("../"):
        yield _of(OUTSIDE, target, line)
    elif inside not in (".", SKILL_FILE) and inside not in folder.known:
        yield _of(BROKEN, target, line)
    elif not folder.leads(inside, unquote(fragment)):
        yield _of(NO_HEADING, target, line)


def _of(rule: Rule, target: str, line: Line, file: str = SKILL_FILE) -> Finding:
    field = "body" if file == SKILL_FILE else None
    return rule.found(rule.about, line=line.number, file=file, field=field, excerpt=target)
