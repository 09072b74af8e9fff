"""The verdict on a skill: every rule over its files, as one report. Bytes in, findings out; never raises for any bytes.

A rule evaluated in workflow code would break running jobs when it changes, so workflows must not import this module.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from enum import StrEnum

from domain import format_rules as rules
from domain.errors import SkillFileError
from domain.facts import missing_facts, salient_facts
from domain.format_rules import Subject
from domain.links import links
from domain.markdown import Line, walk
from domain.placeholders import placeholders
from domain.repetition import repetition
from domain.safety import scan
from domain.skill import SKILL_FILE, Finding, Severity, SkillFileEntry, ValidationReport
from domain.skill_file import parse

__all__ = ["LENIENT", "STRICT", "Profile", "salient_facts", "score", "validate"]


class Profile(StrEnum):
    """`strict` is what we publish; `lenient` is what we import, as the format's guide for clients asks."""

    STRICT = "strict"
    LENIENT = "lenient"


STRICT = Profile.STRICT
LENIENT = Profile.LENIENT

MOST_OF_A_KIND = 20
"""Findings of one code and severity in a report; a hostile file could bring thousands."""

_ACCEPTED_LENIENTLY = frozenset({"name-not-ascii"})
_FORGIVEN = re.compile(
    "field-unknown|name-.*|description-too-long|license-.*|compatibility-.*|allowed-tools-.*|metadata-.*|body-.*|link-.*"
    "|placeholder|repeated-.*"
)
"""Errors that are warnings when a skill is only read; unreadable files, no description and dangers stay errors."""


def validate(
    files: Sequence[SkillFileEntry],
    folder: str,
    *,
    profile: Profile = STRICT,
    facts: Sequence[str] = (),
    taken: Collection[str] = (),
) -> ValidationReport:
    """Checks all files of a skill that lies, or will lie, in a folder of that name.

    `facts`: strings that SKILL.md must state (see `salient_facts`). `taken`: names of other skills in the library.
    """
    findings = [*_checked(files, folder, profile, facts, taken), *scan(files)]
    kept = _limited(_for_profile(findings, profile))
    passed = not any(finding.severity is Severity.ERROR for finding in kept)
    return ValidationReport(passed=passed, score=score(kept), findings=kept)


def score(findings: Iterable[Finding]) -> float:
    """1 for none; each error takes 40 % of what is left, each warning 5 %, a hint nothing. Rounded to 3 places.

    Our choice, for people to compare revisions by: whether a skill passes never depends on it.
    """
    factors = {Severity.ERROR: 0.6, Severity.WARNING: 0.95, Severity.INFO: 1.0}
    result = 1.0
    for finding in findings:
        result *= factors[finding.severity]
    return round(result, 3)


def _checked(
    files: Sequence[SkillFileEntry], folder: str, profile: Profile, facts: Sequence[str], taken: Collection[str]
) -> list[Finding]:
    main = _main(files)
    if main is None:
        return [_no_main(files)]
    try:
        skill = parse(main.data, lenient=profile is LENIENT)
    except SkillFileError as error:
        return [_unreadable(error)]
    subject = Subject(skill=skill, files=files, folder=folder, facts=facts, taken=tuple(taken))
    return [*skill.repairs, *_file_name(main), *(finding for check in CHECKS for finding in check(subject))]


def _main(files: Sequence[SkillFileEntry]) -> SkillFileEntry | None:
    by_path = {entry.path: entry for entry in files}
    return by_path.get(SKILL_FILE) or by_path.get(SKILL_FILE.lower())


def _no_main(files: Sequence[SkillFileEntry]) -> Finding:
    if any(entry.path.startswith(f"{SKILL_FILE}/") for entry in files):
        message, fix = "SKILL.md is a folder.", "Make it a file with frontmatter and instructions."
        return Finding(code="skill-file-folder", severity=Severity.ERROR, message=message, fix=fix)
    message, fix = "There is no SKILL.md.", "Add a file of exactly that name to the skill's folder."
    return Finding(code="skill-file-missing", severity=Severity.ERROR, message=message, fix=fix)


def _unreadable(error: SkillFileError) -> Finding:
    return Finding(code=error.code, severity=Severity.ERROR, message=str(error), field="frontmatter", line=error.line)


def _file_name(main: SkillFileEntry) -> list[Finding]:
    if main.path == SKILL_FILE:
        return []
    message = "The file should be named SKILL.md, in capitals; most agents look for exactly that."
    return [
        Finding(code="skill-file-case", severity=Severity.WARNING, message=message, file=main.path, fix="Rename it.")
    ]


def _body(subject: Subject) -> list[Line]:
    """The lines that say something."""
    return [line for line in walk(subject.skill.body, subject.skill.body_line) if line.text.strip()]


def _placeholders(subject: Subject) -> Iterable[Finding]:
    described = Line(number=subject.skill.lines.get("description", 1), text=subject.text_field("description") or "")
    return [*placeholders([described], "description"), *placeholders(_body(subject), "body")]


def _repetition(subject: Subject) -> Iterable[Finding]:
    return repetition(_body(subject))


def _links(subject: Subject) -> Iterable[Finding]:
    return links(_body(subject), [entry.path for entry in subject.files])


def _facts(subject: Subject) -> Iterable[Finding]:
    for fact in missing_facts(subject.facts, subject.skill.text):
        yield Finding(
            code="fact-missing",
            severity=Severity.ERROR,
            message=f"The request or an answer says “{fact[:120]}”; the skill does not.",
            field="body",
            fix="Work it into the section it belongs to.",
        )


CHECKS: tuple[Callable[[Subject], Iterable[Finding]], ...] = (
    rules.known_fields,
    rules.required_fields,
    rules.name_form,
    rules.name_place,
    rules.description_form,
    rules.optional_fields,
    rules.tools,
    rules.reference_reading,
    rules.size,
    _placeholders,
    _repetition,
    _links,
    _facts,
)


def _for_profile(findings: Iterable[Finding], profile: Profile) -> list[Finding]:
    if profile is STRICT:
        return list(findings)
    return [_forgiven(finding) for finding in findings if finding.code not in _ACCEPTED_LENIENTLY]


def _forgiven(finding: Finding) -> Finding:
    forgiven = finding.severity is Severity.ERROR and _FORGIVEN.fullmatch(finding.code)
    return finding.model_copy(update={"severity": Severity.WARNING}) if forgiven else finding


def _limited(findings: list[Finding]) -> list[Finding]:
    """Errors and warnings of a code are counted apart, so that warnings in plenty never crowd out an error."""
    seen: Counter[tuple[str, Severity]] = Counter()
    kept = []
    for finding in findings:
        kind = (finding.code, finding.severity)
        seen[kind] += 1
        if seen[kind] <= MOST_OF_A_KIND:
            kept.append(finding)
    return kept
