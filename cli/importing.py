"""`skills import PATH`: send skills of this disk to the library, and tell what became of each. Must not judge any."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from cli.attaching import send_file, send_packed
from cli.checkout import checkout_of
from cli.client import Api
from cli.create import leave
from cli.exits import ExitCode
from cli.output import Output
from cli.packing import pack
from cli.problems import CliError, UsageProblem
from cli.run import run_of
from domain.library.importing import Checkout, ImportStatus, ImportView, SkillLine, SourceView, Verdict
from domain.shape import StrictShape
from domain.skill import SKILL_FILE
from domain.sniff import ending

TITLES = ("Skill", "Verdict", "Place", "Why")
PAUSE = 0.3
LOOKS = 4_000
"""Looks at an import before it is left to itself: twenty minutes."""

_ARCHIVES = frozenset({".zip", ".gz", ".tgz", ".skill"})
_STAYED_OUT = (Verdict.REFUSED, Verdict.CONFLICT)


class NewImport(StrictShape):
    """Body of `POST /library/imports`."""

    source_id: UUID
    category: str | None = None
    dry_run: bool = False
    update: bool = False
    migrate: bool = False
    accept_findings: list[str] = []
    reason: str = ""
    commit: str | None = None
    remote: str | None = None
    path: str | None = None
    dirty: bool = False


def import_skills(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(help="A skill, a folder of skills, a checkout, or an archive of them.")],
    category: Annotated[str | None, typer.Option(help="The shelf for all of them; default: each skill's own.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; say what would become of each.")] = False,
    update: Annotated[bool, typer.Option("--update", help="Other bytes under a taken name: its next version.")] = False,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="Bring each into form first, as `skills migrate`.")
    ] = False,
    accept_findings: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="A safety finding that may stand; repeatable.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why it may stand; goes on record with your name.")] = "",
) -> None:
    """Import skills into the library. 0 all are in it, 1 some stayed out."""
    run = run_of(ctx)
    if accept_findings and not reason.strip():
        raise UsageProblem("--accept-findings needs --reason.", why="it goes on record", next_step='add --reason "…"')
    with run.api() as api:
        sent, checkout = _sent(api, run.out, path)
        body = NewImport(
            source_id=sent.source_id,
            category=category,
            dry_run=dry_run,
            update=update,
            migrate=migrate,
            accept_findings=accept_findings or [],
            reason=reason,
            **(checkout.model_dump() if checkout else {}),
        )
        view = _ended(api, run.out, api.post("/library/imports", body, ImportView))
    if run.out.json_wanted:
        run.out.document(view)
    else:
        _show(run.out, view)
    out = view.status is ImportStatus.FAILED or any(line.verdict in _STAYED_OUT for line in view.report.skills)
    leave(ExitCode.FAILED if out else ExitCode.DONE)


def _sent(api: Api, out: Output, path: Path) -> tuple[SourceView, Checkout | None]:
    try:
        place = path.resolve(strict=True)
    except OSError as error:
        raise UsageProblem(f"There is no {path}.", why=error.strerror or "", next_step="check the path") from error
    if place.is_file() and place.name.lower() == SKILL_FILE.lower():
        place = place.parent
    if place.is_dir():
        return send_packed(api, out, pack(place, texts_only=False)), checkout_of(place)
    if ending(place.name) not in _ARCHIVES:
        raise UsageProblem(
            f"{path} is neither a folder nor an archive.",
            why="archives end in .zip, .tar.gz, .tgz or .skill",
            next_step="give the skill's folder",
        )
    return send_file(api, out, place), None


def _ended(api: Api, out: Output, view: ImportView) -> ImportView:
    """The import once it has ended. Raises CliError when it takes longer than we wait."""
    told = 0
    for _ in range(LOOKS):
        if view.status in (ImportStatus.COMPLETED, ImportStatus.FAILED):
            return view
        if len(view.report.skills) >= told + 25:
            told = len(view.report.skills)
            out.say(f"{told} of {view.report.total} skills")
        api.pause(PAUSE)
        view = api.get(f"/library/imports/{view.import_id}", ImportView)
    raise CliError(
        "The import has not ended yet.",
        why="it waits for a worker, or there is much to do; it goes on by itself",
        next_step=f"look at GET /api/v1/library/imports/{view.import_id}",
    )


def _show(out: Output, view: ImportView) -> None:
    out.rows(TITLES, [_row(line) for line in view.report.skills])
    for line in view.report.skills:
        for change in line.changes:
            out.say(f"{line.name or line.folder}: {'would change' if view.wish.dry_run else 'changed'}: {change}")
    for left in view.report.left_out[:20]:
        out.say(f"left out: {left.path} [{left.code}]")
    if view.report.error:
        out.say(f"the import failed: {view.report.error}")
    counts = ", ".join(f"{number} {verdict}" for verdict, number in view.counts.items() if number)
    out.say(f"{'would be: ' if view.wish.dry_run else ''}{counts or 'no skill'}")


def _row(line: SkillLine) -> tuple[str, str, str, str]:
    codes = line.codes or list(dict.fromkeys(one.code for one in line.findings if one.severity != "info"))
    why = f"[{', '.join(codes)}] {line.why}" if codes else line.why
    place = f"{line.path} {line.version}" if line.path else "-"
    return line.name or line.folder or "-", str(line.verdict), place, why.strip() or "-"
