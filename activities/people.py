"""The record of prompts: opened once, answered once however the answer came in, waited for as long as it takes.

Part of `DatabaseRecords`. The claim in the database is the arbiter of answers; every one that came is in the audit.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid5

from temporalio import activity

from activities import signalled
from activities.prompt_data import prompt_data, shown_diff
from activities.rounds import decisions
from activities.shelves import Shelves
from domain.answering import answers
from domain.evidence.policy import BY_DEFAULT, Policy
from domain.evidence.profile import QUICK, Profile
from domain.job import JobStatus
from domain.prompt import (
    YOU_DECIDE,
    Answer,
    HitlType,
    PreviewData,
    PromptAction,
    PromptData,
    PromptStatus,
    QuestionsData,
    TddData,
    ValidateData,
)
from store import audit, jobs, prompts, understanding
from store.prompts import Channel, Claim
from store.session import Database, Session
from store.tables import HitlInteraction, Job
from workflows import messages as m
from workflows.steps import Records

AUTO = "auto_approve"
"""Who answers when nobody is asked; the record says so."""


class PromptRecords(Records):
    """The steps of the record that are about prompts."""

    def __init__(
        self,
        database: Database,
        shelves: Shelves | None = None,
        profile: Profile = QUICK,
        policy: Policy = BY_DEFAULT,
    ) -> None:
        """Take what the steps need; `shelves` where a job may go on from an edited draft, `profile` for estimates and
        for what of the evidence is missing, `policy` for what it lacks."""
        self.database = database
        self.profile = profile
        self.policy = policy
        self.shelves = shelves

    @activity.defn
    async def open_prompt(self, prompt: m.Prompt) -> m.Taken:
        """Open a prompt; with `auto` it is answered at once, else `action` is None."""
        interaction_id = prompt_key(prompt.job_id, prompt.kind, prompt.round)
        diff = await shown_diff(self.database, prompt)
        async with self.database.transaction() as session:
            if JobStatus((await jobs.locked(session, prompt.job_id)).status).final:
                # Cancelled beside this step: nobody is asked any more. Or answered by itself, and ended, before.
                row = await prompts.get(session, interaction_id)
                return _taken(row) if row and row.applied_at else m.Taken(interaction_id=interaction_id)
            data = await prompt_data(session, prompt, diff, self.profile, self.policy)
            shown = data if isinstance(data, PreviewData | ValidateData | TddData) else None
            await prompts.open_prompt(
                session,
                interaction_id,
                prompt.job_id,
                prompt.kind,
                prompt.round,
                data.model_dump(mode="json", by_alias=True),
                answers.form(prompt.kind, data),
                prompt.timeout,
                revision=shown.revision if shown else None,
                digest=shown.digest if shown else None,
            )
            if prompt.auto is not None:
                return await _answer_itself(session, prompt, prompt.auto, interaction_id, data)
            await _tell_opened(session, prompt, interaction_id)
        return m.Taken(interaction_id=interaction_id)

    @activity.defn
    async def take_answer(self, offered: m.Offered) -> m.Taken:
        """Validate an answer and go on with the one that was claimed first, whoever signalled."""
        async with self.database.transaction() as session:
            job = await jobs.locked(session, offered.job_id)
            refusal = await signalled.offer(session, offered)
            row = await prompts.get(session, offered.interaction_id)
            if refusal is not None:
                key, message = f"refused:{offered.number}", f"an answer was refused: {refusal}"
                await jobs.change_locked(session, job, key, "answer_refused", message)
            if row is not None and row.status == PromptStatus.RESPONDED:
                return await _apply(session, row, job)
        return m.Taken(interaction_id=offered.interaction_id, refusal=refusal)

    @activity.defn
    async def park_prompt(self, prompt: m.ForPrompt) -> m.Taken:
        """The prompt is overdue: take its answer if one was claimed, else mark the job as parked."""
        return await self._unless_answered(prompt.interaction_id, _park)

    @activity.defn
    async def remind(self, reminder: m.Reminder) -> m.Taken:
        """Remind people of a prompt, once per number; takes its answer if one was claimed meanwhile."""
        return await self._unless_answered(reminder.interaction_id, partial(_remind, reminder=reminder))

    @activity.defn
    async def reopen_prompt(self, reopening: m.Reopening) -> m.Taken:
        """Ask a parked prompt again, with a new due time; takes its answer if one was claimed meanwhile."""
        return await self._unless_answered(reopening.interaction_id, partial(_reopen, reopening=reopening))

    async def _unless_answered(
        self, interaction_id: UUID, act: Callable[[Session, HitlInteraction], Awaitable[None]]
    ) -> m.Taken:
        """Go on with the answer if one was claimed meanwhile; else do this to the prompt that still waits."""
        async with self.database.transaction() as session:
            row = await prompts.get(session, interaction_id)
            if row is not None and row.status == PromptStatus.RESPONDED:
                return await _apply(session, row, await jobs.locked(session, row.job_id))
            if row is not None and row.status == PromptStatus.PENDING:
                await act(session, row)
        return m.Taken(interaction_id=interaction_id)


def prompt_key(job_id: UUID, kind: HitlType, number: int) -> UUID:
    """The identity of a prompt: the same for every attempt to open it."""
    return uuid5(job_id, f"{kind}:{number}")


async def _tell_opened(session: Session, prompt: m.Prompt, interaction_id: UUID) -> None:
    review = prompt.kind is HitlType.VALIDATE
    await jobs.change(
        session,
        prompt.job_id,
        f"prompt:{interaction_id}",
        "prompt",
        f"waiting for a person: {prompt.kind}",
        {"interaction_id": str(interaction_id), "hitl_type": prompt.kind},
        status=JobStatus.PENDING_REVIEW if review else JobStatus.PENDING_HITL,
        hitl_type=prompt.kind,
    )


async def _answer_itself(
    session: Session, prompt: m.Prompt, action: PromptAction, interaction_id: UUID, data: PromptData
) -> m.Taken:
    """Questions are left to the model; what else is asked is answered by the action alone."""
    questions = data.questions if isinstance(data, QuestionsData) else []
    given = Answer(action=action, answers={question.id: YOU_DECIDE for question in questions} or None)
    claim = Claim(answer=given, digest=answers.digest(given, AUTO), by=AUTO, channel=Channel.AUTO)
    await prompts.claim(session, interaction_id, claim)
    row = await prompts.get(session, interaction_id)
    if row is not None:
        await _note_applied(session, row)
    message = f"{prompt.kind} answered itself: {action}"
    await jobs.change(session, prompt.job_id, f"answer:{interaction_id}", "auto_answered", message)
    return m.Taken(interaction_id=interaction_id, action=action, by=AUTO)


async def _apply(session: Session, row: HitlInteraction, job: Job) -> m.Taken:
    """`job`: locked by this transaction.

    What was taken before is taken again, even when the job has ended by it meanwhile: a worker that was frozen may lose
    a whole workflow task with all its steps, and they are done again from the first.
    """
    if row.applied_at is not None:
        return _taken(row)
    given = Answer.model_validate(row.response_data or {})
    if JobStatus(job.status).final:  # cancelled beside this step: the answer was given up, and its author told
        return m.Taken(interaction_id=row.interaction_id)
    await _note_applied(session, row)
    if decided := decisions(row):
        await understanding.keep_decisions(session, row.job_id, decided)
    await jobs.change_locked(
        session,
        job,
        f"answer:{row.interaction_id}",
        "answered",
        f"{row.responded_by} answered {row.interaction_type}: {given.action}",
        {"interaction_id": str(row.interaction_id), "action": given.action},
        status=JobStatus.RUNNING,
        hitl_type=None,
        parked_at=_still_parked(job),
    )
    return _taken(row)


def _taken(row: HitlInteraction) -> m.Taken:
    """The answer that the job goes on with."""
    action = PromptAction(Answer.model_validate(row.response_data or {}).action)
    return m.Taken(interaction_id=row.interaction_id, action=action, by=row.responded_by or "")


async def _note_applied(session: Session, row: HitlInteraction) -> None:
    """The job goes on with this answer; told once."""
    await prompts.mark_applied(session, row.interaction_id)
    await audit.note_claimed(session, row, "applied")


async def _park(session: Session, row: HitlInteraction) -> None:
    await jobs.change(
        session,
        row.job_id,
        f"parked:{row.interaction_id}{_asking(row)}",
        "parked",
        "nobody has answered in time: the job is parked, and the prompt can still be answered",
        parked_at=datetime.now(UTC),
    )


async def _remind(session: Session, row: HitlInteraction, reminder: m.Reminder) -> None:
    """Tell whoever the prompt waits for; an escalation is told to the owner."""
    job = await jobs.locked(session, row.job_id)
    kind = "escalated" if reminder.escalate else "reminder"
    to = job.user_id if reminder.escalate else job.assignee or job.user_id
    since = f"{row.reopened_at or row.created_at:%Y-%m-%d %H:%M} UTC"
    waits = f"{row.interaction_type} waits for an answer since {since}"
    made = await jobs.change(
        session,
        row.job_id,
        f"{kind}:{row.interaction_id}:{reminder.number}{_asking(row)}",
        kind,
        f"{waits}: {to}, the owner of the job, is told" if reminder.escalate else f"{waits}: {to} is reminded",
        {
            "interaction_id": str(row.interaction_id),
            "hitl_type": row.interaction_type,
            "number": reminder.number,
            "to": to,
            "timeout_at": row.timeout_at.isoformat() if row.timeout_at else None,
        },
        progress_message=job.progress_message,
    )
    if made:
        await prompts.remind(session, row.interaction_id, escalate=reminder.escalate)


async def _reopen(session: Session, row: HitlInteraction, reopening: m.Reopening) -> None:
    job = await jobs.locked(session, row.job_id)
    made = await jobs.change(
        session,
        row.job_id,
        f"reopened:{row.interaction_id}:{reopening.number}",
        "reopened",
        f"{reopening.by or 'someone'} asks again: {row.interaction_type}",
        {"by": reopening.by, "due": reopening.due.isoformat(), "interaction_id": str(row.interaction_id)},
        parked_at=_still_parked(job),
        progress_message=f"waiting for a person: {row.interaction_type}",
    )
    if made:
        await prompts.reopen(session, row.interaction_id, reopening.due)


def _still_parked(job: Job) -> datetime | None:
    """A problem elsewhere still waits for its retry."""
    return job.parked_at if job.error else None


def _asking(row: HitlInteraction) -> str:
    """Tells the events of a prompt that was asked again from those of its first asking."""
    return f":{row.reopened_at.isoformat()}" if row.reopened_at else ""
