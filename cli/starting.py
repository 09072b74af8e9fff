"""What a new job is made of: task, options, sources, and the ended job it goes on from. Must not print."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer
from pydantic import JsonValue

from cli.attaching import Attached
from cli.client import Api
from cli.durations import duration
from domain.job import JobOptions, JobStatusView
from domain.job import Style as JobStyle
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
Style = Annotated[
    JobStyle | None,
    typer.Option(help="comprehensive (default), minimal, or navigation_hub: short, with references."),
]
OneAtATime = Annotated[bool, typer.Option("--one-at-a-time", help="One question in a round instead of a batch.")]
Timeout = Annotated[
    timedelta | None,
    typer.Option(parser=duration, metavar="DURATION", help="After this a prompt is parked: 30m, 12h, 7d."),
]

Limits = tuple[int | None, int | None, float | None]
"""Of a budget: calls, tokens, US dollars."""

Manner = tuple[JobStyle | None, bool]
"""The style of the skill, and whether questions come one at a time."""


class NewJob(StrictShape):
    """Body of `POST /skills`."""

    task_description: str | None = None
    options: JobOptions = JobOptions()
    sources: list[Attached] = []
    from_job: UUID | None = None
    from_revision: int | None = None
    from_draft: bool | None = None


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
    how: Manner = (None, False),
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
        "style": how[0],
        "one_at_a_time": how[1] or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def new_job(task: str, options: dict[str, JsonValue], sources: list[Attached]) -> NewJob:
    """The body that starts a job."""
    return NewJob(task_description=task, options=JobOptions.model_validate(options), sources=sources)


def continued(
    job: UUID, revision: int | None, task: str | None, options: dict[str, JsonValue], *, draft: bool = False
) -> NewJob:
    """The body that goes on from what an ended job left; what is not said stays as it was there."""
    said = {
        "from_job": job,
        "from_revision": revision,
        "from_draft": draft or None,
        "task_description": task,
        "options": options or None,
    }
    return NewJob.model_validate({name: value for name, value in said.items() if value is not None})


def asked(
    job: UUID | None, revision: int | None, task: str | None, options: dict[str, JsonValue], *, draft: bool
) -> NewJob:
    """The body that starts a job anew, or goes on from `job` where one is named."""
    return new_job(task or "", options, []) if job is None else continued(job, revision, task, options, draft=draft)


def with_sources(new: NewJob, sources: list[Attached]) -> NewJob:
    """The body with sources of its own, where some are given."""
    return new.model_copy(update={"sources": sources}) if sources else new


def start(api: Api, new: NewJob) -> JobStatusView:
    """Start a job. Raises CliError."""
    return api.post("/skills", new, JobStatusView)
