"""SKILL.md and its folder as bytes: read, write, edit one section, name, and fingerprint. No I/O, no judgement.

Reading is strict about what makes a file unreadable or hostile and silent about what makes it wrong; that is for
`domain/validation.py`. Workflows must not import this module.
"""

import re
from collections.abc import Sequence
from hashlib import sha256

from pydantic import JsonValue

from domain import frontmatter as yaml_text
from domain.errors import SkillFileError
from domain.frontmatter import Loaded
from domain.markdown import frontmatter_lines, open_fence, sections, spans, split_lines
from domain.names import free_name, slug
from domain.shape import Shape
from domain.skill import METADATA_FILE, Finding, Frontmatter, Severity, SkillFileEntry

__all__ = [
    "MAX_FILE",
    "SkillFile",
    "append_section",
    "digest",
    "free_name",
    "frontmatter_of",
    "parse",
    "render",
    "replace_section",
    "sections",
    "slug",
    "with_frontmatter",
]

MAX_FILE = 256 * 1024
"""Bytes of a SKILL.md; more is refused unread."""

_YAMLISH = re.compile(r"[\w-]+:|[ \t]+\S|- |#(?!#* )")


class SkillFile(Shape):
    """A readable SKILL.md. `fields` are raw (texts, lists, mappings); `body` is all that follows the closing fence.

    `lines` maps a field to its line; `repairs` are the warnings of a lenient reading.
    """

    text: str
    source: str
    fields: dict[str, JsonValue]
    lines: dict[str, int]
    body: str
    body_line: int
    repairs: list[Finding] = []


def parse(data: bytes, *, lenient: bool = False) -> SkillFile:
    """Reads the bytes of a SKILL.md.

    `lenient` also takes a byte order mark, flow style and unquoted colons, and says so in `repairs`.
    Raises SkillFileError(code, message, line): `file-too-large`, `not-utf8`, `bom`, `line-ends-cr`,
    `frontmatter-missing`, `frontmatter-unclosed`, `frontmatter-empty`, `frontmatter-not-mapping`,
    `frontmatter-too-large`, `yaml-…`.
    """
    text, repairs = _decoded(data, lenient)
    count = _fenced(text)
    lines = split_lines(text)
    source = "".join(lines[1 : count - 1])
    loaded, mended = _loaded(source, lenient)
    return SkillFile(
        text=text,
        source=source,
        fields=loaded.fields,
        lines=loaded.lines,
        body="".join(lines[count:]),
        body_line=count + 1,
        repairs=repairs + mended,
    )


def _decoded(data: bytes, lenient: bool) -> tuple[str, list[Finding]]:
    if len(data) > MAX_FILE:
        raise SkillFileError(
            "file-too-large", f"SKILL.md has {len(data)} bytes, the most is {MAX_FILE}; move detail into references/."
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SkillFileError("not-utf8", "SKILL.md is not UTF-8 text; save it as UTF-8.", line) from error
    if not text.startswith("\ufeff"):
        return text, []
    if not lenient:
        raise SkillFileError("bom", "SKILL.md begins with a byte order mark; save it as UTF-8 without BOM.", 1)
    return text[1:], [_repair("bom", "The byte order mark at the beginning was ignored.", 1)]


def _fenced(text: str) -> int:
    lines = split_lines(text)
    if text.startswith("---\r") and not text.startswith("---\r\n"):
        raise SkillFileError("line-ends-cr", "The lines end in CR alone; save the file with LF line ends.", 1)
    if not lines or lines[0].rstrip() != "---":
        raise SkillFileError(
            "frontmatter-missing", "The first line must be `---`, followed by name and description.", 1
        )
    count = frontmatter_lines(text)
    if not count:
        raise SkillFileError("frontmatter-unclosed", "The frontmatter is never closed; put `---` on its own line.", 1)
    if not "".join(lines[1 : count - 1]).strip():
        raise SkillFileError("frontmatter-empty", "The frontmatter is empty; it needs name and description.", 1)
    return count


def _loaded(source: str, lenient: bool) -> tuple[Loaded, list[Finding]]:
    try:
        return yaml_text.load(source, first_line=2), []
    except SkillFileError as error:
        if not lenient or error.code not in ("yaml-flow", "yaml-invalid"):
            raise
        mended = yaml_text.quoted(source) if error.code == "yaml-invalid" else source
        return yaml_text.load(mended, first_line=2, flow=True), [_repair(error.code, str(error), error.line)]


def _repair(code: str, message: str, line: int | None) -> Finding:
    return Finding(code=code, severity=Severity.WARNING, message=message, line=line, field="frontmatter")


def frontmatter_of(skill: SkillFile) -> Frontmatter:
    """The six known fields, trimmed. Raises SkillFileError if name or description is missing or not text."""
    known = {key: value.strip() for key, value in skill.fields.items() if isinstance(value, str)}
    for key in ("name", "description"):
        if not known.get(key):
            raise SkillFileError(f"{key}-missing", f"The frontmatter needs `{key}` as text.", skill.lines.get(key, 1))
    metadata = skill.fields.get("metadata")
    pairs = metadata.items() if isinstance(metadata, dict) else ()
    return Frontmatter(
        name=known["name"],
        description=known["description"],
        license=known.get("license") or None,
        compatibility=known.get("compatibility") or None,
        metadata={key: value for key, value in pairs if isinstance(value, str)},
        allowed_tools=known.get("allowed-tools") or None,
    )


def render(frontmatter: Frontmatter, body: str) -> bytes:
    """A whole SKILL.md: frontmatter, one blank line, the body without blank lines around it, one line end."""
    text = f"---\n{yaml_text.dump(frontmatter)}---\n\n" + body.strip("\r\n") + "\n"
    return text.encode("utf-8", "replace")


def with_frontmatter(content: str, frontmatter: Frontmatter) -> str:
    """The content with its frontmatter replaced, or added when it is missing or broken; the body keeps its bytes."""
    start = content.lstrip("\ufeff\r\n\t ")
    fenced = frontmatter_lines(start)
    head = f"---\n{yaml_text.dump(frontmatter)}---\n"
    if fenced:
        return head + "".join(split_lines(start)[fenced:])
    return head + "\n" + _after_broken_frontmatter(start).lstrip("\r\n")


def _after_broken_frontmatter(text: str) -> str:
    lines = split_lines(text)
    if not lines or lines[0].rstrip() != "---":
        return text
    kept = next((n for n, line in enumerate(lines[1:], 1) if not _YAMLISH.match(line)), len(lines))
    return "".join(lines[kept:])


def replace_section(content: str, heading: str, new_text: str) -> str:
    """The content with the text of one level-two section replaced; every other byte stays.

    Raises SkillFileError(`section-missing`) naming the sections there are.
    """
    lines = split_lines(content)
    wanted = _same(heading)
    span = next((span for span in spans(content) if _same(span.heading) == wanted), None)
    if span is None:
        known = ", ".join(repr(span.heading) for span in spans(content)) or "none"
        raise SkillFileError("section-missing", f"There is no section {heading!r}; the sections are: {known}.")
    end = "\r\n" if lines[span.start].endswith("\r\n") else "\n"
    title = lines[span.start].rstrip("\r\n") + end
    last = span.end == len(lines)
    block = title + _section_text(heading, new_text, end) + ("" if last else end)
    return "".join(lines[: span.start]) + block + "".join(lines[span.end :])


def append_section(content: str, heading: str, text: str, before: str | None = None) -> str:
    """The content with a new section at its end, or before the section named `before` if there is one."""
    lines = split_lines(content)
    end = "\r\n" if "\r\n" in content else "\n"
    block = f"## {heading.strip()}{end}" + _section_text(heading, text, end)
    found = [span.start for span in spans(content) if before and _same(span.heading) == _same(before)]
    if found:
        return "".join(lines[: found[-1]]) + block + end + "".join(lines[found[-1] :])
    return content.rstrip("\r\n") + end + end + block


def _same(heading: str) -> str:
    return " ".join(heading.lstrip("#").split()).casefold()


def _section_text(heading: str, text: str, end: str) -> str:
    """The text of a section between blank lines. A repeated heading is dropped; an open code fence is closed."""
    lines = text.strip("\r\n").replace("\r\n", "\n").split("\n")
    if lines[0].startswith("#") and _same(lines[0]) == _same(heading):
        lines = "\n".join(lines[1:]).strip("\n").split("\n")
    fence = open_fence("\n".join(lines))
    return end + end.join([*lines, fence] if fence else lines) + end


def digest(files: Sequence[SkillFileEntry]) -> str:
    """The fingerprint of a revision, 64 hexadecimal digits; the order of `files` does not matter.

    SHA-256 over one record per file, sorted by the path's UTF-8 bytes: path, NUL, SHA-256 of the file in lowercase
    hexadecimal, LF. The generated `metadata.json` at its root, which states the digest, is left out.
    """
    own = [entry for entry in files if entry.path != METADATA_FILE]
    records = sorted((entry.path.encode("utf-8", "replace"), sha256(entry.data).hexdigest()) for entry in own)
    return sha256(b"".join(path + b"\0" + sum_.encode() + b"\n" for path, sum_ in records)).hexdigest()
