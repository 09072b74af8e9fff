"""What a new job is made of: task, options, sources, and the ended job it goes on from. Must not print."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic import JsonValue

from cli.client import Api
from cli.durations import duration
from cli.problems import UsageProblem
from domain.job import MAX_SOURCES, JobOptions, JobStatusView, Source
from domain.shape import StrictShape

Category = Annotated[str | None, typer.Option(help="Where in the taxonomy.")]
AutoApprove = Annotated[bool, typer.Option("--auto-approve", help="Every prompt answers itself.")]
Confirm = Annotated[bool, typer.Option("--confirm", help="Ask before writing.")]
TddCheckpoints = Annotated[bool, typer.Option("--tdd-checkpoints", help="Ask after RED, GREEN and REFACTOR.")]
Promote = Annotated[bool, typer.Option("--promote", help="Publish when validation passes.")]
MaxQuestions = Annotated[int | None, typer.Option(min=0, max=10, help="Most questions in a round; 0 asks none.")]
MaxRounds = Annotated[int | None, typer.Option(min=1, max=10, help="Most rounds of questions.")]
BudgetCalls = Annotated[int | None, typer.Option(min=1, help="Most model calls; then it asks.")]
BudgetTokens = Annotated[int | None, typer.Option(min=1, help="Most tokens, in and out; then it asks.")]
BudgetUsd = Annotated[float | None, typer.Option(min=0.01, help="Most US dollars; then it asks.")]
Timeout = Annotated[
    timedelta | None,
    typer.Option(parser=duration, metavar="DURATION", help="After this a prompt is parked: 30m, 12h, 7d."),
]

Limits = tuple[int | None, int | None, float | None]
"""Of a budget: calls, tokens, US dollars."""


class NewJob(StrictShape):
    """Body of `POST /skills`."""

    task_description: str | None = None
    options: JobOptions = JobOptions()
    sources: list[Source] = []
    from_job: UUID | None = None
    from_revision: int | None = None


def options_of(
    category: str | None = None,
    auto_approve: bool = False,
    confirm: bool = False,
    tdd_checkpoints: bool = False,
    promote: bool = False,
    max_questions: int | None = None,
    max_rounds: int | None = None,
    budget: Limits = (None, None, None),
    timeout: timedelta | None = None,
) -> dict[str, JsonValue]:
    """The options that flags set, and only these: the api has the defaults."""
    limits = {name: limit for name, limit in zip(("calls", "tokens", "usd"), budget, strict=True) if limit is not None}
    given: dict[str, JsonValue] = {
        "category": category,
        "auto_approve": auto_approve or None,
        "confirm": confirm or None,
        "tdd_checkpoints": tdd_checkpoints or None,
        "promote": promote or None,
        "max_questions": max_questions,
        "max_rounds": max_rounds,
        "budget": {**limits} or None,
        "hitl_timeout": timeout.total_seconds() if timeout is not None else None,
    }
    return {name: value for name, value in given.items() if value is not None}


def new_job(task: str, options: dict[str, JsonValue], sources: list[Source]) -> NewJob:
    """The body that starts a job."""
    return NewJob(task_description=task, options=JobOptions.model_validate(options), sources=sources)


def continued(job: UUID, revision: int | None, task: str | None, options: dict[str, JsonValue]) -> NewJob:
    """The body that goes on from what an ended job left; what is not said stays as it was there."""
    said = {"from_job": job, "from_revision": revision, "task_description": task, "options": options or None}
    return NewJob.model_validate({name: value for name, value in said.items() if value is not None})


def with_sources(new: NewJob, paths: list[Path] | None) -> NewJob:
    """The body with sources of its own, where some are given."""
    return new.model_copy(update={"sources": read_sources(paths)}) if paths else new


def start(api: Api, new: NewJob) -> JobStatusView:
    """Start a job. Raises CliError."""
    return api.post("/skills", new, JobStatusView)


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
