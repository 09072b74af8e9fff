"""Scripts and code blocks of a skill parse in the language they claim. Must not run them or judge what they do.

A block in prose is often a sketch: what has dots, prompts, placeholders or the marks of a diff in it is not judged.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from posixpath import splitext

from domain.markdown import Block, code_blocks
from domain.rules.rule import Rule
from domain.rules.syntax import CERTAIN, MAX_PARSED, mistake
from domain.skill import SKILL_FILE, Finding, Severity, SkillFileEntry

MOST_BLOCKS = 400
"""Blocks of one file that are parsed."""

SCRIPT = Rule(
    code="script-syntax",
    severity=Severity.ERROR,
    about="A Python, JSON, YAML or TOML file does not parse.",
    fix="Mend it; an agent that runs or reads it stops there.",
)
DOUBTFUL = Rule(
    code="script-doubtful",
    severity=Severity.WARNING,
    about="A shell file, a template, or newer Python than ours does not parse.",
    fix="Check it with the program that reads it (`bash -n`), and mend it if it is wrong.",
)
BLOCK = Rule(
    code="code-block-syntax",
    severity=Severity.WARNING,
    about="A fenced block does not parse in the language that its fence names.",
    fix="Mend it, shorten it with `...`, or name no language.",
)
RULES = (SCRIPT, DOUBTFUL, BLOCK)

_ENDINGS = {
    ".py": "python",
    ".json": "json",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".toml": "toml",
    ".sh": "shell",
    ".bash": "shell",
}
_FENCES = {
    "python": "python",
    "py": "python",
    "python3": "python",
    "json": "json",
    "yaml": "yaml",
    "yml": "yaml",
    "toml": "toml",
    "bash": "shell",
    "sh": "shell",
    "shell": "shell",
}
_SHEBANG = re.compile(rb"#![^\n]{0,80}?\b(python3?|bash|sh)\b")
_TEMPLATES = ("assets/", "templates/", "examples/", "evals/", "tests/")
_SKETCH = re.compile(
    r"\.\.\.|…|\{\{|\{%|<%|<[A-Za-z][\w /.|:-]{0,60}>|^[ \t]*(?:\$ |>>> |❯ |In \[)|^[+-]{3} |^@@|^[+-][^\n]*\n[+-]"
    r"|\[(?:[A-Z][A-Z _-]{2,60}|your [^\]\n]{1,60})\]|✅|❌|→|\bYOUR_|\bTODO\b",
    re.M,
)
_COMMENTS = re.compile(r"^[^\"\n]*(?://|/\*)|[,}\]]\s*(?://|/\*)|#\s", re.M)
_FRAGMENT = ("expected an indented block", "unexpected indent", "unindent", "unexpected EOF", "outside")
_NEWER = re.compile(r"f-string|^\s*(?:type \w+|(?:async )?def \w+\[|class \w+\[|except \w+(?:, \w+)+:)")


def scripts(files: Sequence[SkillFileEntry]) -> Iterator[Finding]:
    """Files that do not parse in the language of their ending or first line. Undecodable ones are left out."""
    for entry in files:
        language = _language(entry)
        text = _text(entry) if language else None
        if not language or text is None:
            continue
        found = mistake(language, text)
        if found:
            rule = SCRIPT if language in CERTAIN and not _perhaps(entry.path, language, text, found[0]) else DOUBTFUL
            message = f"This is not valid {_title(language)}: {found[1][:160]}."
            yield rule.found(message, file=entry.path, line=found[0], excerpt=_line(text, found[0]))


def _language(entry: SkillFileEntry) -> str | None:
    ending = splitext(entry.path)[1].lower()
    if ending or not entry.data.startswith(b"#!"):
        return _ENDINGS.get(ending)
    found = _SHEBANG.match(entry.data)
    names = {b"python": "python", b"python3": "python", b"bash": "shell", b"sh": "shell"}
    return names[found[1]] if found else None


def _text(entry: SkillFileEntry) -> str | None:
    if len(entry.data) > MAX_PARSED:
        return None
    try:
        return entry.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _perhaps(path: str, language: str, text: str, line: int) -> bool:
    """Whether the file may be right after all: a template to be filled, JSON with comments, newer Python than ours."""
    if path.startswith(_TEMPLATES) or "{{" in text or "{%" in text:
        return True
    if language == "json":
        return splitext(path)[0].rpartition("/")[2].startswith(("tsconfig", "jsconfig", ".")) or "//" in _line(
            text, line
        )
    return language == "python" and _NEWER.search(_line(text, line)) is not None


def blocks(texts: Mapping[str, str]) -> Iterator[Finding]:
    """Fenced blocks that do not parse in the language that their fence names, by path of the Markdown file."""
    for path, text in texts.items():
        for block in code_blocks(text)[:MOST_BLOCKS]:
            language = _FENCES.get(block.language)
            found = _block_mistake(language, block) if language else None
            if language and found:
                line, said = found
                message = f"This block is not valid {_title(language)}: {said[:160]}."
                yield BLOCK.found(
                    message,
                    file=path,
                    line=block.line + line - 1,
                    excerpt=_line(block.text, line),
                    field="body" if path == SKILL_FILE else None,
                )


def _block_mistake(language: str, block: Block) -> tuple[int, str] | None:
    text = block.text
    if not text.strip() or _SKETCH.search(text):
        return None
    if language == "json" and (text.lstrip()[0] not in "{[" or _COMMENTS.search(text) or _each_line(text)):
        return None
    if language == "yaml" and text.startswith("---\n"):
        text = text[4:].partition("\n---")[0] + "\n"
        return (found[0] + 1, found[1]) if (found := mistake("yaml", text)) else None
    found = mistake(language, text)
    return None if found and language == "python" and any(part in found[1] for part in _FRAGMENT) else found


def _each_line(text: str) -> bool:
    """Whether the block is a list of JSON values, one a line."""
    lines = [line for line in text.split("\n") if line.strip()]
    return len(lines) > 1 and all(line.lstrip()[0] in "{[" for line in lines)


def _title(language: str) -> str:
    return {"python": "Python", "shell": "shell"}.get(language, language.upper())


def _line(text: str, number: int) -> str:
    lines = text.split("\n", number)
    return lines[number - 1].strip()[:120] if 0 < number <= len(lines) else ""
