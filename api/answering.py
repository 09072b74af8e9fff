"""Answering a prompt: validate, claim, signal. The claim in the database is the one arbiter; nothing typed is lost."""

from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

import structlog
from pydantic import JsonValue

from api.dependencies import Services
from api.errors import TemporalUnavailable, WorkflowGone
from api.permissions import Person, Verb, may
from api.reading import KnownJob, find, no_job
from domain import answers
from domain.errors import AnswerConflict, InvalidAnswer, JobEnded
from domain.prompt import (
    Answer,
    AnswerDraft,
    AnswerReceipt,
    AnswerRequest,
    HitlType,
    PromptAction,
    PromptStatus,
    Question,
    QuestionsData,
)
from store import prompts
from store.prompts import Channel, Claim
from store.session import Session
from store.tables import HitlInteraction

UNDELIVERABLE = "The workflow had ended before it could be told."

log = structlog.get_logger("api")


async def answer(parts: Services, asking: Person, job: KnownJob, request: AnswerRequest) -> AnswerReceipt:
    """Take an answer; `repeated` when the same person sent the same answer before.

    Raises InvalidAnswer (what was valid is kept as a draft), AnswerConflict, JobEnded, NotFound.
    """
    if request.action is PromptAction.CANCEL and not may(asking, Verb.CANCEL, job):
        raise no_job(job.job_id)
    claim = _claim(request, asking)
    try:
        async with parts.database.transaction() as session:
            row, repeated = await _taken(session, job, claim)
    except InvalidAnswer:
        await _keep_valid_part(parts, asking, request)
        raise
    if repeated:
        return _receipt(row, "repeated")
    await deliver(parts, row)
    return _receipt(row, "accepted")


async def deliver(parts: Services, row: HitlInteraction) -> None:
    """Signal a claimed answer. Temporal may be away: the claim stands and is delivered later.

    Raises JobEnded when there is nobody left to be told.
    """
    try:
        await parts.temporal.answer(row.job_id, row.interaction_id)
    except TemporalUnavailable:
        log.warning("an answer waits for Temporal", job_id=str(row.job_id), interaction_id=str(row.interaction_id))
        return
    except WorkflowGone as gone:
        async with parts.database.transaction() as session:
            await prompts.mark_undeliverable(session, row.interaction_id, UNDELIVERABLE)
        raise JobEnded("The job has ended meanwhile; your answer is on record, but reached nobody.") from gone
    async with parts.database.transaction() as session:
        await prompts.mark_delivered(session, row.interaction_id)


async def save_draft(parts: Services, asking: Person, job: KnownJob, part: AnswerDraft) -> AnswerDraft:
    """Merge a part of an answer into this person's draft. Raises AnswerConflict (nothing is asked), InvalidAnswer."""
    async with parts.database.transaction() as session:
        row = await prompts.open_of(session, job.job_id)
        if row is None:
            raise AnswerConflict("The job asks nothing now, so there is nothing to keep a draft for.")
        known = {question.id for question in questions_of(row)}
        unknown = {f"answers.{name}": f"There is no question {name!r}." for name in part.answers or {}} if known else {}
        wrong = {field: text for field, text in unknown.items() if field.removeprefix("answers.") not in known}
        if wrong:
            raise InvalidAnswer("The draft answers questions that are not asked.", wrong)
        return await prompts.merge_draft(session, row.interaction_id, asking.name, part)


def questions_of(row: HitlInteraction) -> list[Question]:
    """The questions of a prompt; none for kinds that ask none."""
    if "questions" not in row.prompt_data:
        return []
    return QuestionsData.model_validate(row.prompt_data).questions


def _claim(request: AnswerRequest, asking: Person) -> Claim:
    given = Answer.model_validate(request.model_dump())
    return Claim(answer=given, digest=answers.digest(given, asking.name), by=asking.name, channel=Channel.API)


async def _taken(session: Session, job: KnownJob, claim: Claim) -> tuple[HitlInteraction, bool]:
    """The prompt with this answer claimed, and whether it had been before."""
    interaction_id = claim.answer.interaction_id
    row = await prompts.get(session, interaction_id) if interaction_id else None
    if row is not None and row.job_id != job.job_id:
        row = None
    if row is not None and row.answer_digest == claim.digest:
        return row, True
    if job.status.final:
        raise JobEnded(f"The job is {job.status}: it takes no more answers.")
    if row is None or row.status != PromptStatus.PENDING:
        raise await _conflict(session, job, row)
    codes = answers.open_codes(row.prompt_data)
    answers.check(HitlType(row.interaction_type), questions_of(row), claim.answer, codes)
    claimed = await prompts.claim(session, row.interaction_id, claim)
    if claimed is not None:
        return claimed, False
    standing = await prompts.get(session, row.interaction_id)
    if standing is not None and standing.answer_digest == claim.digest:
        return standing, True
    raise await _conflict(session, job, standing)


async def _conflict(session: Session, job: KnownJob, row: HitlInteraction | None) -> AnswerConflict:
    """Who answered, when and what stands; or which prompt is open instead."""
    if row is not None:
        action = str((row.response_data or {}).get("action", row.status))
        by, when = row.responded_by or "nobody", (row.responded_at or datetime.now(UTC)).isoformat()
        standing = {"responded_by": by, "responded_at": when, "action": action, "status": row.status}
        return AnswerConflict(
            f"This prompt is closed: {by} answered “{action}” at {when}. See what is asked now: "
            f"GET /api/v1/hitl/{job.job_id}/prompt.",
            standing,
        )
    asked = await prompts.open_of(session, job.job_id)
    now = f"the open prompt is {asked.interaction_id}" if asked else "nothing is asked now"
    return AnswerConflict(f"The job has no such prompt: {now}. Read it again: GET /api/v1/hitl/{job.job_id}/prompt.")


async def _keep_valid_part(parts: Services, asking: Person, request: AnswerRequest) -> None:
    async with parts.database.transaction() as session:
        row = await prompts.get(session, request.interaction_id)
        if row is None:
            return
        kept: dict[str, JsonValue] = answers.valid_part(questions_of(row), request.answers or {})
        given = {"answers": kept or None, "feedback": request.feedback}
        part = AnswerDraft.model_validate({name: value for name, value in given.items() if value})
        await prompts.merge_draft(session, row.interaction_id, asking.name, part)


def _receipt(row: HitlInteraction, outcome: Literal["accepted", "repeated"]) -> AnswerReceipt:
    assert row.response_data is not None
    return AnswerReceipt(
        outcome=outcome,
        interaction_id=row.interaction_id,
        action=PromptAction(row.response_data["action"]),
        responded_by=row.responded_by or "",
        responded_at=row.responded_at or datetime.now(UTC),
    )


async def reread(parts: Services, job_id: UUID) -> KnownJob:
    """The job as it stands now."""
    return await find(parts.database, parts.temporal, job_id)
