"""Rows of jobs and prompts as people see them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.job import JobResult, JobStatus, JobStatusView, JobSummary, JobView, Origin, Phase, Usage
from domain.prompt import HitlType, PromptStatus
from store import calls, jobs, revisions
from store.tables import HitlInteraction, Job


@dataclass(frozen=True)
class Seen:
    """What whoever asks for a view has read already: `asked`: whether a prompt is open."""

    asked: bool
    usage: Usage
    feedback: list[str]


async def job_view(session: AsyncSession, job: Job, seen: Seen | None = None) -> JobView:
    """All of a job. A prompt that has its answer already no longer counts as open."""
    light = await status_view(session, job, seen)
    return JobView(
        **light.model_dump(),
        user_id=job.user_id,
        job_type=job.job_type,
        task_description=job.task_description,
        task_description_refined=job.task_description_refined,
        options=jobs.effective(job.options, job.budget),
        draft_path=job.draft_path,
        final_path=job.final_path,
        promoted=job.promoted,
        validation_passed=job.validation_passed,
        validation_score=job.validation_score,
        feedback=seen.feedback if seen else await revisions.feedback_of(session, job.job_id),
        assignee=job.assignee,
        origin=Origin.model_validate(job.origin) if job.origin else None,
        evaluates=jobs.evaluates(job),
        started_at=job.started_at,
        updated_at=job.updated_at,
    )


async def status_view(session: AsyncSession, job: Job, seen: Seen | None = None) -> JobStatusView:
    """The light view of a job."""
    status, hitl_type = await _open_state(session, job, seen)
    usage = seen.usage if seen else await calls.usage(session, job.job_id)
    result = JobResult.model_validate({**job.result, "usage": usage})
    return JobStatusView(
        job_id=job.job_id,
        status=status,
        current_phase=Phase(job.current_phase) if job.current_phase else None,
        hitl_type=hitl_type,
        progress_percent=job.progress_percent,
        progress_message=job.progress_message,
        result=result,
        error=job.error,
        created_at=job.created_at,
        completed_at=job.completed_at,
        parked_at=job.parked_at,
    )


def summary(job: Job) -> JobSummary:
    """One row of a list of jobs."""
    return JobSummary(
        job_id=job.job_id,
        user_id=job.user_id,
        status=JobStatus(job.status),
        task_description=job.task_description,
        current_phase=Phase(job.current_phase) if job.current_phase else None,
        hitl_type=HitlType(job.hitl_type) if job.hitl_type else None,
        progress_percent=job.progress_percent,
        skill_name=JobResult.model_validate(job.result).skill_name,
        promoted=job.promoted,
        created_at=job.created_at,
    )


async def _open_state(session: AsyncSession, job: Job, seen: Seen | None) -> tuple[JobStatus, HitlType | None]:
    status = JobStatus(job.status)
    if job.hitl_type is None:
        return status, None
    if seen.asked if seen else await _is_open(session, job.job_id):
        return status, HitlType(job.hitl_type)
    return (status if status.final else JobStatus.RUNNING), None


async def _is_open(session: AsyncSession, job_id: UUID) -> bool:
    query = select(HitlInteraction.interaction_id).where(
        HitlInteraction.job_id == job_id, HitlInteraction.status == PromptStatus.PENDING
    )
    return (await session.scalars(query.limit(1))).first() is not None
