"""`skills migrate PATH`: foreign skills of this disk in the canonical form. Shows diffs, writes when asked; no api."""

import difflib
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from cli.create import leave
from cli.exits import ExitCode
from cli.output import Output
from cli.problems import UsageProblem
from cli.run import run_of
from cli.skill_folder import read, skills_below
from domain.library.migration import Migrated, migrate
from domain.shape import Shape
from domain.skill import SKILL_FILE, SkillFileEntry
from domain.text import counted
from domain.validation import STRICT, validate

MOST_LINES = 400
"""Lines of one file's diff that are shown."""


class MigratedSkill(Shape):
    """What became of one skill; codes are the errors of the strict rules before and after.

    `stopped`: why nothing of it can be written, such as a folder that has its name already.
    """

    folder: str
    becomes: str
    changes: list[str]
    undecided: list[str]
    before: list[str]
    after: list[str]
    diff: str = ""
    written: bool = False
    stopped: str = ""

    @property
    def valid(self) -> bool:
        """Whether it is in the strict form afterwards."""
        return not self.after and not self.stopped


class MigrationReport(Shape):
    """All skills of a path."""

    skills: list[MigratedSkill]


def migrate_skills(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(help="A skill's folder, or a folder of skills.")],
    write: Annotated[
        bool, typer.Option("--write", help="Change the files; without it only the changes are shown.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the changes (the default).")] = False,
) -> None:
    """Bring foreign skills into the canonical form. 0 all are valid then, 1 some need a person."""
    run = run_of(ctx)
    if write and dry_run:
        raise UsageProblem("--write and --dry-run exclude each other.", next_step="give one of them")
    plans = [_Plan(folder, read(folder).entries) for folder in skill_folders(path)]
    targets = Counter(plan.target for plan in plans)
    report = MigrationReport(skills=[_migrated(plan, targets[plan.target] > 1, write) for plan in plans])
    if run.out.json_wanted:
        run.out.document(report)
    else:
        for skill in report.skills:
            _show(run.out, skill)
    leave(ExitCode.DONE if all(skill.valid for skill in report.skills) else ExitCode.FAILED)


def skill_folders(path: Path) -> list[Path]:
    """The folders of skills at or below a path. Raises UsageProblem when there is none."""
    try:
        root = path.resolve(strict=True)
    except OSError as error:
        raise UsageProblem(f"There is no {path}.", why=error.strerror or "", next_step="check the path") from error
    if root.is_file() and root.name.lower() == SKILL_FILE.lower():
        root = root.parent
    found = skills_below(root) if root.is_dir() else []
    if not found:
        raise UsageProblem(f"There is no {SKILL_FILE} in {path}.", next_step="give a skill's folder, or one above some")
    return found


class _Plan:
    """What one skill shall become."""

    def __init__(self, folder: Path, files: list[SkillFileEntry]) -> None:
        self.folder, self.files = folder, files
        self.done = migrate(files, folder.name)
        self.target = folder.with_name(self.done.folder)
        self.changed = self.done.files != files or self.target != folder

    def clash(self, wanted_twice: bool) -> str:
        """Why its folder cannot take its name; empty when it can."""
        if self.target == self.folder:
            return ""
        if os.path.lexists(self.target):
            return f"{self.folder} cannot become {self.target.name}: {self.target} exists; rename one of them by hand"
        if wanted_twice:
            return f"{self.folder} cannot become {self.target.name}: another skill would, too; rename one by hand"
        return ""


def _migrated(plan: _Plan, wanted_twice: bool, write: bool) -> MigratedSkill:
    done = plan.done
    told = MigratedSkill(
        folder=str(plan.folder),
        becomes=done.folder,
        changes=done.changes,
        undecided=done.undecided,
        before=_errors(plan.files, plan.folder.name),
        after=_errors(done.files, done.folder),
        diff="".join(_diffs(plan.files, done)),
        stopped=plan.clash(wanted_twice),
    )
    if not write or told.stopped or not plan.changed:
        return told
    try:
        _write(plan.folder, plan.files, done)
    except OSError as error:
        why = f"{plan.folder} cannot be written: {error.strerror or error}; check its permissions"
        return told.model_copy(update={"stopped": why})
    return told.model_copy(update={"written": True})


def _errors(files: list[SkillFileEntry], folder: str) -> list[str]:
    report = validate(files, folder, profile=STRICT)
    return sorted({finding.code for finding in report.findings if finding.severity == "error"})


def _diffs(files: list[SkillFileEntry], done: Migrated) -> Iterator[str]:
    """A unified diff of each file that changes; a file that is renamed is compared with its old self."""
    before = {entry.path: entry.data for entry in files}
    for entry in done.files:
        old = entry.path if entry.path in before else SKILL_FILE.lower()
        if before.get(old) == entry.data and old == entry.path:
            continue
        lines = difflib.unified_diff(
            _lines(before.get(old, b"")), _lines(entry.data), f"a/{old}", f"b/{entry.path}", n=1
        )
        for number, line in enumerate(lines):
            if number >= MOST_LINES:
                yield "… more lines\n"
                break
            yield line if line.endswith("\n") else f"{line}\n"


def _lines(data: bytes) -> list[str]:
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.splitlines(keepends=True)


def _write(folder: Path, files: list[SkillFileEntry], done: Migrated) -> None:
    """Write what changed, each file whole, then rename the folder. Raises OSError."""
    before = {entry.path: entry.data for entry in files}
    for entry in done.files:
        if before.get(entry.path) != entry.data:
            place = folder / entry.path
            waiting = place.with_name(f".{place.name}.new")
            waiting.write_bytes(entry.data)
            waiting.replace(place)
    after = {entry.path for entry in done.files}
    for gone in (path for path in before if path not in after):
        (folder / gone).unlink()
    if done.folder != folder.name:
        folder.rename(folder.with_name(done.folder))


def _show(out: Output, skill: MigratedSkill) -> None:
    out.diff(skill.diff)
    for change in skill.changes:
        out.line(f"  {'changed' if skill.written else 'would change'}: {change}")
    for question in skill.undecided:
        out.line(f"  decide: {question}")
    if skill.stopped:
        out.line(f"  not written: {skill.stopped}")
    was = "valid" if not skill.before else counted(len(skill.before), "error")
    now = "valid" if skill.valid else ", ".join(skill.after)
    out.line(f"{skill.folder}: {was} before, {now} {'now' if skill.written else 'after'}")
