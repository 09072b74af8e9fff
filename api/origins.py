"""Going on from an ended job: its revision, and what it was asked to do. Reads only."""

import asyncio
from uuid import UUID

from api.dependencies import Services
from api.draft_folder import digest_of_draft
from api.errors import InvalidRequest, JobNotEnded
from api.permissions import Person, Verb, may
from api.reading import KnownJob, find, no_job
from domain.job import JobOptions, JobResult, Origin, Source
from domain.shape import Shape
from store import jobs, revisions


class Roots(Shape):
    """What a new job takes from an ended one where its own request says nothing."""

    origin: Origin
    task_description: str
    options: JobOptions
    sources: list[Source]


async def roots(parts: Services, asking: Person, job_id: UUID, revision: int | None, *, draft: bool = False) -> Roots:
    """The ended job with this revision, or the one that held. Whoever may read it may go on from it.

    `draft`: with its draft's folder as it lies there now. Raises NotFound, JobNotEnded, InvalidRequest (no such
    revision, no such folder), TemporalUnavailable.
    """
    job = await find(parts.database, parts.temporal, job_id)
    if not may(asking, Verb.READ, job):
        raise no_job(job_id)
    if not job.status.final:
        raise JobNotEnded(
            f"The job {job_id} is {job.status}, and a new job can go on only from an ended one: cancel it first "
            f"(POST /api/v1/jobs/{job_id}/cancel), or answer its prompt."
        )
    async with parts.database.transaction() as session:
        numbers = [known.n for known in await revisions.history(session, job_id)]
        row = await jobs.get(session, job_id)
    held = JobResult.model_validate(row.result).revision if row else None
    chosen = _chosen(job, numbers, revision, held)
    if draft and await asyncio.to_thread(digest_of_draft, parts.library.root, job_id) is None:
        message = f"Job {job_id} has no folder of drafts here; leave `from_draft` out to go on from its revision."
        raise InvalidRequest(message, {"from_draft": message})
    assert row is not None  # it has revisions
    return Roots(
        origin=Origin(job_id=job_id, revision=chosen, draft=draft, by=asking.name if draft else ""),
        task_description=row.task_description,
        options=jobs.effective(row.options, row.budget),
        sources=[Source.model_validate(source) for source in row.sources],
    )


def listed(numbers: list[int]) -> str:
    """Which revisions there are, in words."""
    if not numbers:
        return "it has none"
    return f"there is only {numbers[0]}" if len(numbers) == 1 else f"there are {numbers[0]}–{numbers[-1]}"


def _chosen(job: KnownJob, numbers: list[int], wanted: int | None, held: int | None) -> int:
    """The revision asked for; else the one that held when the job ended, which a worse one may have come after."""
    if not numbers:
        message = f"Job {job.job_id} wrote no revision; start a new job with its description, without from_job."
        raise InvalidRequest(message, {"from_revision" if wanted is not None else "from_job": message})
    if wanted is not None and wanted not in numbers:
        message = f"Job {job.job_id} has no revision {wanted}; {listed(numbers)}."
        raise InvalidRequest(message, {"from_revision": message})
    if wanted is not None:
        return wanted
    return held if held in numbers else numbers[-1]
