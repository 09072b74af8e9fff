"""What a person who opens a job in the Temporal Web UI reads: Markdown, rebuilt whenever the state changes.

That UI renders Markdown and HTML live, so words of models, providers and people go in as code spans only.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import workflows.messages as m
    from domain.job import JobStatus, Phase
    from domain.prompt import HitlType

EXAMPLES: Mapping[HitlType, tuple[str, ...]] = {
    HitlType.VALIDATE: ('"action": "revise"',),
    HitlType.STRUCTURE_FIX: ('"action": "accept"',),
    HitlType.BUDGET: ('"action": "raise"',),
}
"""An answer to each kind of prompt that can be sent as it stands; the others can go on without more."""

PROCEED = ('"action": "proceed"',)

REVISE = '`revise` with `"feedback": "what shall change"`'
EDIT = '`edit` with `"content": "the whole SKILL.md"`'
CANCEL = "`cancel`"

OTHERS: Mapping[HitlType, tuple[str, ...]] = {
    HitlType.STRUCTURE_FIX: ('`proceed` with `"answers": {"skill_name": "your own"}`', CANCEL),
    HitlType.CLARIFY: ("your own words instead of `you decide`", CANCEL),
    HitlType.DEEP_UNDERSTANDING: ("your own words instead of `you decide`", CANCEL),
    HitlType.CONFIRM: (REVISE, CANCEL),
    HitlType.TDD_RED: (REVISE, '`edit` with `"content": "the cases as JSON or YAML"`', CANCEL),
    HitlType.TDD_GREEN: (REVISE, EDIT, CANCEL),
    HitlType.TDD_REFACTOR: (REVISE, EDIT, CANCEL),
    HitlType.PREVIEW: (REVISE, EDIT, CANCEL),
    HitlType.VALIDATE: (EDIT, '`waive` with `"reason": "why it may stand"`', CANCEL),
    HitlType.BUDGET: ('`raise` with new totals, `"answers": {"calls": 200}`', "`finish` with what is there", CANCEL),
}
"""What else may be sent; whether it is legal is decided where the answer is taken."""


class Described(Protocol):
    """The part of a job's state that is shown."""

    id: UUID
    workflow_id: str
    status: JobStatus
    phase: Phase | None
    open_prompt: m.Prompt | None
    open_id: UUID | None
    problem: str
    draft: m.Draft
    spent: m.Spent


def describe(job: Described) -> str:
    """Phase, what stands in the way, open prompt with how to answer it, revision, evidence, spend."""
    visible = [
        f"**{job.status}** in phase **{job.phase or 'starting'}**",
        f"> {_literal(job.problem)}" if job.problem else "",
        _way_on(job),
        f"Skill `{job.draft.path}`, revision {job.draft.revision}" if job.draft.revision else "",
        _evidence(job.draft),
        f"{job.spent.calls} model calls, {job.spent.tokens} tokens" if job.spent.calls else "",
    ]
    return "\n\n".join(line for line in visible if line)


def _way_on(job: Described) -> str:
    """What a person can do now; nothing once the job has ended."""
    if job.status.final:
        return ""
    if job.open_prompt is not None and job.open_id is not None:
        return _prompt(job, job.open_prompt, job.open_id)
    if job.problem:
        told = f"When that is mended, try again on the job's page, with `skill-fleet retry {job.id}`, or from here:"
        return f"{told}\n\n{_signal(job.workflow_id, 'retry', ())}"
    return ""


def _prompt(job: Described, prompt: m.Prompt, interaction_id: UUID) -> str:
    answers = ",\n      ".join(f'"{name}": "you decide"' for name in question_ids(prompt))
    asked = (f'"answers": {{\n      {answers}\n    }}',) if answers else ()
    body = (f'"interaction_id":\n      "{interaction_id}"', *EXAMPLES.get(prompt.kind, PROCEED), *asked)
    others = "\n".join(f"- {line}" for line in OTHERS.get(prompt.kind, ()))
    return (
        f"Waiting for a person: **{prompt.kind}** (round {prompt.round}), due {_day(prompt.timeout)}. "
        f"{'Every case passes without the skill: no skill may be needed. ' if prompt.no_skill_needed else ''}"
        f"{_literal(prompt.reason) + '. ' if prompt.reason else ''}"
        f"Read it with `skill-fleet show {job.id}` or on the job's page.\n\n"
        f"Answer there, with `skill-fleet answer {job.id}`, or from here:\n\n"
        f"{_signal(job.workflow_id, 'answer', body)}\n\n"
        f"Other answers:\n\n{others}\n\n"
        '`"responded_by": "your name"` says who answers. A local stack has its `--address` in `stack.json`.'
    )


def question_ids(prompt: m.Prompt) -> list[str]:
    """The ids of a prompt's questions: `q1` in the first round, `q2_1` in the first deeper one (activities/author)."""
    deeper = f"{prompt.round + 1}_" if prompt.kind is HitlType.DEEP_UNDERSTANDING else ""
    return [f"q{deeper}{number}" for number in range(1, prompt.questions + 1)]


def _signal(workflow_id: str, name: str, body: tuple[str, ...]) -> str:
    """A command that can be pasted into a shell; narrow, because the UI does not wrap it."""
    sent = "{\n    " + ",\n    ".join(body) + "\n  }" if body else "{}"
    return (
        "```shell\ntemporal workflow signal \\\n"
        f"  --workflow-id \\\n    {workflow_id} \\\n  --name {name} \\\n  --input '{sent}'\n```"
    )


def _literal(text: str) -> str:
    """Foreign words as one line of code: nothing in it is rendered."""
    return f"`{' '.join(text.replace('`', chr(39)).split())}`"


def _evidence(draft: m.Draft) -> str:
    if draft.passed_without is None:
        return ""
    with_skill = "not measured yet" if draft.passed_with is None else f"{draft.passed_with} of {draft.cases}"
    # "of", because the UI makes fractions of slashes
    return f"Cases passed without the skill: {draft.passed_without} of {draft.cases}; with it: {with_skill}"


def _day(when: datetime | None) -> str:
    return when.strftime("%Y-%m-%d %H:%M UTC") if when else "never"
