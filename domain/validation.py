"""The verdict on a skill: every rule over its files, as one report. Bytes in, findings out; never raises for any bytes.

A rule evaluated in workflow code would break running jobs when it changes, so workflows must not import this module.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from domain.errors import SkillFileError
from domain.facts import missing_facts, salient_facts
from domain.library.templates import Template, missing_sections
from domain.markdown import Line
from domain.repetition import repetition
from domain.rules import format_rules as rules
from domain.rules.budgets import folder_budget, main_budget, reference_budgets
from domain.rules.code_syntax import blocks, scripts
from domain.rules.format_rules import Subject
from domain.rules.links import Folder, links, reference_links
from domain.rules.metadata_check import metadata_file
from domain.rules.neighbours import Neighbour, collisions, near_duplicates
from domain.rules.placeholders import placeholders
from domain.rules.rule_list import MAIN_FOLDER, RULES
from domain.rules.verbosity import verbosity
from domain.rules.wording import wording
from domain.safety import scan
from domain.skill import SKILL_FILE, Finding, Severity, SkillFileEntry, ValidationReport
from domain.skill_file import SkillFile, parse

__all__ = ["LENIENT", "STRICT", "Profile", "in_profile", "salient_facts", "score", "validate", "with_findings"]


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
    "|placeholder|repeated-.*|script-syntax|file-link"
)
"""Errors that are warnings when a skill is only read; unreadable files, no description and dangers stay errors."""


def validate(
    files: Sequence[SkillFileEntry],
    folder: str,
    *,
    profile: Profile = STRICT,
    facts: Sequence[str] = (),
    taken: Collection[str] = (),
    library: Sequence[Neighbour] = (),
    template: Template | None = None,
) -> ValidationReport:
    """Checks all files of a skill that lies, or will lie, in a folder of that name.

    `facts`: strings that SKILL.md must state (see `salient_facts`). `taken`: names of other skills in the library.
    `library`: the other skills with what they say; without it nothing is compared. `template`: that of the category.
    """
    context = _Context(folder=folder, facts=facts, taken=tuple(taken), library=library, template=template)
    main = _main(files)
    try:
        skill = parse(main.data, lenient=profile is LENIENT) if main else None
    except SkillFileError as error:
        return _report([_unreadable(error), *scan(files)], profile)
    found = _checked(main, skill, files, context) if main and skill else [_no_main(files)]
    return _report([*found, *scan(files, skill=skill)], profile)


def with_findings(report: ValidationReport, more: Sequence[Finding], profile: Profile) -> ValidationReport:
    """The report with what else was found, such as by whoever read the folder; `more` in strict severities.

    Where `more` says why there is no SKILL.md to read, this stands instead of “missing”, as an error in any profile.
    """
    if not more:
        return report
    main = [finding for finding in more if finding.file.lower() == SKILL_FILE.lower()]
    if not main or not any(finding.code in _NO_MAIN for finding in report.findings):
        return _report([*more, *report.findings], profile)
    others = [finding for finding in (*more, *report.findings) if finding not in main and finding.code not in _NO_MAIN]
    return _summed([*main, *_for_profile(others, profile)])


def _report(findings: Iterable[Finding], profile: Profile) -> ValidationReport:
    return _summed(_for_profile(findings, profile))


def _summed(findings: list[Finding]) -> ValidationReport:
    kept = _limited(findings)
    passed = not any(finding.severity is Severity.ERROR for finding in kept)
    return ValidationReport(passed=passed, score=score(kept), findings=kept)


def in_profile(code: str, severity: Severity, profile: Profile) -> Severity | None:
    """What a finding of this strict severity is in a profile; None: it is not reported there."""
    if profile is STRICT:
        return severity
    if code in _ACCEPTED_LENIENTLY:
        return None
    return Severity.WARNING if severity is Severity.ERROR and _FORGIVEN.fullmatch(code) else severity


def score(findings: Iterable[Finding]) -> float:
    """1 for none; each error takes 40 % of what is left, each warning 5 %, a hint nothing. Rounded to 3 places.

    Our choice, for people to compare revisions by: whether a skill passes never depends on it.
    """
    factors = {Severity.ERROR: 0.6, Severity.WARNING: 0.95, Severity.INFO: 1.0}
    result = 1.0
    for finding in findings:
        result *= factors[finding.severity]
    return round(result, 3)


_NO_MAIN = frozenset({"skill-file-missing", MAIN_FOLDER.code})


class _Context(NamedTuple):
    """What a skill is judged beside, as `validate` takes it."""

    folder: str
    facts: Sequence[str]
    taken: Sequence[str]
    library: Sequence[Neighbour]
    template: Template | None


def _checked(
    main: SkillFileEntry, skill: SkillFile, files: Sequence[SkillFileEntry], context: _Context
) -> list[Finding]:
    subject = Subject(skill=skill, files=files, **context._asdict())
    return [*skill.repairs, *_file_name(main), *(finding for check in CHECKS for finding in check(subject))]


def _main(files: Sequence[SkillFileEntry]) -> SkillFileEntry | None:
    by_path = {entry.path: entry for entry in files}
    return by_path.get(SKILL_FILE) or by_path.get(SKILL_FILE.lower())


def _no_main(files: Sequence[SkillFileEntry]) -> Finding:
    if any(entry.path.startswith(f"{SKILL_FILE}/") for entry in files):
        return MAIN_FOLDER.found(MAIN_FOLDER.about)
    message, fix = "There is no SKILL.md.", "Add a file of exactly that name to the skill's folder."
    return Finding(code="skill-file-missing", severity=Severity.ERROR, message=message, fix=fix)


def _unreadable(error: SkillFileError) -> Finding:
    fix = RULES[error.code].fix if error.code in RULES else None
    return Finding(
        code=error.code, severity=Severity.ERROR, message=str(error), field="frontmatter", line=error.line, fix=fix
    )


def _file_name(main: SkillFileEntry) -> list[Finding]:
    if main.path == SKILL_FILE:
        return []
    message = "The file should be named SKILL.md, in capitals; most agents look for exactly that."
    return [
        Finding(code="skill-file-case", severity=Severity.WARNING, message=message, file=main.path, fix="Rename it.")
    ]


def _placeholders(subject: Subject) -> Iterable[Finding]:
    described = Line(number=subject.skill.lines.get("description", 1), text=subject.text_field("description") or "")
    return [*placeholders([described], "description"), *placeholders(subject.lines, "body")]


def _repetition(subject: Subject) -> Iterable[Finding]:
    return repetition(subject.lines)


def _links(subject: Subject) -> Iterable[Finding]:
    folder = Folder([entry.path for entry in subject.files], subject.texts)
    return [*links(subject.lines, folder), *reference_links(folder)]


def _budgets(subject: Subject) -> Iterable[Finding]:
    skill = subject.skill
    name, description = (subject.text_field(key) or "" for key in ("name", "description"))
    yield from main_budget(skill.text, skill.body, name, description)
    yield from reference_budgets({path: text for path, text in subject.texts.items() if path != SKILL_FILE})
    yield from folder_budget(subject.files)


def _neighbours(subject: Subject) -> Iterable[Finding]:
    name, description = (subject.text_field(key) or "" for key in ("name", "description"))
    found = [
        *collisions(name, subject.taken, subject.library),
        *near_duplicates(name, description, subject.library),
        *(wording(description) if description else ()),
    ]
    lines = subject.skill.lines
    return [finding.model_copy(update={"line": lines.get(finding.field or "")}) for finding in found]


def _code(subject: Subject) -> Iterable[Finding]:
    return [*scripts(subject.files), *blocks(subject.texts)]


def _verbosity(subject: Subject) -> Iterable[Finding]:
    return verbosity(subject.lines)


def _template(subject: Subject) -> Iterable[Finding]:
    return missing_sections(subject.skill.text, subject.template) if subject.template else ()


def _metadata(subject: Subject) -> Iterable[Finding]:
    return metadata_file(subject.skill, subject.files)


def _facts(subject: Subject) -> Iterable[Finding]:
    for fact in missing_facts(subject.facts, subject.skill.text) if subject.facts else ():
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
    rules.body,
    _budgets,
    _neighbours,
    _template,
    _metadata,
    _placeholders,
    _repetition,
    _links,
    _code,
    _verbosity,
    _facts,
)


def _for_profile(findings: Iterable[Finding], profile: Profile) -> list[Finding]:
    judged = ((finding, in_profile(finding.code, finding.severity, profile)) for finding in findings)
    return [
        finding if severity is finding.severity else finding.model_copy(update={"severity": severity})
        for finding, severity in judged
        if severity is not None
    ]


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
