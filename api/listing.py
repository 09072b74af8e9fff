"""Lists of jobs and of open prompts: from the rows, and from Temporal what has no row yet."""

import base64
from datetime import datetime
from uuid import UUID

import structlog

from api.dependencies import Services
from api.errors import InvalidRequest, TemporalUnavailable
from api.permissions import Person, Verb, may
from api.reading import not_opened, waiting_view
from api.temporal import RunningJob
from domain.job import JobPage, JobStatus, JobSummary, PendingItem, PendingPage, Phase, StoppedJob
from domain.prompt import HitlType
from domain.shape import Shape
from store import jobs, prompts, stopped, views
from store.tables import HitlInteraction, Job

log = structlog.get_logger("api")


class Wanted(Shape):
    """Which jobs: all conditions must hold. `cursor` is where the last page ended."""

    status: JobStatus | None = None
    user_id: str | None = None
    words: str | None = None
    cursor: str | None = None
    limit: int = 50


class InboxWanted(Shape):
    """Which prompts: all conditions must hold. `mine`: assigned to me or to a group of mine, or mine and nobody's."""

    user_id: str | None = None
    assignee: str | None = None
    kind: HitlType | None = None
    mine: bool = False
    limit: int = 200


async def page(parts: Services, asking: Person, wanted: Wanted) -> JobPage:
    """A page, newest first. Raises InvalidRequest for a cursor that is none."""
    before = position(wanted.cursor) if wanted.cursor else None
    async with parts.database.transaction() as session:
        rows = await jobs.page(
            session,
            status=wanted.status,
            user_id=wanted.user_id,
            words=wanted.words,
            before=before,
            limit=wanted.limit + 1,
        )
    shown = rows[: wanted.limit]
    more = len(rows) > wanted.limit
    fresh = [] if wanted.cursor else await _fresh(parts, wanted)
    summaries = [*fresh, *(views.summary(row) for row in shown)]
    return JobPage(
        jobs=[summary for summary in summaries if may(asking, Verb.READ, summary)],
        next_cursor=cursor(shown[-1].created_at, shown[-1].job_id) if more else None,
    )


async def inbox(parts: Services, asking: Person, wanted: InboxWanted) -> PendingPage:
    """Open prompts, oldest due first; and jobs that a problem has stopped, longest stopped first.

    A prompt that nobody answered in time stands at the top: somebody has waited longest for it. A kind narrows to
    prompts, so that no problems are listed with it.
    """
    person = asking.name if wanted.mine else None
    user_id, assignee, limit = wanted.user_id, wanted.assignee, wanted.limit
    async with parts.database.transaction() as session:
        asked = await prompts.pending(
            session, person, user_id=user_id, assignee=assignee, kind=wanted.kind, limit=limit
        )
        halted = (
            await stopped.by_a_problem(session, person, user_id=user_id, assignee=assignee, limit=limit)
            if wanted.kind is None
            else []
        )
    return PendingPage(
        items=[_item(parts, prompt, job) for prompt, job in asked if may(asking, Verb.READ, job)],
        problems=[_stopped(job) for job in halted if may(asking, Verb.READ, job)],
    )


def cursor(created_at: datetime, job_id: UUID) -> str:
    """A position in the list, as text that travels in an address."""
    return base64.urlsafe_b64encode(f"{created_at.isoformat()} {job_id}".encode()).decode()


def position(given: str) -> tuple[datetime, UUID]:
    """The position that a cursor names. Raises InvalidRequest."""
    try:
        created_at, job_id = base64.urlsafe_b64decode(given.encode()).decode().split(" ")
        return datetime.fromisoformat(created_at), UUID(job_id)
    except ValueError as error:
        message = "This is no cursor of ours; take `next_cursor` from the last page unchanged."
        raise InvalidRequest(message, {"cursor": message}) from error


async def _fresh(parts: Services, wanted: Wanted) -> list[JobSummary]:
    """Jobs that Temporal runs and no row tells of; none while Temporal cannot say."""
    if wanted.status not in (None, JobStatus.PENDING):
        return []
    try:
        running = [job for job in await parts.temporal.fresh() if _matches(job, wanted)]
    except TemporalUnavailable:
        log.warning("Temporal is away; jobs without a row are missing from a list")
        return []
    async with parts.database.transaction() as session:
        opened = await jobs.opened(session, [job.job_id for job in running])
    return [_summary(job) for job in running if job.job_id not in opened]


def _matches(job: RunningJob, wanted: Wanted) -> bool:
    words = (wanted.words or "").casefold()
    return wanted.user_id in (None, job.user_id) and words in job.task_description.casefold()


def _summary(job: RunningJob) -> JobSummary:
    known = not_opened(job)
    view = waiting_view(known)
    return JobSummary(
        job_id=job.job_id,
        user_id=job.user_id,
        status=view.status,
        task_description=job.task_description,
        created_at=job.started_at,
    )


def _item(parts: Services, asked: HitlInteraction, job: Job) -> PendingItem:
    return PendingItem(
        job_id=job.job_id,
        task_description=job.task_description,
        current_phase=Phase(job.current_phase) if job.current_phase else None,
        status=JobStatus(job.status),
        hitl_type=HitlType(asked.interaction_type),
        interaction_id=asked.interaction_id,
        opened_at=asked.created_at,
        timeout_at=asked.timeout_at,
        user_id=job.user_id,
        assignee=job.assignee,
        parked_at=job.parked_at,
        escalated_at=asked.escalated_at,
        reminders=asked.reminders,
        watching=parts.hub.watching(job.job_id),
    )


def _stopped(job: Job) -> StoppedJob:
    return StoppedJob(
        job_id=job.job_id,
        task_description=job.task_description,
        error=job.error or "",
        parked_at=job.parked_at,
        user_id=job.user_id,
        assignee=job.assignee,
    )
