"""`answer`: answer a job's open prompt, by being asked, by flags, or from a file."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from cli import prompts, values
from cli.answer_file import filed, read
from cli.client import Api
from cli.commands import JobStopped, Leave
from cli.dialogue import Dialogue
from cli.exits import ExitCode, is_parked_on_a_problem
from cli.flags import EditorCommand
from cli.jobs import JobId
from cli.overview import next_step
from cli.problems import ApiProblem, CliError, UsageProblem
from cli.record import Interactions
from cli.run import Run, run_of
from domain.answering.forms import FormField, actions, fields, gathered
from domain.job import JobStatusView
from domain.prompt import Answer, AnswerReceipt, AnswerRequest, PromptAction, PromptView

MEANT = {"content": "edit", "feedback": "revise", "reason": "waive", "findings": "waive", "answers": "proceed"}
"""What a field means where the form does not say it."""

HOW = "--set ID=VALUE, --action ACTION, --feedback TEXT, --content FILE, --reason TEXT, or --file answers.yaml"
FLAGS = {"feedback": "--feedback TEXT", "content": "--content FILE", "reason": "--reason TEXT", "action": "--action"}
STALE = frozenset({404, 409, 410})


def answer(
    ctx: typer.Context,
    job: JobId,
    source: Annotated[Path | None, typer.Argument(metavar="[-]", help="As --file: a file, or - for stdin.")] = None,
    action: Annotated[PromptAction | None, typer.Option(help="What to do; default: what the other flags mean.")] = None,
    pairs: Annotated[list[str] | None, typer.Option("--set", metavar="ID=VALUE", help="Answer one question.")] = None,
    feedback: Annotated[str | None, typer.Option(help="What shall change (action revise).")] = None,
    content: Annotated[Path | None, typer.Option(metavar="FILE", help="The edited text, - for stdin.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why a finding may stand (action waive).")] = None,
    file: Annotated[Path | None, typer.Option(metavar="FILE", help="An answer or {question: value}, YAML or JSON.")] = (
        None
    ),
    interaction: Annotated[UUID | None, typer.Option(metavar="ID", help="Only this prompt, however late.")] = None,
    editor: EditorCommand = None,
) -> None:
    """Answer the open prompt of a job. Without flags it asks, one thing at a time."""
    run = run_of(ctx)
    file = file or source
    text = read(content) if content else None
    given = Answer(interaction_id=interaction, action=action or "", feedback=feedback, content=text, reason=reason)
    with run.api() as api:
        if pairs or file or given != Answer(interaction_id=interaction):
            receipt = _by_flags(run, api, job, filed(file, given) if file else given, pairs or [])
        else:
            receipt = _asked(run, api, job, editor)
    if run.out.json_wanted:
        run.out.document(receipt)
        return
    run.out.line(f"{receipt.outcome}: {receipt.action} by {receipt.responded_by}")
    run.out.say(f"see what comes of it: skill-fleet watch {job}")


def _asked(run: Run, api: Api, job: UUID, editor: str | None) -> AnswerReceipt:
    """What a person at the terminal answers; leaving keeps a draft and ends the command."""
    desk = run.desk(api, job, editor)
    if desk is None:
        raise UsageProblem("Nothing to answer with, and nobody to ask here.", next_step=f"give {HOW}")
    try:
        return Dialogue(desk).answer(open_prompt(api, job))
    except JobStopped:
        run.out.say("the job is being cancelled")
        raise typer.Exit(ExitCode.CANCELLED) from None
    except Leave:
        run.out.say(f"nothing was sent; what you said is kept. Come back with: skill-fleet answer {job}")
        raise typer.Exit(ExitCode.WAITING) from None


def _by_flags(run: Run, api: Api, job: UUID, given: Answer, pairs: list[str]) -> AnswerReceipt:
    """Send what the flags mean. The same command for the same prompt is the same request, however often it runs."""
    prompt = api.get(f"/hitl/{job}/prompt", PromptView)
    is_open = prompt.interaction_id is not None and given.interaction_id in (None, prompt.interaction_id)
    closed = None if is_open else _closed_prompt(api, job, given.interaction_id)
    if not is_open and closed is None:
        raise nothing_asked(api, job)
    request = composed(closed or prompt, given, pairs)
    try:
        return api.post(f"/hitl/{job}/response", request, AnswerReceipt, key=key_of(run.user, job, request))
    except ApiProblem as problem:
        if closed is not None and given.interaction_id is None and problem.status in STALE:
            raise nothing_asked(api, job) from problem  # it was no repetition
        if problem.fields:
            problem.next_step = f"give {', '.join(map(_flag, problem.fields))}, with all the rest; {problem.next_step}"
        raise


def _closed_prompt(api: Api, job: UUID, wanted: UUID | None) -> PromptView | None:
    """The prompt that this command may have answered before: the one it names, else the last one that was answered."""
    asked = api.get(f"/jobs/{job}/interactions", Interactions).interactions
    fits = [one for one in asked if (one.interaction_id == wanted if wanted else one.responded_at is not None)]
    return prompts.closed(job, fits[-1]) if fits else None


def open_prompt(api: Api, job: UUID) -> PromptView:
    """The open prompt. Raises CliError that says what to do instead when nothing is asked."""
    prompt = api.get(f"/hitl/{job}/prompt", PromptView)
    if prompt.interaction_id is not None:
        return prompt
    raise nothing_asked(api, job)


def nothing_asked(api: Api, job: UUID) -> CliError:
    """What to do about a job that asks nothing now."""
    view = api.get(f"/jobs/{job}/status", JobStatusView)
    why = f"it waits for this to be mended: {view.error}" if is_parked_on_a_problem(view) else f"it is {view.status}"
    return CliError("The job asks nothing now.", why=why, next_step=next_step(view))


def composed(prompt: PromptView, given: Answer, pairs: list[str]) -> AnswerRequest:
    """The request that the flags mean. Raises UsageProblem when they mean none."""
    asked = fields(prompt.form or {})
    said = gathered(values.settled(asked, pairs))
    named = said.pop("answers", None)
    by_name = {values.short(field.name): field for field in asked}
    answers = {name: values.read_as(by_name.get(name), value) for name, value in (given.answers or {}).items()}
    answers |= named if isinstance(named, dict) else {}
    body = given.model_dump(exclude_none=True) | said | ({"answers": answers} if answers else {})
    legal = [choice.action for choice in actions(prompt.form or {})]
    action = given.action or _meant(body, asked, legal)
    if legal and action not in legal:
        raise UsageProblem(
            f"{action!r} is no action of a {prompt.hitl_type} prompt." if action else "Which action is meant?",
            why=f"possible: {', '.join(legal)}",
            next_step="say it with --action",
        )
    return AnswerRequest.model_validate(body | {"action": action, "interaction_id": prompt.interaction_id})


def key_of(user: str | None, job: UUID, request: AnswerRequest) -> str:
    """The key of one answer of one person to one prompt: a command that is run twice answers once."""
    body = request.model_dump(mode="json", exclude_unset=True)
    told = json.dumps([user or "", str(job), body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()


def _meant(body: Mapping[str, object], asked: Sequence[FormField], legal: Sequence[PromptAction]) -> str:
    """The action that goes without saying: the one that reads what was given; empty when there is no one such."""
    given = [name for name in ("content", "feedback", "reason", "findings", "answers") if body.get(name)]
    if not given:
        return ""
    reading = [field.actions for field in asked if field.name.partition(".")[0] == given[0]]
    able = [action for action in legal if action is not PromptAction.CANCEL and any(action in one for one in reading)]
    return able[0] if able else MEANT[given[0]]


def _flag(field: str) -> str:
    return FLAGS.get(field) or f"--set {values.short(field)}=VALUE"
