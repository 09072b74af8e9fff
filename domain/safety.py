"""What may harm whoever installs a skill: the safety checks over every file, and the list of what they find.

The deterministic core of the create and publish gate: always on, no model, no network; nothing of a skill is ever run.
An error stops publishing until a person waives it; a warning asks for a look; info is a hint. What is judged how is
told in docs/safety.md, which a test holds to `CHECKS`. Must not raise for any bytes.
"""

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from hashlib import sha256

from domain.errors import SkillFileError
from domain.library.package import MAX_ENTRY, is_text, packaging
from domain.scan.behaviour import python_behaviour
from domain.scan.danger import Danger, matches
from domain.scan.dangers import COMMANDS
from domain.scan.disguise import STYLES, disguised
from domain.scan.droppers import downloads_run, droppers, load_commands
from domain.scan.exfiltration import LINES, leaks, leaks_across
from domain.scan.hidden_text import hidden, look_alikes
from domain.scan.injection import PHRASES, comments, injections
from domain.scan.scanned import Scanned
from domain.scan.secrets import secrets
from domain.scan.supply_chain import FETCHED
from domain.scan.tool_grants import broad_tools, tool_grants
from domain.scan.triggers import triggers
from domain.shape import Shape
from domain.skill import SKILL_FILE, Finding, SkillFileEntry
from domain.skill_file import SkillFile, parse

__all__ = ["CHECKS", "Check", "broad_tools", "edition", "scan", "scan_text"]


EDITION = 2
"""Raised when the code that judges matches changes; a test notices that it has (`test_safety_edition.py`)."""


class Check(Shape):
    """One of the fifteen checks. `codes`: the findings it may give; where it has none, `by` says who does it."""

    number: int
    title: str
    codes: tuple[str, ...] = ()
    by: str = ""


def scan(
    files: Sequence[SkillFileEntry], *, taken: Collection[str] = (), skill: SkillFile | None = None
) -> list[Finding]:
    """Everything found in every file; text files are read leniently, others judged by name and first bytes.

    `taken`: names of other skills of the library. `skill`: the parsed SKILL.md, if the caller has it already.
    """
    texts = [Scanned(_text(entry), entry.path) for entry in files if is_text(entry)]
    findings = [*packaging(files), *leaks_across(texts)]
    for scanned in texts:
        findings += _scanned(scanned)
    skill = skill or _parsed(files)
    if skill:
        findings += [*tool_grants(skill, texts), *triggers(skill, taken)]
    return findings


def _text(entry: SkillFileEntry) -> str:
    """Without the byte order mark that some editors put first; anywhere else it is a character that nobody sees."""
    return entry.data[:MAX_ENTRY].decode("utf-8-sig", "replace")


def scan_text(text: str, file: str) -> list[Finding]:
    """What is found in one text; usable for a request or an answer too, with `file` as its label."""
    return list(_scanned(Scanned(text.removeprefix("\ufeff"), file)))


def _scanned(scanned: Scanned) -> Iterator[Finding]:
    yield from secrets(scanned.text, scanned.file)
    yield from hidden(scanned.text, scanned.file)
    yield from look_alikes(scanned.text, scanned.file)
    yield from matches((*COMMANDS, *FETCHED), scanned)
    yield from downloads_run(scanned)
    yield from droppers(scanned)
    yield from load_commands(scanned)
    yield from leaks(scanned)
    yield from injections(scanned)
    yield from comments(scanned)
    yield from disguised(scanned)
    yield from python_behaviour(scanned)


def _parsed(files: Sequence[SkillFileEntry]) -> SkillFile | None:
    """The SKILL.md as far as it can be read; what cannot be is the validator's to report."""
    main = next((entry for entry in files if entry.path.casefold() == SKILL_FILE.casefold()), None)
    try:
        return parse(main.data, lenient=True) if main else None
    except SkillFileError:
        return None


@cache
def edition() -> str:
    """Twelve characters that change with any pattern and with `EDITION`: a scan by another is to be done anew."""
    dangers: tuple[Danger, ...] = (*COMMANDS, *FETCHED, *LINES, *PHRASES, *STYLES)
    told = [
        (one.code, one.severity, one.documented, one.where, form.pattern, [*map(sorted, form.needs)], form.marks)
        for one in dangers
        for form in one.forms
    ]
    return sha256(repr((EDITION, told, [check.codes for check in CHECKS])).encode()).hexdigest()[:12]


CHECKS = (
    Check(
        number=1,
        title="Hidden characters and look-alike letters",
        codes=(
            *(
                "hidden-tag-characters",
                "hidden-zero-width",
                "hidden-bidi",
                "hidden-variation-selectors",
                "control-character",
            ),
            *("look-alike-word", "look-alike-address"),
        ),
    ),
    Check(
        number=2,
        title="Hidden text: comments, padding, styles, encodings",
        codes=("hidden-comment", "white-space-padding", "hidden-style", "data-address", "encoded-text"),
    ),
    Check(
        number=3,
        title="Injected instructions",
        codes=("injection", "secrecy", "refusal-suppression", "fake-message", "unasked-action", "injection-disguised"),
    ),
    Check(
        number=4,
        title="Secrets",
        codes=(
            *(
                "secret-private-key",
                "secret-aws",
                "secret-github",
                "secret-gitlab",
                "secret-slack",
                "secret-google",
                "secret-stripe",
            ),
            *("secret-model-key", "secret-hub", "secret-jwt", "secret-url", "secret-assignment"),
            *("secret-registry", "secret-mail", "secret-cloud", "secret-bot", "secret-header"),
        ),
    ),
    Check(
        number=5,
        title="Data that leaves",
        codes=(
            *("credential-exfiltration", "exfiltration-flow", "collection-address", "image-with-data", "remote-image"),
            "secret-in-body",
        ),
    ),
    Check(
        number=6,
        title="Dangerous commands and code",
        codes=(
            *(
                "pipe-to-shell",
                "decode-to-shell",
                "destructive-command",
                "reverse-shell",
                "persistence",
                "agent-settings",
            ),
            *("guard-off", "open-permissions", "privileged-command", "checks-off", "evidence-removed", "input-is-run"),
            *("glued-query", "endless-loop", "load-command"),
        ),
    ),
    Check(
        number=7,
        title="Tools and network against what the skill does",
        codes=("tools-too-broad", "tools-unused", "tools-missing", "network-undeclared"),
    ),
    Check(
        number=8,
        title="What is fetched, and from where",
        codes=("unpinned-install", "unpinned-run", "branch-download", "remote-instructions", "registry-redirect"),
    ),
    Check(
        number=9,
        title="Files that nobody can review",
        codes=(
            *(
                "file-program",
                "file-archive",
                "file-binary",
                "file-document",
                "file-large",
                "file-disguised",
                "file-polyglot",
            ),
            *("file-startup", "malware-test-file", "package-count", "package-large"),
        ),
    ),
    Check(
        number=10,
        title="Paths",
        codes=(
            "path-absolute",
            "path-outside",
            "path-illegal",
            "path-collision",
            "path-look-alike",
            "path-hidden-character",
        ),
    ),
    Check(
        number=11,
        title="Triggers",
        codes=("trigger-everything", "trigger-bait", "trigger-shadows-command", "trigger-shadows-skill"),
    ),
    Check(number=12, title="Description against behaviour", by="a model that advises; its findings are warnings"),
    Check(
        number=13,
        title="Frontmatter that attacks its reader",
        codes=("yaml-alias", "yaml-tag", "yaml-too-deep", "yaml-too-many", "yaml-merge", "frontmatter-too-large"),
    ),
    Check(
        number=14, title="Imported and generated text is data", by="labels in every prompt; nothing of a skill is run"
    ),
    Check(number=15, title="Scanned again before publishing and after new rules", by="promotion, bound to the digest"),
)
