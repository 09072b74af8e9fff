"""`create` and `watch`: start a job or come back to one, and stay with it until it ends or needs a person."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from cli.attach import Attachment
from cli.exits import ExitCode
from cli.problems import UsageProblem
from cli.progress import JobLine, screen_for
from cli.run import run_of
from domain.job import MAX_SOURCES, JobOptions, JobStatusView, Source
from domain.shape import StrictShape


class NewJob(StrictShape):
    """Body of `POST /skills`."""

    task_description: str
    options: JobOptions
    sources: list[Source]


def create(
    ctx: typer.Context,
    task: Annotated[str | None, typer.Argument(help="What an agent shall be able to do, in a sentence.")] = None,
    source: Annotated[list[Path] | None, typer.Option(help="A text the author shall know; repeatable.")] = None,
    category: Annotated[str | None, typer.Option(help="Where in the taxonomy.")] = None,
    auto_approve: Annotated[bool, typer.Option("--auto-approve", help="Every prompt answers itself.")] = False,
    confirm: Annotated[bool, typer.Option("--confirm", help="Ask before writing.")] = False,
    promote: Annotated[bool, typer.Option("--promote", help="Publish when validation passes.")] = False,
    max_questions: Annotated[int | None, typer.Option(min=0, max=10, help="Most questions in a round.")] = None,
    resume: Annotated[UUID | None, typer.Option(metavar="JOB", help="Come back to this job instead.")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Only start; do not stay.")] = False,
) -> None:
    """Create a skill from a sentence; asks what it must know, right here."""
    run = run_of(ctx)
    if (task is None) == (resume is None):
        raise UsageProblem(
            "Give either a task or --resume JOB.", next_step='skill-fleet create "Review SQL migrations for locks"'
        )
    with run.api() as api:
        if resume is not None:
            started = api.get(f"/jobs/{resume}/status", JobStatusView)
        else:
            given = {
                "category": category,
                "max_questions": max_questions,
                "auto_approve": auto_approve or None,
                "confirm": confirm or None,
                "promote": promote or None,
            }
            options = JobOptions.model_validate({name: value for name, value in given.items() if value is not None})
            body = NewJob(task_description=task or "", options=options, sources=read_sources(source or []))
            started = api.post("/skills", body, JobStatusView)
        screen_for(run.out).started(JobLine(job_id=started.job_id, status=started.status))
        if detach:
            run.out.say(f"started; stay with it: skill-fleet watch {started.job_id}")
            return
        code = Attachment(api, run.out, started.job_id, must_promote=promote).run()
    leave(code)


def watch(ctx: typer.Context, job: Annotated[UUID, typer.Argument(help="The job's id.")]) -> None:
    """Stay with a job: what happened so far, what happens now, what it asks."""
    run = run_of(ctx)
    with run.api() as api:
        code = Attachment(api, run.out, job).run()
    leave(code)


def leave(code: ExitCode) -> None:
    """End the command with this code."""
    raise typer.Exit(code)


def read_sources(paths: list[Path]) -> list[Source]:
    """The files as sources, named by their last part. Raises UsageProblem for what cannot travel."""
    sources = [_source(path) for path in paths]
    size = sum(len(source.content.encode()) for source in sources)
    if size > MAX_SOURCES:
        raise UsageProblem(
            f"The sources are too large: {size} bytes together.",
            why=f"they travel with the request: at most {MAX_SOURCES} bytes",
            next_step="give the parts that matter",
        )
    return sources


def _source(path: Path) -> Source:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_SOURCES + 1).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(
            f"{path} cannot be used as a source.", why=str(error), next_step="give a readable UTF-8 text file"
        ) from error
    if not text.strip():
        raise UsageProblem(f"{path} is empty.", next_step="leave it out, or give a file with text")
    if len(text) > MAX_SOURCES:
        raise UsageProblem(f"{path} is larger than {MAX_SOURCES} bytes.", next_step="give the part that matters")
    return Source(name=path.name, content=text)
