"""Answering a prompt: validate, claim, signal. The claim in the database is the one arbiter; nothing typed is lost.

Every attempt goes on record in the transaction of its effect; what a refused one said is kept as its author's draft.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from api.dependencies import Services
from api.permissions import Person, Verb, may
from api.reading import KnownJob, find, no_job
from api.redelivery import deliver
from domain.answering import answers
from domain.errors import AnswerConflict, InvalidAnswer, JobEnded, SkillFleetError
from domain.job import JobStatus
from domain.prompt import (
    Answer,
    AnswerDraft,
    AnswerReceipt,
    AnswerRequest,
    HitlType,
    PromptAction,
    PromptStatus,
)
from store import audit, jobs, prompts
from store.audit import Outcome
from store.prompts import Channel, Claim
from store.session import Session
from store.tables import HitlInteraction, Job


@dataclass(frozen=True)
class Verdict:
    """What became of an answer. `row` is its prompt as it now stands, if there is such a prompt; `error` refuses."""

    outcome: Outcome
    row: HitlInteraction | None
    error: SkillFleetError | None = None


async def answer(
    parts: Services, asking: Person, job: KnownJob, request: AnswerRequest, via: Channel = Channel.API
) -> AnswerReceipt:
    """Take an answer; `repeated` when the same person sent the same answer before. `via` goes on record.

    Raises InvalidAnswer, AnswerConflict, JobEnded (what was valid is kept as a draft), NotFound.
    """
    if request.action is PromptAction.CANCEL and not may(asking, Verb.CANCEL, job):
        raise no_job(job.job_id)
    claim = _claim(request, asking, via)
    async with parts.database.transaction() as session:
        verdict = await judged(session, job, claim)
        await _on_record(session, job, claim, verdict)
    if verdict.error is not None:
        raise verdict.error
    assert verdict.row is not None
    if verdict.outcome == "repeated":
        return _receipt(verdict.row, "repeated")
    parts.hub.wake(job.job_id)  # whoever looks at it sees it closed, before the workflow has told of it
    await deliver(parts, verdict.row)
    return _receipt(verdict.row, "accepted")


async def judged(session: Session, job: KnownJob, claim: Claim) -> Verdict:
    """Claim the prompt with this answer, or say why not. The same answer again is fine whatever happened since."""
    row = await _prompt_of(session, job.job_id, claim.answer.interaction_id)
    if row is not None and row.answer_digest == claim.digest:
        return Verdict("repeated", row)
    status = await _status_now(session, job)
    if status.final:
        return Verdict("ended", row, JobEnded(f"The job is {status}: it takes no more answers."))
    if row is None or row.status != PromptStatus.PENDING:
        return Verdict("conflict", row, await conflict(session, job.job_id, row))
    try:
        answers.check(HitlType(row.interaction_type), row.prompt_data, claim.answer)
    except InvalidAnswer as invalid:
        return Verdict("invalid", row, invalid)
    claimed = await prompts.claim(session, row.interaction_id, claim)
    if claimed is None:  # somebody was faster: judge by what stands now
        return await judged(session, job, claim)
    return Verdict("accepted", claimed)


async def save_draft(
    parts: Services, asking: Person, job: KnownJob, part: AnswerDraft, meant: UUID | None = None
) -> AnswerDraft:
    """Merge a part of an answer into this person's draft of the open prompt, or of the one that is `meant`.

    Raises InvalidAnswer, and AnswerConflict when that prompt is closed: its draft keeps the text all the same.
    """
    async with parts.database.transaction() as session:
        row = await _prompt_for_draft(session, job.job_id, meant)
        if row is None:
            raise await conflict(session, job.job_id, None)
        closed = None if row.status == PromptStatus.PENDING else await conflict(session, job.job_id, row)
        wrong = {} if closed else _unknown_answers(row, part)
        if wrong:
            raise InvalidAnswer("The draft answers questions that are not asked.", wrong)
        kept = await prompts.merge_draft(session, row.interaction_id, asking.name, part)
    if closed is not None:
        raise closed
    return kept


async def conflict(session: Session, job_id: UUID, row: HitlInteraction | None) -> AnswerConflict:
    """Who answered, when and what stands; or which prompt is open instead."""
    look = f"GET /api/v1/hitl/{job_id}/prompt"
    if row is None:
        asked = await prompts.open_of(session, job_id)
        now = f"the open prompt is {asked.interaction_id}" if asked else "nothing is asked now"
        return AnswerConflict(f"The job has no such prompt: {now}. Read it again: {look}.")
    standing = _standing(row)
    what = f"{standing['responded_by']} answered “{standing['action']}”"
    if row.responded_by is None:
        what = f"it was {row.status} without an answer"
    return AnswerConflict(
        f"This prompt is closed: {what}{_when(row)}. What you wrote is kept as your draft. "
        f"See what is asked now: {look}.",
        standing,
    )


async def reread(parts: Services, job_id: UUID) -> KnownJob:
    """The job as it stands now."""
    return await find(parts.database, parts.temporal, job_id)


def _when(row: HitlInteraction) -> str:
    return f" on {row.responded_at:%Y-%m-%d at %H:%M:%S UTC}" if row.responded_at else ""


def _standing(row: HitlInteraction) -> dict[str, str]:
    return {
        "interaction_id": str(row.interaction_id),
        "status": row.status,
        "responded_by": row.responded_by or "nobody",
        "responded_at": (row.responded_at or datetime.now(UTC)).isoformat(),
        "action": str((row.response_data or {}).get("action", row.status)),
        "channel": row.channel or "",
    }


def _claim(request: AnswerRequest, asking: Person, via: Channel) -> Claim:
    given = Answer.model_validate(request.model_dump())
    return Claim(answer=given, digest=answers.digest(given, asking.name), by=asking.name, channel=via)


async def _prompt_of(session: Session, job_id: UUID, interaction_id: UUID | None) -> HitlInteraction | None:
    row = await prompts.get(session, interaction_id) if interaction_id else None
    return row if row is not None and row.job_id == job_id else None


async def _prompt_for_draft(session: Session, job_id: UUID, meant: UUID | None) -> HitlInteraction | None:
    """The prompt that is meant, else the open one, else the last one: its author may not have seen it close."""
    if meant is not None:
        return await _prompt_of(session, job_id, meant)
    asked = await prompts.open_of(session, job_id)
    if asked is not None:
        return asked
    past = await prompts.history(session, job_id)
    return await prompts.get(session, past[-1].interaction_id) if past else None


async def _status_now(session: Session, job: KnownJob) -> JobStatus:
    """As it stands at this moment, not when the request came in."""
    row = await session.get(Job, job.job_id, populate_existing=True)
    return job.status if row is None else JobStatus(row.status)


async def _on_record(session: Session, job: KnownJob, claim: Claim, verdict: Verdict) -> None:
    """Note the attempt, and keep what a refused one said. A job without a row has no prompts and no record yet."""
    if await jobs.get(session, job.job_id) is None:
        return
    given = claim.answer
    body = given.model_dump(mode="json", exclude_none=True)
    why = str(verdict.error) if verdict.error else None
    await audit.note(
        session,
        job.job_id,
        given.interaction_id,
        claim.by,
        claim.channel,
        verdict.outcome,
        given.action,
        body,
        claim.digest,
        why,
    )
    if verdict.error is not None and verdict.row is not None:
        kind = HitlType(verdict.row.interaction_type)
        part = answers.valid_part(kind, verdict.row.prompt_data, given).model_dump(exclude_none=True)
        if part:
            kept = AnswerDraft.model_validate(part)
            await prompts.merge_draft(session, verdict.row.interaction_id, claim.by, kept)


def _unknown_answers(row: HitlInteraction, part: AnswerDraft) -> dict[str, str]:
    asked = row.form.get("properties", {}).get("answers", {}).get("properties", {})
    return {f"answers.{name}": f"There is no question {name!r}." for name in part.answers or {} if name not in asked}


def _receipt(row: HitlInteraction, outcome: Literal["accepted", "repeated"]) -> AnswerReceipt:
    assert row.response_data is not None
    return AnswerReceipt(
        outcome=outcome,
        interaction_id=row.interaction_id,
        action=PromptAction(row.response_data["action"]),
        responded_by=row.responded_by or "",
        responded_at=row.responded_at or datetime.now(UTC),
    )
