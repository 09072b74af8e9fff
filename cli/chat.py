"""`chat`: stay at the terminal and make skills, one after the other."""

from typing import Annotated
from uuid import UUID

import typer

from cli import starting
from cli.create import Told, leave
from cli.flags import EditorCommand
from cli.problems import UsageProblem
from cli.reasoning import Reasoning
from cli.run import run_of
from cli.session import Session


def chat(
    ctx: typer.Context,
    task: Annotated[
        str | None, typer.Argument(help="What an agent shall be able to do; asked for when missing.")
    ] = None,
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
    resume: Annotated[UUID | None, typer.Option(metavar="JOB", help="Come back to this job.")] = None,
    reasoning: Told = Reasoning.SUMMARY,
    editor: EditorCommand = None,
) -> None:
    """Make skills in a conversation. It asks for the task, stays with the job, and takes /commands at each question."""
    run = run_of(ctx)
    if task is not None and resume is not None:
        raise UsageProblem("Give either a task or --resume JOB.", next_step="skill-fleet chat")
    budget, how = (budget_calls, budget_tokens, budget_usd), (style, one_at_a_time)
    options = starting.options_of(
        category, auto_approve, confirm, tdd_checkpoints, promote, max_questions, max_rounds, budget, timeout, how
    )
    with run.api() as api:
        desk = run.desk(api, editor=editor)
        if desk is None:
            raise UsageProblem(
                "A conversation needs a person at a terminal.",
                why="stdin or stdout is none, or --json was given",
                next_step="`skill-fleet create TASK`, then `skill-fleet answer JOB`",
            )
        code = Session(desk, options, reasoning).run(task, resume)
    leave(code)
