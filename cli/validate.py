"""`validate PATH`: the rules of the format over a folder on this disk. Reads, judges, prints; needs no api."""

from pathlib import Path
from typing import Annotated

import typer

from cli.create import leave
from cli.exits import ExitCode
from cli.problems import CliError, UsageProblem
from cli.run import run_of
from domain.skill import SKILL_FILE, Finding, SkillFileEntry
from domain.validation import Profile
from domain.validation import validate as validated

MAX_FILES = 2_000
MAX_BYTES = 64 * 1024 * 1024
"""A folder with more is no skill; it is not read to its end."""


def validate(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(help="The skill's folder, or its SKILL.md.")],
    profile: Annotated[Profile, typer.Option(help="strict: the format to the letter; lenient: what agents take.")] = (
        Profile.STRICT
    ),
) -> None:
    """Check a skill against the Agent Skills format. 0 valid, 1 findings of severity error, 2 no such path."""
    run = run_of(ctx)
    folder = folder_of(path)
    report = validated(read(folder), folder.name, profile=profile)
    if run.out.json_wanted:
        run.out.document(report)
    else:
        for finding in report.findings:
            run.out.line(said(finding))
        run.out.line(f"{folder}: {'valid' if report.passed else 'not valid'} ({profile}), score {report.score:.2f}")
        run.out.say("not checked: whether the name is free and the links lead somewhere in a library (none was given)")
    leave(ExitCode.DONE if report.passed else ExitCode.FAILED)


def folder_of(path: Path) -> Path:
    """The skill's folder with its real name. Raises UsageProblem when there is no such thing."""
    try:
        found = path.resolve(strict=True)
    except OSError as error:
        raise UsageProblem(f"There is no {path}.", why=str(error), next_step="give a skill's folder") from error
    if found.is_dir():
        return found
    if found.name.lower() == SKILL_FILE.lower():
        return found.parent
    raise UsageProblem(
        f"{path} is no skill.", why=f"it is a file that is not named {SKILL_FILE}", next_step="give a skill's folder"
    )


def read(folder: Path) -> list[SkillFileEntry]:
    """Every file below the folder, links not followed. Raises CliError for what cannot be read or is no skill."""
    entries: list[SkillFileEntry] = []
    size = 0
    try:
        for file in sorted(folder.rglob("*")):
            if file.is_symlink() or not file.is_file():
                continue
            size += file.stat().st_size
            if size > MAX_BYTES or len(entries) >= MAX_FILES:
                raise CliError(
                    f"{folder} is too large for a skill.",
                    why=f"more than {MAX_FILES} files or {MAX_BYTES} bytes",
                    next_step="give the folder that holds SKILL.md, not one above it",
                )
            entries.append(SkillFileEntry(path=file.relative_to(folder).as_posix(), data=file.read_bytes()))
    except OSError as error:
        raise CliError(f"{folder} cannot be read.", why=str(error), next_step="check its permissions") from error
    return entries


def said(finding: Finding) -> str:
    """One finding on one line: where, how bad, what, and how to mend it."""
    place = f"{finding.file}:{finding.line}" if finding.line else finding.file
    fix = f" Fix: {finding.fix}" if finding.fix else ""
    return f"{place}: {finding.severity} [{finding.code}] {finding.message}{fix}"
