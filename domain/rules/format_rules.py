"""The Agent Skills format, one small check per rule: frontmatter fields, name, description, the shape of the body.

Source: the specification at agentskills.io (2026-08) and its reference validator. Where these differ from it (ASCII
names, types of `metadata` and `allowed-tools`, empty `compatibility`) they are stricter. Checks report the strict
severity; what a lenient reader forgives is decided in `domain/validation.py`.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cached_property

from domain.library.templates import Template
from domain.markdown import Line, walk
from domain.names import MAX_NAME, RESERVED
from domain.rules.neighbours import TAKEN, Neighbour
from domain.safety import broad_tools
from domain.scan.hidden_text import mixed_scripts
from domain.shape import Shape
from domain.skill import SKILL_FILE, Finding, Severity, SkillFileEntry
from domain.skill_file import SkillFile

FIELDS = ("name", "description", "license", "compatibility", "metadata", "allowed-tools")
MAX_DESCRIPTION = 1024
MAX_COMPATIBILITY = 500
_WHEN = re.compile(
    r"\b(?:when(?:ever)?|use (?:this|it|for|to|if|in|before|after)|used (?:to|for|by)|if (?:the|a|you|someone)|before"
    r"|after|while|during|upon|asks?|asked|requests?|triggers?|wenn|lorsque|cuando)\b",
    re.I,
)


class Subject(Shape):
    """What a check looks at: the parsed SKILL.md, all files, and what the skill must state or avoid."""

    skill: SkillFile
    files: Sequence[SkillFileEntry]
    folder: str
    facts: Sequence[str] = ()
    taken: Sequence[str] = ()
    library: Sequence[Neighbour] = ()
    template: Template | None = None

    @cached_property
    def lines(self) -> list[Line]:
        """The lines of the body that say something."""
        return [line for line in walk(self.skill.body, self.skill.body_line) if line.text.strip()]

    @cached_property
    def texts(self) -> dict[str, str]:
        """Every Markdown file by its path, SKILL.md as it was read first."""
        others = (entry for entry in self.files if entry.path.lower().endswith(".md") and entry.path != SKILL_FILE)
        return {SKILL_FILE: self.skill.text, **{entry.path: entry.data.decode("utf-8", "replace") for entry in others}}

    def text_field(self, key: str) -> str | None:
        """The field if it is text that is not blank."""
        value = self.skill.fields.get(key)
        return value if isinstance(value, str) and value.strip() else None

    def finding(
        self, code: str, message: str, *, field: str, fix: str = "", severity: Severity = Severity.ERROR
    ) -> Finding:
        """A finding on a frontmatter field, with its line."""
        line = self.skill.lines.get(field)
        return Finding(code=code, severity=severity, message=message, field=field, line=line, fix=fix or None)


def known_fields(subject: Subject) -> Iterator[Finding]:
    for key in subject.skill.fields:
        if key not in FIELDS:
            fix = f"Move it into `metadata`, or delete it; the fields are {', '.join(FIELDS)}."
            yield subject.finding("field-unknown", f"`{key[:80]}` is not a field of the format.", field=key, fix=fix)


def required_fields(subject: Subject) -> Iterator[Finding]:
    for key in ("name", "description"):
        if subject.text_field(key) is None:
            message = f"`{key}` is missing, blank or not text."
            yield subject.finding(f"{key}-missing", message, field=key, fix=f"Add a line `{key}: …`.")


def name_form(subject: Subject) -> Iterator[Finding]:
    name = _name(subject)
    if name is None:
        return
    fix = "Use 1 to 64 of a-z, 0-9 and single hyphens, such as `release-notes`."
    problems = {
        "name-too-long": (len(name) > MAX_NAME, f"The name has {len(name)} characters, the most is {MAX_NAME}."),
        "name-not-lowercase": (name != name.lower(), "The name has capital letters."),
        "name-hyphens": (
            name.startswith("-") or name.endswith("-") or "--" in name,
            "The name begins or ends with a hyphen, or has two in a row.",
        ),
        "name-characters": (not all(map(_name_char, name)), "The name has characters other than letters and digits."),
        "name-not-ascii": (not name.isascii(), "The name has letters beyond a-z, which may look like others."),
        "name-mixed-scripts": (mixed_scripts(name), "The name mixes alphabets whose letters look alike."),
    }
    for code, (wrong, message) in problems.items():
        if wrong:
            yield subject.finding(code, message, field="name", fix=fix)


def _name(subject: Subject) -> str | None:
    name = subject.text_field("name")
    return unicodedata.normalize("NFKC", name.strip()) if name else None


def _name_char(char: str) -> bool:
    """Letters, digits, hyphen; combining marks too, or no Hindi or Thai name could be imported."""
    return char.isalnum() or char == "-" or unicodedata.category(char) in ("Mn", "Mc")


def name_place(subject: Subject) -> Iterator[Finding]:
    name = _name(subject)
    if name is None:
        return
    if name != unicodedata.normalize("NFKC", subject.folder):
        message = f"The folder is `{subject.folder[:80]}`, the name is `{name[:80]}`."
        yield subject.finding("name-not-folder", message, field="name", fix="Make them equal.")
    others = (*subject.taken, *(other.name for other in subject.library))
    if name.casefold() in {other.casefold() for other in others}:
        yield TAKEN.found(f"The library has a skill `{name[:80]}`.", field="name", line=subject.skill.lines.get("name"))
    if any(word in name for word in RESERVED):
        message = f"Some platforms refuse the words {' and '.join(RESERVED)} in a name."
        yield subject.finding("name-reserved", message, field="name", severity=Severity.WARNING, fix="Leave it out.")


def description_form(subject: Subject) -> Iterator[Finding]:
    text = subject.text_field("description")
    if text is None:
        return
    if len(text) > MAX_DESCRIPTION:
        message = f"The description has {len(text)} characters, the most is {MAX_DESCRIPTION}."
        yield subject.finding("description-too-long", message, field="description", fix="Say what and when, no more.")
    if not _WHEN.search(text):
        message = "The description does not say when to use the skill; agents choose by it."
        fix = "Add a sentence that begins with “Use when …”."
        yield subject.finding("description-no-when", message, field="description", fix=fix, severity=Severity.WARNING)
    if re.search(r"</?[A-Za-z][^<>]*>", text):
        message = "The description holds markup, which some platforms refuse."
        yield subject.finding(
            "description-markup", message, field="description", severity=Severity.WARNING, fix="Say it in plain text."
        )


def optional_fields(subject: Subject) -> Iterator[Finding]:
    fields = subject.skill.fields
    for key in ("license", "compatibility", "allowed-tools"):
        if key in fields and subject.text_field(key) is None:
            message = f"`{key}` is given but is empty or not text."
            yield subject.finding(f"{key}-not-text", message, field=key, fix="Write one line of text, or delete it.")
    if len(subject.text_field("compatibility") or "") > MAX_COMPATIBILITY:
        message = f"`compatibility` has more than {MAX_COMPATIBILITY} characters."
        yield subject.finding("compatibility-too-long", message, field="compatibility", fix="Shorten it.")
    metadata = fields.get("metadata") or {}  # a blank `metadata:` is as good as none
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        message = "`metadata` must be a mapping from text to text."
        yield subject.finding("metadata-not-texts", message, field="metadata", fix="One `  key: value` line each.")


def tools(subject: Subject) -> Iterator[Finding]:
    broad = broad_tools(subject.text_field("allowed-tools") or "")
    if broad:
        everything = "*" in broad or "all" in broad
        yield subject.finding(
            "tools-too-broad",
            f"`allowed-tools` lets an agent run anything without asking: {', '.join(broad)}.",
            field="allowed-tools",
            fix="Name the commands, such as `Bash(git:*)`.",
            severity=Severity.ERROR if everything else Severity.WARNING,
        )


def reference_reading(subject: Subject) -> Iterator[Finding]:
    """The reference validator ends the frontmatter at any `---`, wherever it stands."""
    for offset, line in enumerate(subject.skill.source.split("\n")):
        if "---" in line:
            message = "Some readers end the frontmatter at the `---` in this line."
            fix = "Use another separator."
            yield Finding(
                code="fence-inside",
                severity=Severity.WARNING,
                message=message,
                field="frontmatter",
                line=offset + 2,
                fix=fix,
            )


def body(subject: Subject) -> Iterator[Finding]:
    skill = subject.skill
    if not skill.body.strip():
        message, fix = "The body is empty: there is nothing for an agent to follow.", "Write the instructions."
        yield Finding(
            code="body-empty", severity=Severity.ERROR, message=message, line=skill.body_line, field="body", fix=fix
        )
