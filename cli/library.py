"""`promote`, `skills`, `generate-xml`: from a draft to the library, and what the library holds."""

from pathlib import Path
from typing import Annotated

import typer

from cli import steering
from cli.jobs import JobId
from cli.problems import CliError, UsageProblem
from cli.run import run_of
from domain.shape import StrictShape
from domain.skill import SkillList


def promote(
    ctx: typer.Context,
    job: JobId,
    category: Annotated[str | None, typer.Option(help="Another shelf than the proposed one.")] = None,
    force: Annotated[bool, typer.Option("--force", help="In spite of findings; needs --reason.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why findings may stand; kept in the record.")] = None,
) -> None:
    """Publish a finished draft into the library."""
    run = run_of(ctx)
    if force and not (reason or "").strip():
        raise UsageProblem(
            "--force needs --reason.", why="the record says why findings were overruled", next_step="add it"
        )
    given = {"category": category, "force": force or None, "reason": reason}
    body = steering.Promotion.model_validate({name: value for name, value in given.items() if value is not None})
    with run.api() as api:
        view = steering.promote(api, job, body)
    if run.out.json_wanted:
        run.out.document(view)
        return
    run.out.line(f"published {view.final_path}")


def skills(ctx: typer.Context) -> None:
    """List the skills of the library."""
    run = run_of(ctx)
    with run.api() as api:
        found = api.get("/skills", SkillList)
    if run.out.json_wanted:
        run.out.document(found)
        return
    run.out.rows(
        ("Path", "Version", "Status", "Description"),
        [(skill.path, skill.version, skill.status, skill.description) for skill in found.skills],
    )
    if not found.skills:
        run.out.say("the library is empty; make a skill: skill-fleet create TASK")


class WrittenFile(StrictShape):
    """What `generate-xml --json` prints; `xml` is null when it went into a file."""

    path: str | None = None
    xml: str | None = None


def generate_xml(
    ctx: typer.Context,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write it there.")] = None,
) -> None:
    """Print the library as XML for agents (`<available_skills>`)."""
    run = run_of(ctx)
    with run.api() as api:
        xml = api.text("/taxonomy/xml")
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
