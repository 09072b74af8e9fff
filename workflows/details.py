"""What a person who opens a job in the Temporal Web UI reads: Markdown, rebuilt whenever the state changes."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import workflows.messages as m
    from domain.job import JobStatus, Phase


class Described(Protocol):
    """The part of a job's state that is shown."""

    id: UUID
    status: JobStatus
    phase: Phase | None
    open_prompt: m.Prompt | None
    open_id: UUID | None
    problem: str
    draft: m.Draft
    spent: m.Spent


def describe(job: Described) -> str:
    """Phase, open prompt with how to answer it, revision, evidence, spend, and what stands in the way."""
    visible = [
        f"**{job.status}** in phase **{job.phase or 'starting'}**",
        _prompt(job),
        f"> {job.problem}" if job.problem else "",
        f"Skill `{job.draft.path}`, revision {job.draft.revision}" if job.draft.revision else "",
        _evidence(job.draft),
        f"{job.spent.calls} model calls, {job.spent.tokens} tokens" if job.spent.calls else "",
    ]
    return "\n\n".join(line for line in visible if line)


def _prompt(job: Described) -> str:
    if job.open_prompt is None or job.open_id is None:
        return ""
    return (
        f"Waiting for a person: **{job.open_prompt.kind}** (round {job.open_prompt.round}), "
        f"due {_day(job.open_prompt.timeout)}.\n\n"
        f"Answer with `skill-fleet answer {job.id}`, or with the signal `answer`:\n\n"
        f'```json\n{{"interaction_id": "{job.open_id}", "action": "proceed", "responded_by": "your name"}}\n```'
    )


def _evidence(draft: m.Draft) -> str:
    if draft.passed_without is None:
        return ""
    with_skill = "not measured yet" if draft.passed_with is None else f"{draft.passed_with}/{draft.cases}"
    return f"Cases passed without the skill {draft.passed_without}/{draft.cases}, with it {with_skill}"


def _day(when: datetime | None) -> str:
    return when.strftime("%Y-%m-%d %H:%M UTC") if when else "never"
