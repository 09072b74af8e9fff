"""`promote`, `skills`, `generate-xml`: from a draft to the library, and what the library holds."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from cli.client import Api
from cli.exits import ExitCode
from cli.jobs import JobId
from cli.problems import CliError, UsageProblem
from cli.run import run_of
from domain.job import JobStatusView, JobView
from domain.shape import StrictShape
from domain.skill import SkillList

PROMOTION_PAUSE = 0.5
PROMOTION_LOOKS = 120
"""Half a second times this: a promotion moves one folder, so a minute is long."""


class Promotion(StrictShape):
    """Body of `POST /drafts/{id}/promote`."""

    category: str | None = None
    force: bool = False
    reason: str | None = None


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
    body = Promotion.model_validate({name: value for name, value in given.items() if value is not None})
    with run.api() as api:
        api.post(f"/drafts/{job}/promote", body, JobStatusView)
        view = published(api, job)
    if run.out.json_wanted:
        run.out.document(view)
        return
    run.out.line(f"published {view.final_path}")


def published(api: Api, job: UUID) -> JobView:
    """Wait until the draft lies in the library. Raises CliError when it does not get there."""
    for _ in range(PROMOTION_LOOKS):
        view = api.get(f"/jobs/{job}", JobView)
        if view.promoted:
            return view
        api.pause(PROMOTION_PAUSE)
    raise CliError(
        "The draft is not published yet.",
        why="the promotion was accepted, but a minute later it is not done; is a worker running?",
        next_step=f"`skill-fleet doctor`, then `skill-fleet show {job}`",
        exit_code=ExitCode.CANCELLED,
    )


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
    """Print the library as the XML that agents read (`<available_skills>`)."""
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
