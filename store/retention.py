"""What is too old, counted and removed in small parts. Only what belongs to ended jobs, and what belongs to no job.

The audit of answers, evidence, reports and every published version stay: nothing here touches them. Times are the
database's own. Who removes something of a job locks the job first and looks again, so that whoever goes on from it
meanwhile (`activities/adoption.py` locks it too) loses nothing.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Delete,
    Select,
    Text,
    cast,
    delete,
    distinct,
    exists,
    func,
    literal,
    null,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from domain.job import JobStatus, Usage
from domain.retention import Found, Kind
from domain.skill import SkillStatus
from store import calls, jobs, traces, uploads
from store.base import Base
from store.library_tables import Skill, SkillVersion
from store.tables import (
    HitlDraft,
    HitlInteraction,
    IdempotencyKey,
    Job,
    JobEvent,
    Notification,
    Revision,
    RevisionFile,
    StepResult,
)
from store.usage_tables import Upload

EXAMPLES = 5
"""Jobs that a survey names for each kind."""

PROMOTION = timedelta(days=1)
"""A promotion that began within this time may be under way: its draft stays."""

END = "end"
"""Key of the event with which a job ends."""

DRAFT_REMOVED = "draft_removed"
"""Type of the event that tells of it, and its key: a draft goes once."""

Removal = Callable[[AsyncSession, Job, datetime, int], Awaitable[int]]
"""Removes at most so many rows, older than a moment, of a job that is locked; returns how many."""

_FINAL = [status for status in JobStatus if status.final]

_OF_DRAFT = ("revision", "digest", "draft_path")
"""What a job's result says about a draft that is there."""


async def cutoff(session: AsyncSession, age: timedelta) -> datetime:
    """The moment before which things are older than `age`, to the second: a day has 24 hours, summer time or not."""
    # A timedelta would arrive as days, which PostgreSQL stretches or shortens where the clock is changed.
    hours = func.make_interval(0, 0, 0, 0, 0, 0, age.total_seconds())
    moment = await session.scalar(select(func.now() - hours))
    assert isinstance(moment, datetime)
    return moment.astimezone(UTC)


async def now(session: AsyncSession) -> datetime:
    """The database's clock."""
    return await cutoff(session, timedelta(0))


async def look(session: AsyncSession, kind: Kind, age: timedelta) -> Found:
    """How much of a kind is older than `age`."""
    before = await cutoff(session, age)
    old = _old(kind, before).subquery()
    job, since = old.c
    number, rows, oldest = (
        await session.execute(select(func.count(distinct(job)), func.count(), func.min(since)).select_from(old))
    ).one()
    first = select(job).where(job.is_not(None)).group_by(job).order_by(func.min(since), job).limit(EXAMPLES)
    examples = list(await session.scalars(first)) if number else []
    return Found(kind=kind, days=age.days, before=before, jobs=number, rows=rows, oldest=oldest, examples=examples)


async def due(session: AsyncSession, kind: Kind, before: datetime, limit: int) -> list[UUID]:
    """Ended jobs with something of this kind that is older, those that ended longest ago first."""
    query = select(Job.job_id).where(_due(kind, before)).order_by(_ended_at(), Job.job_id).limit(limit)
    return list(await session.scalars(query))


async def forget(session: AsyncSession, kind: Kind, job_id: UUID, before: datetime, limit: int) -> int:
    """Remove at most `limit` rows of this kind from a job that is still due once it is locked; returns how many.

    A draft goes whole, and counts as one. Raises NotFound.
    """
    job = await jobs.locked(session, job_id)
    # A statement of its own: the one that waited for the lock does not see what others did to other tables meanwhile.
    if await session.scalar(select(Job.job_id).where(Job.job_id == job_id, _due(kind, before))) is None:
        return 0
    return await _REMOVAL[kind](session, job, before, limit)


async def forget_keys(session: AsyncSession, before: datetime, limit: int) -> int:
    """Remove at most `limit` idempotency keys that are older, and under which nobody is at work; returns how many."""
    key = (IdempotencyKey.user_id, IdempotencyKey.route, IdempotencyKey.key)
    old = select(*key).where(_old_key(before)).limit(limit).with_for_update(skip_locked=True)
    return await _removed(session, delete(IdempotencyKey).where(tuple_(*key).in_(old)), IdempotencyKey.key)


async def left_behind(session: AsyncSession, among: Collection[UUID], before: datetime) -> set[UUID]:
    """Those of these jobs whose draft has gone from the rows, or never came into them: its files may go too."""
    query = select(Job.job_id).where(
        Job.job_id.in_(among), Job.status.in_(_FINAL), _ended_at() < before, _unpublished(), ~_has_draft()
    )
    return set(await session.scalars(query))


async def overdue(session: AsyncSession, before: datetime, after: UUID | None, limit: int) -> list[UUID]:
    """Jobs parked since before then that have not ended, by id, beyond `after`."""
    query = select(Job.job_id).where(_parked(before)).order_by(Job.job_id).limit(limit)
    return list(await session.scalars(query if after is None else query.where(Job.job_id > after)))


def _due(kind: Kind, before: datetime) -> ColumnElement[bool]:
    """A job that has ended and has something of this kind that is old enough to go."""
    if kind is Kind.DRAFTS:
        return _ended(kind, before) & _unpublished() & _has_draft()
    return _ended(kind, before) & exists().where(_of_job(kind, before)[1]).correlate(Job)


def _old(kind: Kind, before: datetime) -> Select[Any, Any]:
    """A row for each that is too old: its job (keys and uploads have none), and the moment its age counts from."""
    if kind is Kind.IDEMPOTENCY_KEYS:
        return select(cast(null(), Job.job_id.type), IdempotencyKey.created_at).where(_old_key(before))
    if kind is Kind.UPLOADS:
        return select(cast(null(), Job.job_id.type), Upload.created_at).where(uploads.unneeded(before))
    if kind is Kind.PARKED_JOBS:
        return select(Job.job_id, Job.parked_at).where(_parked(before))
    if kind is Kind.DRAFTS:
        return select(Job.job_id, _ended_at()).where(_due(kind, before))
    table, condition = _of_job(kind, before)
    since = _told_at() if kind is Kind.NOTIFICATIONS else _ended_at()
    return select(Job.job_id, since).join(table, condition).where(_ended(kind, before))


def _of_job(kind: Kind, before: datetime) -> tuple[type[Base], ColumnElement[bool]]:
    """The table of a kind, and which of its rows a job may lose."""
    asked = select(HitlInteraction.interaction_id).where(HitlInteraction.job_id == Job.job_id).correlate(Job)
    known: Mapping[Kind, tuple[type[Base], ColumnElement[bool]]] = {
        Kind.MODEL_ANSWERS: (StepResult, StepResult.job_id == Job.job_id),
        Kind.EVENTS: (JobEvent, (JobEvent.job_id == Job.job_id) & _old_event(Job.last_seq, before)),
        Kind.ANSWER_DRAFTS: (HitlDraft, HitlDraft.interaction_id.in_(asked)),
        Kind.NOTIFICATIONS: (Notification, (Notification.job_id == Job.job_id) & _settled(before)),
    }
    return known[kind]


def _ended(kind: Kind, before: datetime) -> ColumnElement[bool]:
    """The job has ended, and longer ago than that; a notification has an age of its own."""
    ended = Job.status.in_(_FINAL)
    return ended if kind is Kind.NOTIFICATIONS else ended & (_ended_at() < before)


def _ended_at() -> ColumnElement[datetime]:
    return func.coalesce(Job.completed_at, Job.updated_at)


def _told_at() -> ColumnElement[datetime]:
    return func.coalesce(Notification.delivered_at, Notification.created_at)


def _unpublished() -> ColumnElement[bool]:
    """Never published, not about to be, and no job that still runs goes on from it."""
    heir = aliased(Job)
    origin = func.jsonb_extract_path_text(heir.origin, "job_id")
    continued = exists().where(heir.status.not_in(_FINAL), origin == cast(Job.job_id, Text)).correlate(Job)
    begun = exists().where(
        JobEvent.job_id == Job.job_id,
        JobEvent.type == "promotion_started",
        JobEvent.created_at > func.now() - PROMOTION,
    )
    published = exists().where(SkillVersion.job_id == Job.job_id)
    return ~Job.promoted & ~published.correlate(Job) & ~begun.correlate(Job) & ~continued


def _has_draft() -> ColumnElement[bool]:
    written = exists().where(Revision.job_id == Job.job_id).correlate(Job)
    listed = exists().where(Skill.job_id == Job.job_id, Skill.status == SkillStatus.DRAFT).correlate(Job)
    return Job.draft_path.is_not(None) | written | listed


def _old_event(last_seq: ColumnElement[int] | InstrumentedAttribute[int], before: datetime) -> ColumnElement[bool]:
    """Not the one that says how the job ended, and not the newest: a stream ends with it."""
    return (JobEvent.created_at < before) & (JobEvent.seq < last_seq) & (JobEvent.event_key != END)


def _settled(before: datetime) -> ColumnElement[bool]:
    """Delivered, or given up: then nothing is due any more."""
    return Notification.next_attempt_at.is_(None) & (_told_at() < before)


def _old_key(before: datetime) -> ColumnElement[bool]:
    idle = IdempotencyKey.status.is_not(None) | (IdempotencyKey.locked_until < func.now())
    return (IdempotencyKey.created_at < before) & idle


def _parked(before: datetime) -> ColumnElement[bool]:
    return Job.status.not_in(_FINAL) & (Job.parked_at < before)


async def _remove_draft(session: AsyncSession, job: Job, before: datetime, limit: int) -> int:  # noqa: ARG001 - whole
    """What was written goes, and the name is free again; the record of the job says so. Its files go later."""
    numbers = list(await session.scalars(delete(Revision).where(Revision.job_id == job.job_id).returning(Revision.n)))
    await session.execute(delete(RevisionFile).where(RevisionFile.job_id == job.job_id))
    await session.execute(delete(Skill).where(Skill.job_id == job.job_id, Skill.status == SkillStatus.DRAFT))
    told = {"revisions": len(numbers), "digest": job.result.get("digest")}
    job.draft_path = None
    job.result = {name: value for name, value in job.result.items() if name not in _OF_DRAFT}
    message = "the draft was removed: nobody published it, and it was too old to keep"
    await jobs.change(
        session, job.job_id, DRAFT_REMOVED, DRAFT_REMOVED, message, told, progress_message=job.progress_message
    )
    return 1


async def _remove_answers(session: AsyncSession, job: Job, before: datetime, limit: int) -> int:  # noqa: ARG001
    """What the models told of their thoughts goes with them; what they cost stays with the job, added up in the
    transaction that removes them."""
    some = select(StepResult.key).where(StepResult.job_id == job.job_id).limit(limit)
    mine = delete(StepResult).where(StepResult.job_id == job.job_id, StepResult.key.in_(some))
    removed = (
        await session.execute(
            mine.returning(
                StepResult.key, StepResult.input_tokens, StepResult.output_tokens, StepResult.usd, StepResult.model
            )
        )
    ).all()
    await traces.forget(session, job.job_id, [row[0] for row in removed])
    usage = Usage.model_validate(job.past_usage or {})
    for _, tokens_in, tokens_out, usd, model in removed:
        call = Usage(calls=1, input_tokens=tokens_in, output_tokens=tokens_out, usd=usd, models=[model])
        usage = calls.together(usage, call)
    job.past_usage = usage.model_dump(mode="json")
    await session.flush()
    return len(removed)


async def _remove_events(session: AsyncSession, job: Job, before: datetime, limit: int) -> int:
    """The oldest first, so that what is left is the end of the story. The database allows it for this transaction."""
    await session.execute(select(func.set_config("skill_fleet.retention", "on", True)))
    old = (JobEvent.job_id == job.job_id) & _old_event(literal(job.last_seq), before)
    some = select(JobEvent.seq).where(old).order_by(JobEvent.seq).limit(limit)
    gone = delete(JobEvent).where(JobEvent.job_id == job.job_id, JobEvent.seq.in_(some))
    return await _removed(session, gone, JobEvent.seq)


async def _remove_answer_drafts(session: AsyncSession, job: Job, before: datetime, limit: int) -> int:  # noqa: ARG001
    asked = select(HitlInteraction.interaction_id).where(HitlInteraction.job_id == job.job_id)
    key = (HitlDraft.interaction_id, HitlDraft.user_id)
    some = select(*key).where(HitlDraft.interaction_id.in_(asked)).limit(limit)
    return await _removed(session, delete(HitlDraft).where(tuple_(*key).in_(some)), HitlDraft.user_id)


async def _remove_notifications(session: AsyncSession, job: Job, before: datetime, limit: int) -> int:
    mine = (Notification.job_id == job.job_id) & _settled(before)
    some = select(Notification.notification_id).where(mine).limit(limit)
    gone = delete(Notification).where(Notification.notification_id.in_(some))
    return await _removed(session, gone, Notification.notification_id)


async def _removed(session: AsyncSession, query: Delete, column: InstrumentedAttribute[Any]) -> int:
    return len((await session.scalars(query.returning(column))).all())


_REMOVAL: Mapping[Kind, Removal] = {
    Kind.DRAFTS: _remove_draft,
    Kind.MODEL_ANSWERS: _remove_answers,
    Kind.EVENTS: _remove_events,
    Kind.ANSWER_DRAFTS: _remove_answer_drafts,
    Kind.NOTIFICATIONS: _remove_notifications,
}
