"""Cancel, retry, reopen, assign: what an owner or assignee may do to a job. All but the last by signals."""

from collections.abc import Collection

from api.dependencies import Services, user_problem
from api.errors import InvalidRequest, NotBegun, NothingToReopen, NothingToRetry
from api.permissions import Person
from api.reading import KnownJob, find, status_of, view_of
from domain.errors import JobEnded
from domain.job import CancelRequest, JobStatus, JobStatusView, JobView
from store import groups, jobs


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
        raise NothingToRetry(f"The job is {view.status}: nothing of it waits to be tried again. {how_to_go_on(view)}")
    if view.error is None or view.parked_at is None:
        raise NothingToRetry("No problem of this job waits for a person; it goes on by itself.")
    await parts.temporal.retry(job.job_id, asking.name)
    return view


async def reopen(parts: Services, asking: Person, job: KnownJob) -> JobStatusView:
    """Ask a parked prompt again, with a new time limit and new reminders.

    Raises JobEnded, NothingToReopen, WorkflowGone, TemporalUnavailable.
    """
    view = await status_of(parts.database, job)
    if view.status.final:
        raise JobEnded(f"The job is {view.status}: it asks nothing any more. {how_to_go_on(view)}")
    if view.error is not None and view.parked_at is not None:
        raise NothingToReopen(
            f"The job waits on a problem, not on a prompt: {view.error} Mend it, then retry: "
            f"POST /api/v1/jobs/{job.job_id}/retry."
        )
    if view.hitl_type is None or view.parked_at is None:
        raise NothingToReopen("No prompt of this job is parked: an open one is answered, not asked again.")
    await parts.temporal.reopen(job.job_id, asking.name)
    return view


def how_to_go_on(view: JobStatusView) -> str:
    """What may be done instead with a job that has ended, as a request that can be sent as it is."""
    if view.result.revision is None:
        return "It wrote no revision; start a new job with the same description: POST /api/v1/skills."
    return f'Start a new job from its last revision: POST /api/v1/skills {{"from_job": "{view.job_id}"}}.'


async def assign(parts: Services, asking: Person, job: KnownJob, assignee: str | None) -> JobView:
    """Hand a job to a person (`ada`) or a group (`group:reviewers`), or to nobody. Raises InvalidRequest, NotBegun."""
    chosen = assignee.strip() if assignee is not None else None
    if chosen is not None and (problem := user_problem(chosen)):
        raise InvalidRequest(problem, {"assignee": problem})
    if not job.opened:
        raise NotBegun("No worker has opened this job yet. Assign it as soon as it runs.")
    async with parts.database.transaction() as session:
        if chosen is not None and chosen.startswith(groups.PREFIX):
            known = await groups.all_groups(session)
            if chosen.removeprefix(groups.PREFIX) not in known:
                raise InvalidRequest("There is no such group.", {"assignee": _unknown(chosen, known)})
        await jobs.assign(session, job.job_id, chosen, asking.name)
    found = await find(parts.database, parts.temporal, job.job_id)
    return await view_of(parts.database, found, parts.workflow_pages)


def _unknown(group: str, known: Collection[str]) -> str:
    there = ", ".join(f"{groups.PREFIX}{name}" for name in known) or "there are none yet"
    name = group.removeprefix(groups.PREFIX)
    return f"There is no group {name!r} ({there}). Make it: PUT /api/v1/groups/{name or 'NAME'}."
