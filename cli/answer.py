"""`answer`: answer a job's open prompt, by being asked, by flags, or from a file."""

import sys
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic import JsonValue, TypeAdapter, ValidationError

from cli import prompts, values
from cli.client import Api
from cli.dialogue import Dialogue
from cli.exits import is_parked_on_a_problem
from cli.jobs import JobId
from cli.overview import next_step
from cli.problems import CliError, UsageProblem
from cli.run import run_of
from domain.job import JobStatusView
from domain.prompt import Answer, AnswerReceipt, AnswerRequest, PromptAction, PromptView

STDIN = Path("-")
HOW = "--set ID=VALUE, --action ACTION, --feedback TEXT, --content FILE, --reason TEXT, or --file answers.json"


def answer(
    ctx: typer.Context,
    job: JobId,
    action: Annotated[PromptAction | None, typer.Option(help="What to do; default: what the other flags mean.")] = None,
    pairs: Annotated[list[str] | None, typer.Option("--set", metavar="ID=VALUE", help="Answer one question.")] = None,
    feedback: Annotated[str | None, typer.Option(help="What shall change (action revise).")] = None,
    content: Annotated[Path | None, typer.Option(metavar="FILE", help="The edited SKILL.md, - for stdin.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why a finding may stand (action waive).")] = None,
    file: Annotated[Path | None, typer.Option(metavar="FILE", help="A JSON answer or {question: value}, -.")] = None,
) -> None:
    """Answer the open prompt of a job; without flags it asks, one thing at a time."""
    run = run_of(ctx)
    given = Answer(action=action or "", feedback=feedback, content=_read(content) if content else None, reason=reason)
    by_flags = bool(pairs or file) or given != Answer()
    if not by_flags and not run.out.can_ask:
        raise UsageProblem("Nothing to answer with, and nobody to ask here.", next_step=f"give {HOW}")
    with run.api() as api:
        prompt = open_prompt(api, job)
        if by_flags:
            request = composed(prompt, _filed(file, given) if file else given, pairs or [])
            receipt = api.post(f"/hitl/{job}/response", request, AnswerReceipt)
        else:
            receipt = Dialogue(run.out).answer(api, prompt)
    if run.out.json_wanted:
        run.out.document(receipt)
        return
    run.out.line(f"{receipt.outcome}: {receipt.action} by {receipt.responded_by}")
    run.out.say(f"see what comes of it: skill-fleet watch {job}")


def open_prompt(api: Api, job: UUID) -> PromptView:
    """The open prompt. Raises CliError that says what to do instead when nothing is asked."""
    prompt = api.get(f"/hitl/{job}/prompt", PromptView)
    if prompt.interaction_id is not None:
        return prompt
    view = api.get(f"/jobs/{job}/status", JobStatusView)
    why = f"it waits for this to be mended: {view.error}" if is_parked_on_a_problem(view) else f"it is {view.status}"
    raise CliError("The job asks nothing now.", why=why, next_step=next_step(view))


def composed(prompt: PromptView, given: Answer, pairs: list[str]) -> AnswerRequest:
    """The request that the flags mean. Raises UsageProblem when they mean none."""
    answers = dict(given.answers or {}) | values.settled(prompts.questions(prompt), pairs)
    action = given.action or _meant(given, answers)
    legal = prompts.actions(prompt)
    if legal and action not in legal:
        raise UsageProblem(
            f"{action!r} is no action of a {prompt.hitl_type} prompt." if action else "Which action is meant?",
            why=f"possible: {', '.join(legal)}",
            next_step="say it with --action",
        )
    body = given.model_dump(exclude_none=True) | {"action": action}
    body["interaction_id"] = given.interaction_id or prompt.interaction_id
    return AnswerRequest.model_validate(body | ({"answers": answers} if answers else {}))


def _meant(given: Answer, answers: dict[str, JsonValue]) -> str:
    """The action that goes without saying; empty when it does not."""
    if given.content is not None:
        return PromptAction.EDIT
    if given.feedback is not None:
        return PromptAction.REVISE
    if given.reason is not None:
        return PromptAction.WAIVE
    return PromptAction.PROCEED if answers else ""


def _filed(file: Path, flags: Answer) -> Answer:
    """The answer in a JSON file, a whole one or only `{question id: value}`; flags win over it."""
    try:
        parsed = TypeAdapter(dict[str, JsonValue]).validate_json(_read(file))
        whole = bool(parsed) and parsed.keys() <= Answer.model_fields.keys()
        filed = Answer.model_validate(parsed if whole else {"answers": parsed})
    except ValidationError as error:
        raise UsageProblem(
            f"{file} holds no answer.",
            why="; ".join(item["msg"] for item in error.errors(include_input=False)),
            next_step='write {"q1": "value"} or {"action": "revise", "feedback": "…"}',
        ) from error
    return filed.model_copy(update={name: value for name, value in flags.model_dump().items() if value})


def _read(file: Path) -> str:
    try:
        return sys.stdin.read() if file == STDIN else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"{file} cannot be read.", why=str(error), next_step="give a UTF-8 text file") from error
