"""Promoting a draft: a clear refusal at once where the rules say no, else the workflow that publishes it.

The workflow applies the same rule again when it acts (`domain/promotion.py`); this is only the earlier answer.
"""

import asyncio
from typing import Annotated

from pydantic import Field
from temporalio.exceptions import WorkflowAlreadyStartedError

from api.dependencies import Services
from api.draft_folder import digest_of_draft
from api.errors import InvalidRequest, Lacking, NothingToPromote
from api.permissions import Person
from api.reading import KnownJob, status_of
from api.temporal import result_of
from domain.errors import InvalidAnswer, PromotionRefused
from domain.job import JobResult, JobStatus, JobStatusView
from domain.promotion import Standing, obstacles, told
from domain.prompt import MAX_ANSWER
from domain.shape import Shape, StrictShape
from domain.skill import SkillStatus
from domain.taxonomy import place
from store import jobs, skills, standing
from store.standing import Draft
from workflows.messages import PromoteRequest

PATIENCE = 10.0
"""Seconds to wait for the end, so that most callers get it at once."""


class PromotionRequest(StrictShape):
    """Body of `POST /drafts/{job_id}/promote`. `digest`: what you have read and approve; another draft is refused."""

    digest: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$", description="Approve this digest, and no other.")] = (
        None
    )
    category: str | None = Field(None, description="Another shelf than the planned one.", examples=["data"])
    force: bool = Field(False, description="Publish against the verdict of validation; needs a reason.")
    reason: Annotated[str | None, Field(max_length=MAX_ANSWER, description="Why; it goes on record.")] = None


class Promoted(Shape):
    """`already`: this very digest was published before, and nothing was done."""

    view: JobStatusView
    already: bool = False


async def promote(parts: Services, asking: Person, job: KnownJob, wanted: PromotionRequest) -> Promoted:
    """Publish a job's draft; returns after at most PATIENCE seconds.

    Raises InvalidRequest, Lacking, PromotionRefused, LibraryConflict, PromotionFailed, TemporalUnavailable.
    """
    reason = (wanted.reason or "").strip()
    if wanted.force and not reason:
        raise InvalidRequest("Forcing needs a reason.", {"reason": "Say why this draft may be published all the same."})
    category = await _known_category(parts, wanted.category)
    draft, published = await draft_of(parts, job)
    if published and wanted.digest in (None, draft.standing.digest):
        return await _settled(parts, job, category, already=True)
    if nothing := _ended_without(job, draft.standing):
        raise NothingToPromote(nothing)
    if lacking := obstacles(draft.scanned(), force=wanted.force, approving=wanted.digest):
        raise Lacking(told(lacking), lacking)
    request = PromoteRequest(
        job_id=job.job_id,
        by=asking.name,
        category=category,
        force=wanted.force,
        reason=reason,
        digest=draft.standing.digest,
    )
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


async def draft_of(parts: Services, job: KnownJob) -> tuple[Draft, bool]:
    """What is known of a job's draft, and whether this digest is published already."""
    lying = await asyncio.to_thread(digest_of_draft, parts.library.root, job.job_id)
    async with parts.database.transaction() as session:
        row = await jobs.get(session, job.job_id)
        result = JobResult.model_validate(row.result if row else {})
        skill = await skills.of_job(session, job.job_id)
        ended = job.status is JobStatus.COMPLETED
        draft = await standing.of_job(session, job.job_id, result, ended=ended, lying=lying)
    return draft, skill is not None and skill.status == SkillStatus.ACTIVE and skill.digest == result.digest
