"""Cancel and retry: what an owner may do to a running job, by signals."""

from api.dependencies import Services
from api.errors import NothingToRetry
from api.permissions import Person
from api.reading import KnownJob, status_of
from domain.errors import JobEnded
from domain.job import CancelRequest, JobStatus, JobStatusView


async def cancel(parts: Services, asking: Person, job: KnownJob, reason: str) -> JobStatusView:
    """Ask a job to end; one that is cancelled already stays so. Raises JobEnded, WorkflowGone, TemporalUnavailable."""
    if job.status.final and job.status is not JobStatus.CANCELLED:
        raise JobEnded(f"The job is {job.status} and cannot be cancelled any more.")
    if not job.status.final:
        await parts.temporal.cancel(job.job_id, CancelRequest(reason=reason, by=asking.name))
    return await status_of(parts.database, job)


async def retry(parts: Services, asking: Person, job: KnownJob) -> JobStatusView:
    """Let a job that waits on a problem go on. Raises NothingToRetry, WorkflowGone, TemporalUnavailable."""
    view = await status_of(parts.database, job)
    if view.status.final:
        raise NothingToRetry(f"The job is {view.status}; start a new one with the same description.")
    if view.error is None or view.parked_at is None:
        raise NothingToRetry("No problem of this job waits for a person; it goes on by itself.")
    await parts.temporal.retry(job.job_id, asking.name)
    return view
