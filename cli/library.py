"""`promote`, `skills`, `generate-xml`: from a draft to the library, and what the library holds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from cli import steering
from cli.client import Api
from cli.jobs import JobId
from cli.output import Output, shown
from cli.problems import CliError, UsageProblem
from cli.run import run_of
from domain.library.views import Shown, SkillPage
from domain.shape import StrictShape
from domain.skill import SkillStatus

PAGE = 500
"""Skills asked for at once: the most that the api gives."""

Category = Annotated[str | None, typer.Option(help="A shelf, or another word for it.")]
Tag = Annotated[str | None, typer.Option(help="A tag, or another word for it.")]


def promote(
    ctx: typer.Context,
    job: JobId,
    category: Annotated[str | None, typer.Option(help="Another shelf than the proposed one.")] = None,
    force: Annotated[bool, typer.Option("--force", help="In spite of findings; needs --reason.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why findings may stand; kept in the record.")] = None,
    waive: Annotated[list[str] | None, typer.Option(help="A finding to let stand; repeatable, needs --reason.")] = None,
    digest: Annotated[str | None, typer.Option(help="What you have read; another draft is refused.")] = None,
) -> None:
    """Publish a finished draft into the library."""
    run = run_of(ctx)
    if (force or waive) and not (reason or "").strip():
        raise UsageProblem(
            f"{'--force' if force else '--waive'} needs --reason.",
            why="the record says why findings were overruled",
            next_step="add it",
        )
    given = {"category": category, "force": force or None, "reason": reason, "digest": digest}
    body = steering.Promotion.model_validate({name: value for name, value in given.items() if value is not None})
    with run.api() as api:
        if waive:
            steering.waive(api, job, waive, reason or "")
        view = steering.promote(api, job, body)
    if run.out.json_wanted:
        run.out.document(view)
        return
    run.out.line(f"published {view.final_path}")
    for warned in steering.warnings(view):
        run.out.say(warned)


def skills(
    ctx: typer.Context,
    category: Category = None,
    tag: Tag = None,
    status: Annotated[Shown, typer.Option(help="In use, out of use, withdrawn, or all.")] = Shown.ACTIVE,
) -> None:
    """List the skills of the library."""
    run = run_of(ctx)
    with run.api() as api:
        found = every(api, category=category, tag=tag, status=status)
    if run.out.json_wanted:
        run.out.document(found)
        return
    titles = ("Path", "Version", "Status", "Description")
    cards(run.out, titles, [(one.path, one.version, one.status, one.description) for one in found.skills])
    if not found.skills and (category or tag or status is not Shown.ACTIVE):
        run.out.say("no skill is like that; see all: skill-fleet skills --status any")
    elif not found.skills:
        run.out.say("the library is empty; make a skill: skill-fleet create TASK")


def cards(out: Output, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Skills, two lines each on a terminal, what they are for cut at its width; for a pipe as any rows, whole."""
    if not out.live:
        out.rows(titles, rows)
        return
    for path, version, more, description in rows:
        plain = more in ("", SkillStatus.ACTIVE)
        out.line(" ".join((path, version)) if plain else f"{path} {version} · {more}", style="bold")
        told = Text(f"  {' '.join(shown(description).split())}")
        told.truncate(out.console.width, overflow="ellipsis")
        out.line(told.plain)


def every(api: Api, **wanted: str | None) -> SkillPage:
    """All pages of a list as one."""
    first = page = api.get("/skills", SkillPage, limit=PAGE, **wanted)
    shown = [*first.skills]
    while page.next_cursor:
        page = api.get("/skills", SkillPage, limit=PAGE, cursor=page.next_cursor, **wanted)
        shown += page.skills
    return first.model_copy(update={"skills": shown, "next_cursor": None})


class WrittenFile(StrictShape):
    """What `generate-xml --json` prints; `xml` is null when it went into a file."""

    path: str | None = None
    xml: str | None = None


def generate_xml(
    ctx: typer.Context,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write it there.")] = None,
    category: Annotated[str | None, typer.Option(help="Only this shelf.")] = None,
    mounted: Annotated[bool, typer.Option("--mounted", help="Only the skills you have mounted.")] = False,
) -> None:
    """Print the library as XML for agents (`<available_skills>`)."""
    run = run_of(ctx)
    with run.api() as api:
        xml = api.text("/taxonomy/xml", category=category, mounted="true" if mounted else None)
    if output is not None:
        try:
            output.write_text(xml, encoding="utf-8")
        except OSError as error:
            raise CliError(f"{output} cannot be written.", why=str(error), next_step="choose another file") from error
    if run.out.json_wanted:
        run.out.document(WrittenFile(path=str(output)) if output else WrittenFile(xml=xml))
    elif output is not None:
        run.out.say(f"wrote {output}")
    else:
        run.out.raw(xml)
