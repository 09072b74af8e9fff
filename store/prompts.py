"""Prompts and the one arbiter of their answers: the claim. Whoever comes second yields."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import literal, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.prompt import Answer, AnswerDraft, HitlType, InteractionView, PromptStatus
from domain.shape import Shape
from store.groups import concerns
from store.tables import HitlDraft, HitlInteraction, Job


class Channel(StrEnum):
    """The way an answer came in."""

    API = "api"
    CLI = "cli"
    PAGE = "page"
    SIGNAL = "temporal"
    AUTO = "auto"


OVER_HTTP = (Channel.API, Channel.CLI, Channel.PAGE)
"""Channels whose answers the workflow has still to be told of."""


class Claim(Shape):
    """An answer as it was claimed: by whom, and the digest that tells the same answer from another one."""

    answer: Answer
    digest: str
    by: str
    channel: Channel


async def open_prompt(
    session: AsyncSession,
    interaction_id: UUID,
    job_id: UUID,
    kind: HitlType,
    round_number: int,
    data: dict[str, JsonValue],
    form: dict[str, JsonValue],
    timeout_at: datetime | None,
    *,
    revision: int | None = None,
    digest: str | None = None,
) -> bool:
    """Open a prompt; False when it stands already (a retried activity). `revision` and `digest`: what it shows."""
    row = insert(HitlInteraction).values(
        interaction_id=interaction_id,
        job_id=job_id,
        interaction_type=kind,
        round_number=round_number,
        prompt_data=data,
        form=form,
        timeout_at=timeout_at,
        revision=revision,
        digest=digest,
    )
    made = await session.execute(row.on_conflict_do_nothing().returning(HitlInteraction.interaction_id))
    return made.first() is not None


async def claim(session: AsyncSession, interaction_id: UUID, claim: Claim) -> HitlInteraction | None:
    """Take the prompt for this answer; None when it is no longer pending: read it to learn what stands."""
    query = (
        update(HitlInteraction)
        .where(HitlInteraction.interaction_id == interaction_id, HitlInteraction.status == PromptStatus.PENDING)
        .values(
            status=PromptStatus.RESPONDED,
            response_data=claim.answer.model_dump(mode="json", exclude_none=True),
            answer_digest=claim.digest,
            responded_by=claim.by,
            channel=claim.channel,
            responded_at=datetime.now(UTC),
        )
        .returning(HitlInteraction)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(query)).first()


async def close_open(session: AsyncSession, job_id: UUID, status: PromptStatus) -> None:
    """Close whatever prompt of a job still waits: cancel and the end of a job are claims too."""
    query = update(HitlInteraction).where(
        HitlInteraction.job_id == job_id, HitlInteraction.status == PromptStatus.PENDING
    )
    await session.execute(query.values(status=status, responded_at=datetime.now(UTC)))


async def get(session: AsyncSession, interaction_id: UUID) -> HitlInteraction | None:
    """One prompt, as it stands now."""
    return await session.get(HitlInteraction, interaction_id, populate_existing=True)


async def open_of(session: AsyncSession, job_id: UUID) -> HitlInteraction | None:
    """The prompt a job waits for, if any."""
    query = select(HitlInteraction).where(
        HitlInteraction.job_id == job_id, HitlInteraction.status == PromptStatus.PENDING
    )
    return (await session.scalars(query.order_by(HitlInteraction.created_at.desc()).limit(1))).first()


async def latest(session: AsyncSession, job_id: UUID) -> tuple[HitlInteraction | None, HitlInteraction | None]:
    """The prompt that a job waits for, as `open_of` finds it, and the one that was closed last, in one query."""
    # Written out: two parameters of one value are two expressions to PostgreSQL, and DISTINCT ON wants one.
    waits = HitlInteraction.status == literal(PromptStatus.PENDING.value, literal_execute=True)
    newest = (waits.desc(), HitlInteraction.responded_at.desc().nulls_last(), HitlInteraction.created_at.desc())
    query = select(HitlInteraction).where(HitlInteraction.job_id == job_id).ext(distinct_on(waits)).order_by(*newest)
    rows = [*await session.scalars(query)]
    found = {row.status == PromptStatus.PENDING: row for row in rows}
    return found.get(True), found.get(False)


async def last_shown(session: AsyncSession, job_id: UUID, kind: HitlType, before: int) -> int | None:
    """The revision that the last prompt of this kind before round `before` showed."""
    query = select(HitlInteraction.revision).where(
        HitlInteraction.job_id == job_id,
        HitlInteraction.interaction_type == kind,
        HitlInteraction.round_number < before,
    )
    return await session.scalar(query.order_by(HitlInteraction.round_number.desc()).limit(1))


async def pending(
    session: AsyncSession,
    person: str | None = None,
    *,
    user_id: str | None = None,
    assignee: str | None = None,
    kind: HitlType | None = None,
    limit: int = 200,
) -> Sequence[tuple[HitlInteraction, Job]]:
    """Open prompts with their jobs, oldest due first; all conditions must hold.

    `person`: what is theirs to answer (assigned to them or to a group of theirs, or owned by them and assigned to
    nobody). `user_id`: the owner; `assignee`: a person or `group:<name>`.
    """
    conditions = [HitlInteraction.status == PromptStatus.PENDING]
    if person is not None:
        conditions.append(concerns(person))
    if user_id is not None:
        conditions.append(Job.user_id == user_id)
    if assignee is not None:
        conditions.append(Job.assignee == assignee)
    if kind is not None:
        conditions.append(HitlInteraction.interaction_type == kind)
    query = select(HitlInteraction, Job).join(Job, Job.job_id == HitlInteraction.job_id).where(*conditions)
    due = (HitlInteraction.timeout_at.asc().nulls_last(), HitlInteraction.created_at)
    return [(row[0], row[1]) for row in await session.execute(query.order_by(*due).limit(limit))]


async def remind(session: AsyncSession, interaction_id: UUID, *, escalate: bool = False) -> None:
    """People were reminded of this prompt; with `escalate` its owner was told instead."""
    query = update(HitlInteraction).where(HitlInteraction.interaction_id == interaction_id)
    if escalate:
        await session.execute(query.values(escalated_at=datetime.now(UTC)))
    else:
        await session.execute(query.values(reminders=HitlInteraction.reminders + 1))


async def reopen(session: AsyncSession, interaction_id: UUID, due: datetime) -> None:
    """This prompt is asked again, until `due`."""
    query = update(HitlInteraction).where(HitlInteraction.interaction_id == interaction_id)
    await session.execute(query.values(timeout_at=due, reopened_at=datetime.now(UTC)))


async def mark_applied(session: AsyncSession, interaction_id: UUID) -> None:
    """The workflow has gone on with this answer; the first time counts."""
    query = update(HitlInteraction).where(
        HitlInteraction.interaction_id == interaction_id, HitlInteraction.applied_at.is_(None)
    )
    await session.execute(query.values(applied_at=datetime.now(UTC)))


async def undelivered(session: AsyncSession, before: datetime, limit: int = 100) -> Sequence[HitlInteraction]:
    """Answers claimed over HTTP before `before` whose signal has not been delivered."""
    query = (
        select(HitlInteraction)
        .where(
            HitlInteraction.status == PromptStatus.RESPONDED,
            HitlInteraction.channel.in_(OVER_HTTP),
            HitlInteraction.delivered_at.is_(None),
            HitlInteraction.undeliverable.is_(None),
            HitlInteraction.responded_at < before,
        )
        .order_by(HitlInteraction.responded_at)
        .limit(limit)
    )
    return list(await session.scalars(query))


async def mark_delivered(session: AsyncSession, interaction_id: UUID) -> None:
    """Temporal has acknowledged the signal."""
    query = update(HitlInteraction).where(HitlInteraction.interaction_id == interaction_id)
    await session.execute(query.values(delivered_at=datetime.now(UTC)))


async def mark_undeliverable(session: AsyncSession, interaction_id: UUID, why: str) -> None:
    """The workflow is gone: the answer stays on record, and its author can see that it reached nobody."""
    query = update(HitlInteraction).where(
        HitlInteraction.interaction_id == interaction_id, HitlInteraction.undeliverable.is_(None)
    )
    await session.execute(query.values(undeliverable=why))


async def give_up(session: AsyncSession, job_id: UUID, why: str) -> Sequence[HitlInteraction]:
    """The job has ended: what was answered and never applied reaches nobody any more. Returns those prompts."""
    query = (
        update(HitlInteraction)
        .where(
            HitlInteraction.job_id == job_id,
            HitlInteraction.status == PromptStatus.RESPONDED,
            HitlInteraction.applied_at.is_(None),
            HitlInteraction.undeliverable.is_(None),
        )
        .values(undeliverable=why)
        .returning(HitlInteraction)
        .execution_options(populate_existing=True)
    )
    return list(await session.scalars(query))


async def history(session: AsyncSession, job_id: UUID) -> list[InteractionView]:
    """Every prompt of a job, oldest first."""
    query = select(HitlInteraction).where(HitlInteraction.job_id == job_id).order_by(HitlInteraction.created_at)
    fields = InteractionView.model_fields
    rows = await session.scalars(query)
    return [InteractionView.model_validate({name: getattr(row, name) for name in fields}) for row in rows]


async def draft(session: AsyncSession, interaction_id: UUID, user_id: str) -> AnswerDraft | None:
    """What this person has begun to answer."""
    row = await session.get(HitlDraft, (interaction_id, user_id))
    return None if row is None else AnswerDraft.model_validate(row.draft_data)


async def drafts(session: AsyncSession, interaction_ids: Sequence[UUID]) -> dict[str, dict[UUID, AnswerDraft]]:
    """What everybody has begun to answer of several prompts: by person, then by prompt."""
    found: dict[str, dict[UUID, AnswerDraft]] = {}
    for row in await session.scalars(select(HitlDraft).where(HitlDraft.interaction_id.in_(interaction_ids))):
        found.setdefault(row.user_id, {})[row.interaction_id] = AnswerDraft.model_validate(row.draft_data)
    return found


async def merge_draft(session: AsyncSession, interaction_id: UUID, user_id: str, part: AnswerDraft) -> AnswerDraft:
    """Merge a part into the draft, question by question; null clears. Returns the whole draft."""
    key = {"interaction_id": interaction_id, "user_id": user_id}
    await session.execute(insert(HitlDraft).values(**key, draft_data={}).on_conflict_do_nothing())
    row = await session.get_one(HitlDraft, (interaction_id, user_id), with_for_update=True)
    kept = AnswerDraft.model_validate(row.draft_data)
    given = part.model_fields_set
    changed = {name: getattr(part, name) for name in given if name != "answers"}
    if "answers" in given:
        changed["answers"] = _merged_answers(kept, part)
    merged = kept.model_copy(update=changed)
    row.draft_data = merged.model_dump(mode="json", exclude_none=True)
    return merged


def _merged_answers(kept: AnswerDraft, part: AnswerDraft) -> dict[str, JsonValue] | None:
    if part.answers is None:
        return None
    answers = {**(kept.answers or {}), **part.answers}
    return {name: value for name, value in answers.items() if value is not None} or None


async def update_preview(session: AsyncSession, job_id: UUID, digest: str, evidence: dict[str, JsonValue]) -> None:
    """Evidence that ended while its preview was open becomes visible in it."""
    shown = await open_of(session, job_id)
    if shown is not None and shown.prompt_data.get("digest") == digest and "evidence" in shown.prompt_data:
        shown.prompt_data = {**shown.prompt_data, "evidence": evidence}
