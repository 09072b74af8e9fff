"""The outbox: what a webhook is to be told, written in the transaction of the event it is about.

Says that something happened to a job and where to look, never what is in it: no task, no name of a skill, no text, no
answer, no words of a person, no error of a provider. Must not send anything; `api/notifying.py` does.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid5

from pydantic import JsonValue
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.prompt import PromptStatus
from domain.shape import Shape
from store.tables import HitlInteraction, Job, Notification


class NotificationType(StrEnum):
    """What a receiver can be told; listed for operators in docs/notifications.md."""

    PROMPT_OPENED = "job.prompt.opened"
    PROMPT_REMINDED = "job.prompt.reminded"
    PROMPT_ESCALATED = "job.prompt.escalated"
    PROMPT_PARKED = "job.prompt.parked"
    PROMPT_REOPENED = "job.prompt.reopened"
    ASSIGNED = "job.assigned"
    PROBLEM = "job.problem"
    COMPLETED = "job.completed"
    FAILED = "job.failed"
    CANCELLED = "job.cancelled"
    PROMOTED = "job.promoted"


OF_EVENT = {
    "prompt": NotificationType.PROMPT_OPENED,
    "reminder": NotificationType.PROMPT_REMINDED,
    "escalated": NotificationType.PROMPT_ESCALATED,
    "parked": NotificationType.PROMPT_PARKED,
    "reopened": NotificationType.PROMPT_REOPENED,
    "assigned": NotificationType.ASSIGNED,
    "problem": NotificationType.PROBLEM,
    "completed": NotificationType.COMPLETED,
    "failed": NotificationType.FAILED,
    "cancelled": NotificationType.CANCELLED,
    "promotion_completed": NotificationType.PROMOTED,
}
"""The types of events that somebody outside is told of."""

MESSAGES = {
    NotificationType.PROMPT_OPENED: "A prompt waits for an answer.",
    NotificationType.PROMPT_REMINDED: "A prompt still waits for an answer.",
    NotificationType.PROMPT_ESCALATED: "A prompt has waited for long; its owner should know.",
    NotificationType.PROMPT_PARKED: "Nobody answered in time: the job is parked, and can still be answered.",
    NotificationType.PROMPT_REOPENED: "A parked prompt is asked again.",
    NotificationType.ASSIGNED: "The job was assigned.",
    NotificationType.PROBLEM: "The job is stopped by a problem until a person acts.",
    NotificationType.COMPLETED: "The job is completed.",
    NotificationType.FAILED: "The job has failed.",
    NotificationType.CANCELLED: "The job was cancelled.",
    NotificationType.PROMOTED: "The job's skill was published.",
}


class Due(Shape):
    """A notification claimed for one attempt; `attempts` counts this one too."""

    notification_id: UUID
    type: NotificationType
    payload: dict[str, JsonValue]
    attempts: int


class Waiting(Shape):
    """How delivery stands: what will be tried again, what was given up, and what went wrong last with either."""

    waiting: int
    given_up: int
    last_error: str | None


async def put(session: AsyncSession, job: Job, key: str, kind: str, data: Mapping[str, JsonValue]) -> None:
    """Write the notification of one event, if its type is one to be told; once per `key`, however often it is tried.

    Of the event's own `data` only `due` is taken: a prompt's new time, told before its row has it.
    """
    told = OF_EVENT.get(kind)
    if told is None:
        return
    now = datetime.now(UTC)
    row = insert(Notification).values(
        notification_id=uuid5(job.job_id, key),
        job_id=job.job_id,
        type=told,
        payload={"type": told, "timestamp": now.isoformat(), "data": await _data(session, job, told, data.get("due"))},
        attempts=0,
        next_attempt_at=now,
    )
    await session.execute(row.on_conflict_do_nothing())


async def claim(session: AsyncSession, now: datetime, limit: int, lease: timedelta) -> list[Due]:
    """Take what is due, longest due first, so that nobody else takes it before the lease ends.

    A process that dies leaves its rows to the next one: they are due again at `now + lease`.
    """
    due = (
        select(Notification.notification_id)
        .where(Notification.delivered_at.is_(None), Notification.next_attempt_at <= now)
        .order_by(Notification.next_attempt_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids: Sequence[UUID] = list(await session.scalars(due))
    taken = (
        update(Notification)
        .where(Notification.notification_id.in_(ids))
        .values(attempts=Notification.attempts + 1, next_attempt_at=now + lease)
        .returning(Notification.notification_id, Notification.type, Notification.payload, Notification.attempts)
    )
    return [Due.model_validate(dict(row)) for row in (await session.execute(taken)).mappings()]


async def delivered(session: AsyncSession, due: Due, now: datetime) -> None:
    """The receiver has taken it: true whoever else tried meanwhile."""
    query = update(Notification).where(Notification.notification_id == due.notification_id)
    await session.execute(query.values(delivered_at=now, next_attempt_at=None))


async def failed(session: AsyncSession, due: Due, next_attempt_at: datetime | None, error: str) -> None:
    """This attempt failed; None gives up. A row that a later attempt has taken or delivered stays as it is."""
    query = update(Notification).where(
        Notification.notification_id == due.notification_id,
        Notification.attempts == due.attempts,
        Notification.delivered_at.is_(None),
    )
    await session.execute(query.values(next_attempt_at=next_attempt_at, last_error=error))


async def waiting(session: AsyncSession) -> Waiting:
    """How delivery stands, over all notifications that were not delivered."""
    count = select(func.count(), func.count(Notification.next_attempt_at)).where(Notification.delivered_at.is_(None))
    undelivered, still_due = (await session.execute(count)).one()
    last = (
        select(Notification.last_error)
        .where(Notification.delivered_at.is_(None), Notification.last_error.is_not(None))
        .order_by(Notification.created_at.desc())
        .limit(1)
    )
    return Waiting(waiting=still_due, given_up=undelivered - still_due, last_error=await session.scalar(last))


async def _data(session: AsyncSession, job: Job, told: NotificationType, new_due: JsonValue) -> dict[str, JsonValue]:
    open_prompt = (
        select(HitlInteraction.interaction_id, HitlInteraction.interaction_type, HitlInteraction.timeout_at)
        .where(HitlInteraction.job_id == job.job_id, HitlInteraction.status == PromptStatus.PENDING)
        .order_by(HitlInteraction.created_at.desc())
        .limit(1)
    )
    interaction_id, hitl_type, due = (await session.execute(open_prompt)).first() or (None, None, None)
    return {
        "job_id": str(job.job_id),
        "seq": job.last_seq,
        "status": job.status,
        "phase": job.current_phase,
        "message": MESSAGES[told],
        "owner": job.user_id,
        "assignee": job.assignee,
        "hitl_type": hitl_type,
        "interaction_id": str(interaction_id) if interaction_id else None,
        "due": new_due or (due.isoformat() if due else None),
        "links": {"page": f"/jobs/{job.job_id}", "api": f"/api/v1/jobs/{job.job_id}"},
    }
