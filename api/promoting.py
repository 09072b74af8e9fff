"""Promoting a draft: a clear refusal at once where the rules say no, else the workflow that publishes it.

The workflow applies the same rule again when it acts (`domain/promotion.py`); this is only the earlier answer.
"""

import asyncio
from typing import Annotated

from pydantic import Field
from temporalio.exceptions import WorkflowAlreadyStartedError

from api.dependencies import Services
from api.errors import InvalidRequest, NothingToPromote
from api.permissions import Person
from api.reading import KnownJob, status_of
from api.temporal import result_of
from domain.errors import InvalidAnswer, PromotionRefused
from domain.job import JobResult, JobStatus, JobStatusView
from domain.promotion import Standing, obstacle
from domain.prompt import MAX_ANSWER
from domain.shape import Shape, StrictShape
from domain.skill import SkillStatus
from domain.taxonomy import place
from store import evidence, jobs, skills
from store.session import Session
from workflows.messages import PromoteRequest

PATIENCE = 10.0
"""Seconds to wait for the end, so that most callers get it at once."""


class PromotionRequest(StrictShape):
    """Body of `POST /drafts/{job_id}/promote`."""

    category: str | None = Field(None, description="Another shelf than the planned one.", examples=["data"])
    force: bool = Field(False, description="Publish against the verdict of validation; needs a reason.")
    reason: Annotated[str | None, Field(max_length=MAX_ANSWER, description="Why; it goes on record.")] = None


class Promoted(Shape):
    """`already`: this very digest was published before, and nothing was done."""

    view: JobStatusView
    already: bool = False


async def promote(parts: Services, asking: Person, job: KnownJob, wanted: PromotionRequest) -> Promoted:
    """Publish a job's draft; returns after at most PATIENCE seconds.

    Raises InvalidRequest, PromotionRefused, LibraryConflict, PromotionFailed, TemporalUnavailable.
    """
    reason = (wanted.reason or "").strip()
    if wanted.force and not reason:
        raise InvalidRequest("Forcing needs a reason.", {"reason": "Say why this draft may be published all the same."})
    category = await _known_category(parts, wanted.category)
    async with parts.database.transaction() as session:
        standing, published = await _standing(session, job)
    if published:
        return await _settled(parts, job, category, already=True)
    if nothing := _ended_without(job, standing):
        raise NothingToPromote(nothing)
    if refusal := obstacle(standing, force=wanted.force, reason=reason):
        raise PromotionRefused(refusal)
    request = PromoteRequest(job_id=job.job_id, by=asking.name, category=category, force=wanted.force, reason=reason)
    try:
        await result_of(await parts.temporal.promote(request), PATIENCE)
    except WorkflowAlreadyStartedError:
        return await _settled(parts, job, category, already=True)
    return await _settled(parts, job, category, already=False)


async def _settled(parts: Services, job: KnownJob, category: str | None, *, already: bool) -> Promoted:
    """What stands published, by this request or an earlier one. Raises PromotionRefused when it stands elsewhere than
    was asked for."""
    view = await status_of(parts.database, job)
    there = view.result.final_path or ""
    if category is not None and there and there.rpartition("/")[0] != category:
        raise PromotionRefused(
            f"The skill is published already, as {there}, and promoting it again does not move it to {category!r}. "
            "Leave `category` out; for another place start a new job from this one and promote that."
        )
    return Promoted(view=view, already=already)


def _ended_without(job: KnownJob, standing: Standing) -> str | None:
    """Why the draft of a job that was cancelled or failed is never promoted, and what may be done with it."""
    if job.status not in (JobStatus.CANCELLED, JobStatus.FAILED):
        return None
    if standing.revision is None:
        return f"The job is {job.status} and wrote no draft. Start a new job with the same description."
    return (
        f"The job is {job.status} before its draft was approved and validated, so revision {standing.revision} cannot "
        "be promoted, not even by force. Start a new job from that revision and promote its draft: "
        f'POST /api/v1/skills {{"from_job": "{job.job_id}"}}.'
    )


async def _known_category(parts: Services, category: str | None) -> str | None:
    if category is None:
        return None
    try:
        return place(category, await asyncio.to_thread(parts.library.taxonomy), by_person=True)
    except InvalidAnswer as unknown:
        raise InvalidRequest(str(unknown), {"category": str(unknown)}) from unknown


async def _standing(session: Session, job: KnownJob) -> tuple[Standing, bool]:
    """What is known of the draft, and whether this digest is published already."""
    row = await jobs.get(session, job.job_id)
    result = JobResult.model_validate(row.result if row else {})
    skill = await skills.of_job(session, job.job_id)
    published = skill is not None and skill.status == SkillStatus.ACTIVE and skill.digest == result.digest
    report = await evidence.last_report(session, job.job_id, result.digest) if result.digest else None
    standing = Standing(
        revision=result.revision,
        digest=result.digest,
        ended=job.status is JobStatus.COMPLETED,
        validated=report is not None and report.passed,
        waived=report is not None and report.waived is not None,
    )
    return standing, published
