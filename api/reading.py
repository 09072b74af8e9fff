"""Jobs as they stand: from their row, or from Temporal until the workflow's first step has opened it. Never writes."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from api.temporal import RunningJob, Temporal
from api.workflow_pages import NOWHERE, WorkflowPages
from domain.errors import NotFound
from domain.job import JobEvent, JobStatus, JobStatusView, JobView
from domain.prompt import AnswerDraft, HitlType, PromptView
from domain.shape import Shape
from store import groups, jobs, prompts, views
from store.session import Database, Session
from store.tables import HitlInteraction, Job

WAITS_FOR_A_WORKER = "accepted; begins as soon as a worker is there"


class KnownJob(Shape):
    """A job that exists. `opened` is False until it has a row; then all that is known of it is here.

    `assignees`: names of all who act for the owner.
    """

    job_id: UUID
    user_id: str
    assignees: frozenset[str] = frozenset()
    opened: bool
    status: JobStatus
    task_description: str
    created_at: datetime


async def find(database: Database, temporal: Temporal, job_id: UUID) -> KnownJob:
    """The job. Raises NotFound, or TemporalUnavailable when it has no row and Temporal cannot be asked."""
    async with database.transaction() as session:
        row = await jobs.get(session, job_id)
        known = await known_of(session, row) if row is not None else None
    if known is not None:
        return known
    running = await temporal.describe(job_id)
    if running is None:
        raise no_job(job_id)
    return not_opened(running)


async def known_of(session: Session, row: Job) -> KnownJob:
    """A job that has a row."""
    return KnownJob(
        job_id=row.job_id,
        user_id=row.user_id,
        assignees=await _acting(session, row.assignee),
        opened=True,
        status=JobStatus(row.status),
        task_description=row.task_description,
        created_at=row.created_at,
    )


async def _acting(session: Session, assignee: str | None) -> frozenset[str]:
    if assignee is None:
        return frozenset()
    if assignee.startswith(groups.PREFIX):
        return frozenset(await groups.members(session, assignee.removeprefix(groups.PREFIX)))
    return frozenset({assignee})


def not_opened(running: RunningJob) -> KnownJob:
    """A job that has no row yet."""
    return KnownJob(**running.model_dump(exclude={"started_at"}), opened=False, created_at=running.started_at)


def no_job(job_id: UUID) -> NotFound:
    """What is said of a job that does not exist, and of one that is none of this person's business."""
    return NotFound(f"There is no job {job_id}, or it is not yours. See the list: GET /api/v1/jobs.")


async def status_of(database: Database, job: KnownJob) -> JobStatusView:
    """The light view."""
    async with database.transaction() as session:
        row = await jobs.get(session, job.job_id)
        return waiting_view(job) if row is None else await views.status_view(session, row)


async def view_of(database: Database, job: KnownJob, pages: WorkflowPages = NOWHERE) -> JobView:
    """All of it. `pages`: where its workflow is shown."""
    async with database.transaction() as session:
        row = await jobs.get(session, job.job_id)
        view = None if row is None else await views.job_view(session, row)
    view = view or not_begun(job)
    return view.model_copy(update={"workflow_url": pages.of(job.job_id, view.job_type)})


def not_begun(job: KnownJob) -> JobView:
    """All of a job without a row."""
    light = waiting_view(job)
    return JobView(**light.model_dump(), user_id=job.user_id, task_description=job.task_description)


def waiting_view(job: KnownJob) -> JobStatusView:
    """The light view of a job without a row."""
    ended = f"The workflow ended ({job.status}) before its first step." if job.status.final else None
    return JobStatusView(
        job_id=job.job_id,
        status=job.status,
        progress_message=ended or WAITS_FOR_A_WORKER,
        error=ended,
        created_at=job.created_at,
    )


async def prompt_of(database: Database, job: KnownJob, person: str, watching: Sequence[str] = ()) -> PromptView:
    """The open prompt with what this person has begun to answer; only id and status when nothing is asked.

    `watching`: who follows the job at this moment, as the hub knows.
    """
    async with database.transaction() as session:
        row = await jobs.get(session, job.job_id)
        if row is None:
            return PromptView(job_id=job.job_id, status=job.status)
        status = (await views.status_view(session, row)).status
        nothing = PromptView(job_id=job.job_id, status=status, assignee=row.assignee, watching=list(watching))
        return await _open_prompt(session, nothing, person)


async def _open_prompt(session: Session, nothing: PromptView, person: str) -> PromptView:
    asked = await prompts.open_of(session, nothing.job_id)
    if asked is None:
        return nothing
    return open_prompt(nothing, asked, await prompts.draft(session, asked.interaction_id, person))


def open_prompt(nothing: PromptView, asked: HitlInteraction, draft: AnswerDraft | None) -> PromptView:
    """An open prompt with what somebody has begun to answer; `nothing`: what is told when none is open."""
    review = asked.interaction_type == HitlType.VALIDATE
    return PromptView.model_validate(
        {
            **nothing.model_dump(include={"job_id", "assignee", "watching"}),
            # Not the job's row, which was read a moment before: what is asked and how the job stands must agree.
            "status": JobStatus.PENDING_REVIEW if review else JobStatus.PENDING_HITL,
            "hitl_type": asked.interaction_type,
            "interaction_id": asked.interaction_id,
            "round_number": asked.round_number,
            "prompt_data": asked.prompt_data,
            "form": asked.form,
            "draft": draft,
            "timeout_at": asked.timeout_at,
        }
    )


async def present(database: Database, job: KnownJob) -> JobEvent:
    """The first frame of a stream: how the job stands now."""
    async with database.transaction() as session:
        state = await jobs.present_state(session, job.job_id)
    if state is not None:
        return state
    seen = waiting_view(job)
    return JobEvent(seq=0, type="state", status=seen.status, message=seen.progress_message, created_at=job.created_at)
