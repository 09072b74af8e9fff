"""`create` and `watch`: start a job or come back to one, and stay with it until it ends or needs a person."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from cli import starting
from cli.attach import Attachment, Stay
from cli.attaching import attach
from cli.batch import queued
from cli.exits import ExitCode
from cli.flags import EditorCommand
from cli.problems import UsageProblem
from cli.progress import JobLine, screen_for
from cli.reasoning import Reasoning
from cli.run import Run, run_of
from cli.seen import Seen
from domain.job import JobStatusView

Told = Annotated[
    Reasoning,
    typer.Option("--reasoning", help="off: phases and prompts; summary: what was decided, and why; full: every call."),
]

AS_IT_IS = "the revision is taken over as it is: ask for what the new task changes at its preview, with `revise`"


def create(
    ctx: typer.Context,
    task: Annotated[str | None, typer.Argument(help="What an agent shall be able to do, in a sentence.")] = None,
    source: Annotated[list[Path] | None, typer.Option(help="A file or folder to know; repeatable.")] = None,
    category: starting.Category = None,
    auto_approve: starting.AutoApprove = False,
    confirm: starting.Confirm = False,
    tdd_checkpoints: starting.TddCheckpoints = False,
    promote: starting.Promote = False,
    max_questions: starting.MaxQuestions = None,
    max_rounds: starting.MaxRounds = None,
    one_at_a_time: starting.OneAtATime = False,
    style: starting.Style = None,
    budget_calls: starting.BudgetCalls = None,
    budget_tokens: starting.BudgetTokens = None,
    budget_usd: starting.BudgetUsd = None,
    timeout: starting.Timeout = None,
    resume: Annotated[UUID | None, typer.Option(metavar="JOB", help="Come back to this job instead.")] = None,
    from_job: Annotated[UUID | None, typer.Option(metavar="JOB", help="Go on from what an ended job left.")] = None,
    revision: Annotated[int | None, typer.Option(min=1, help="Of --from-job; default: the one that held.")] = None,
    draft: Annotated[bool, typer.Option("--draft", help="Of --from-job: its draft, as you edited the folder.")] = False,
    file: Annotated[Path | None, typer.Option("--from", metavar="FILE", help="Start all jobs of a file, or -.")] = None,
    reasoning: Told = Reasoning.SUMMARY,
    editor: EditorCommand = None,
    detach: Annotated[bool, typer.Option("--detach", help="Only start; do not stay.")] = False,
) -> None:
    """Create a skill from a sentence. It asks what it must know, right here."""
    run = run_of(ctx)
    _one_way(task, resume, from_job, file, revision)
    budget, how = (budget_calls, budget_tokens, budget_usd), (style, one_at_a_time)
    options = starting.options_of(
        category, auto_approve, confirm, tdd_checkpoints, promote, max_questions, max_rounds, budget, timeout, how
    )
    with run.api() as api:
        if file is not None:
            leave(queued(api, run.out, file, options))
        if resume is not None:
            started = api.get(f"/jobs/{resume}/status", JobStatusView)
        else:
            new = starting.asked(from_job, revision, task, options, draft=draft)
            started = starting.start(api, starting.with_sources(new, attach(api, run.out, source or [])))
        screen_for(run.out).started(JobLine(job_id=started.job_id, status=started.status))
        _explain(run, from_job, task)
        if detach:
            run.out.say(f"started; stay with it: skill-fleet watch {started.job_id}")
            return
        stay = Stay(reasoning=reasoning, must_promote=promote, after=known(run, resume) if resume else 0)
        code = Attachment(api, run.out, started.job_id, stay=stay, desk=run.desk(api, started.job_id, editor)).run()
    leave(code)


def watch(
    ctx: typer.Context,
    job: Annotated[UUID, typer.Argument(help="The job's id.")],
    from_start: Annotated[bool, typer.Option("--from-start", help="The whole story, not only what is new.")] = False,
    reasoning: Told = Reasoning.SUMMARY,
    editor: EditorCommand = None,
) -> None:
    """Stay with a job. What happened since you last looked, what happens now, what it asks."""
    run = run_of(ctx)
    after = 0 if from_start else known(run, job)
    with run.api() as api:
        stay = Stay(reasoning=reasoning, after=after)
        code = Attachment(api, run.out, job, stay=stay, desk=run.desk(api, job, editor)).run()
    leave(code)


def known(run: Run, job: UUID) -> int:
    """The last event that was shown here; says so, because the story then begins in its middle."""
    after = Seen().last(job)
    if after:
        run.out.say(f"goes on after event {after}; all of it: skill-fleet watch {job} --from-start")
    return after


def leave(code: ExitCode) -> None:
    """End the command with this code."""
    raise typer.Exit(code)


def _explain(run: Run, from_job: UUID | None, task: str | None) -> None:
    if from_job is not None and task is not None:
        run.out.say(AS_IT_IS)


def _one_way(
    task: str | None, resume: UUID | None, from_job: UUID | None, file: Path | None, revision: int | None
) -> None:
    """A task may go with --from-job; otherwise one of the four. Raises UsageProblem."""
    ways = [way for way in (resume, file, from_job or task) if way is not None]
    if len(ways) != 1:
        raise UsageProblem(
            "Give a task, or --resume JOB, --from-job JOB or --from FILE.",
            why="none was given" if not ways else "each of them starts something else",
            next_step='skill-fleet create "Review SQL migrations for locks"',
        )
    if revision is not None and from_job is None:
        raise UsageProblem("--revision belongs to --from-job.", next_step="add --from-job JOB")
