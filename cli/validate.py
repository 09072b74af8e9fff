"""`validate PATH`: the rules of the format over skills on this disk. Reads, judges, prints; needs no api."""

from pathlib import Path
from typing import Annotated

import typer

from cli.create import leave
from cli.exits import ExitCode
from cli.library_folder import LibraryFolder, library_above
from cli.output import Output
from cli.problems import UsageProblem
from cli.run import run_of
from cli.sarif import sarif
from cli.skill_folder import FolderProblem, read, readable, skills_below
from domain.scan.hidden_text import visible
from domain.shape import Shape
from domain.skill import SKILL_FILE, Finding, Severity, ValidationReport
from domain.validation import Profile, with_findings
from domain.validation import validate as validated


class Judged(Shape):
    """One skill among many; `path` as it was given, or below what was given."""

    path: str
    report: ValidationReport


class JudgedMany(Shape):
    """What `--json` says of a folder with many skills. `passed`: every one of them has."""

    skills: list[Judged]
    passed: bool


def validate(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(help="A skill's folder, its SKILL.md, or a folder that holds many skills.")],
    profile: Annotated[Profile, typer.Option(help="strict: the format to the letter; lenient: what agents take.")] = (
        Profile.STRICT
    ),
    library: Annotated[Path | None, typer.Option(help="The library to compare with; default: the one above.")] = None,
    sarif_wanted: Annotated[bool, typer.Option("--sarif", help="SARIF 2.1.0 on stdout, for code scanning.")] = False,
) -> None:
    """Check a skill against the Agent Skills format. 0 valid, 1 findings of severity error, 2 no such path."""
    run = run_of(ctx)
    top = folder_of(path)
    beside = library_above(top, library)
    folders = skills_below(top) or [top]
    skills = [Judged(path=_shown(folder), report=judged(folder, profile, beside)) for folder in folders]
    many = JudgedMany(skills=skills, passed=all(skill.report.passed for skill in skills))
    if sarif_wanted:
        run.out.document(sarif([(skill.path, skill.report) for skill in skills]))
    elif run.out.json_wanted:
        run.out.document(skills[0].report if folders == [top] else many)
    else:
        _tell(run.out, many, profile, alone=folders == [top])
        run.out.say(_not_checked(beside))
    leave(ExitCode.DONE if many.passed else ExitCode.FAILED)


def judged(folder: Path, profile: Profile, beside: LibraryFolder | None) -> ValidationReport:
    """The report on one folder, with what was found while it was read; of one that cannot be read, this alone."""
    try:
        found = read(folder)
    except FolderProblem as problem:
        return with_findings(ValidationReport(passed=True, score=1, findings=[]), [problem.finding(folder)], profile)
    library = beside.neighbours(folder) if beside else ()
    template = beside.template(folder) if beside else None
    report = validated(found.entries, readable(folder.name), profile=profile, library=library, template=template)
    return with_findings(report, found.findings, profile)


def folder_of(path: Path) -> Path:
    """The skill's folder with its real name. Raises UsageProblem when there is no such thing."""
    if path.name.lower() == SKILL_FILE.lower() and path.is_symlink():
        path = path.parent
    try:
        found = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        why = (isinstance(error, OSError) and error.strerror) or "its links go in a circle"
        raise UsageProblem(f"There is no {readable(path)}.", why=why, next_step="give a skill's folder") from error
    if found.is_dir():
        return found
    if found.name.lower() == SKILL_FILE.lower():
        return found.parent
    raise UsageProblem(
        f"{readable(path)} is no skill.",
        why=f"it is a file that is not named {SKILL_FILE}",
        next_step="give a skill's folder",
    )


def _shown(folder: Path) -> str:
    """The folder seen from where the command runs, when it lies below; code hosts want such paths."""
    here = Path.cwd()
    return readable(folder.relative_to(here) if folder.is_relative_to(here) else folder)


def _tell(out: Output, many: JudgedMany, profile: Profile, *, alone: bool) -> None:
    for skill in many.skills:
        for finding in skill.report.findings:
            out.line(said(finding, "" if alone else f"{skill.path}/"))
            if finding.excerpt:
                out.line(f"    {visible(finding.excerpt)}")
        out.line(f"{skill.path}: {_verdict(skill.report)} ({profile}), score {skill.report.score:.2f}")
    if not alone:
        valid = sum(skill.report.passed for skill in many.skills)
        found = [finding.severity for skill in many.skills for finding in skill.report.findings]
        counts = ", ".join(f"{found.count(severity)} {severity}" for severity in Severity)
        out.line(f"{len(many.skills)} skills: {valid} valid, {len(many.skills) - valid} not ({profile}); {counts}")


def _verdict(report: ValidationReport) -> str:
    return "valid" if report.passed else "not valid"


def _not_checked(beside: LibraryFolder | None) -> str:
    if beside is not None:
        return f"compared with the library {readable(beside.root)}"
    return (
        "not checked: whether the name is free, and what is like it in a library (none was found above; see --library)"
    )


def said(finding: Finding, folder: str = "") -> str:
    """One finding on one line: where, how bad, what, and how to mend it."""
    place = f"{finding.file}:{finding.line}" if finding.line else finding.file
    fix = f" Fix: {finding.fix}" if finding.fix else ""
    return f"{folder}{place}: {finding.severity} [{finding.code}] {finding.message}{fix}"
