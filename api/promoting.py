"""Promoting a draft: a clear refusal at once where the rules say no, else the workflow that publishes it.

The workflow applies the same rule again when it acts (`domain/library/promotion.py`); this is only the earlier answer.
"""

import asyncio
from typing import Annotated

from pydantic import Field
from temporalio.exceptions import WorkflowAlreadyStartedError

from api.dependencies import Services
from api.draft_folder import digest_of_draft
from api.errors import InvalidRequest, Lacking, NotCurrent, NothingToPromote
from api.permissions import Person
from api.reading import KnownJob, status_of
from api.temporal import result_of
from domain.errors import InvalidAnswer, PromotionRefused
from domain.job import JobResult, JobStatus, JobStatusView
from domain.library.promotion import Standing, obstacles, told
from domain.prompt import MAX_ANSWER
from domain.shape import Shape, StrictShape
from domain.taxonomy import place
from store import jobs, standing, standing_bytes
from store.standing import Draft
from store.standing_bytes import StandingBytes
from workflows.promote_messages import PromoteRequest

PATIENCE = 10.0
"""Seconds to wait for the end, so that most callers get it at once."""


class PromotionRequest(StrictShape):
    """Body of `POST /drafts/{job_id}/promote`. `digest`: what you have read and approve; another draft is refused."""

    digest: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$", description="Approve this digest, and no other.")] = (
        None
    )
    category: str | None = Field(None, description="Another shelf than the planned one.", examples=["data"])
    force: bool = Field(
        False,
        description="Publish in spite of validation, the scan, the evidence or unmet requirements; needs a reason.",
    )
    reason: Annotated[str | None, Field(max_length=MAX_ANSWER, description="Why; it goes on record.")] = None


class Promoted(Shape):
    """`already`: this very digest was published before, and nothing was done."""

    view: JobStatusView
    already: bool = False


async def promote(parts: Services, asking: Person, job: KnownJob, wanted: PromotionRequest) -> Promoted:
    """Publish a job's draft; returns after at most PATIENCE seconds.

    Raises InvalidRequest, Lacking, PromotionRefused, NotCurrent, LibraryConflict, PromotionFailed, TemporalUnavailable.
    """
    reason = (wanted.reason or "").strip()
    if wanted.force and not reason:
        raise InvalidRequest("Forcing needs a reason.", {"reason": "Say why this draft may be published all the same."})
    category = await _known_category(parts, wanted.category)
    draft, stands = await _known(parts, job)
    if nothing := _ended_without(job, draft.standing):
        raise NothingToPromote(nothing)
    own = (None, draft.standing.digest)
    stands = stands if wanted.digest in own and draft.standing.lying in own else None
    if stands is not None:
        if (done := await _stands(parts, job, stands, category)) is not None:
            return done
    elif lacking := obstacles(
        (await asyncio.to_thread(draft.examined)).standing, force=wanted.force, approving=wanted.digest
    ):
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
        await result_of(await parts.temporal.promote(request, again=stands is not None), PATIENCE)
    except WorkflowAlreadyStartedError:
        return await _ended_meanwhile(parts, job, category)
    return await _settled(parts, job, category, already=stands is not None)


async def _stands(parts: Services, job: KnownJob, stands: StandingBytes, category: str | None) -> Promoted | None:
    """What is said of bytes that are a version already; None when the job has yet to be told so.

    Raises NotCurrent when agents do not read that version now, PromotionRefused when another shelf is asked for.
    """
    if not stands.current:
        raise NotCurrent(stands.told)
    if category is not None and category != stands.category:
        raise PromotionRefused(_elsewhere(stands.path, category))
    view = await status_of(parts.database, job)
    return Promoted(view=view, already=True) if view.result.final_path else None


async def _ended_meanwhile(parts: Services, job: KnownJob, category: str | None) -> Promoted:
    """A promotion of this job succeeded before. Raises NotCurrent when what it published is not read now."""
    _, stands = await _known(parts, job)
    if stands is None:
        raise NotCurrent(
            "This draft was promoted before, and no version of the library has its bytes now. Start a new job from it: "
            f"`skill-fleet create --from-job {job.job_id}`."
        )
    if not stands.current:
        raise NotCurrent(stands.told)
    return await _settled(parts, job, category, already=True)


async def _settled(parts: Services, job: KnownJob, category: str | None, *, already: bool) -> Promoted:
    """What stands published, by this request or an earlier one. Raises PromotionRefused when it stands elsewhere than
    was asked for."""
    view = await status_of(parts.database, job)
    there = view.result.final_path or ""
    if category is not None and there and there.rpartition("/")[0] != category:
        raise PromotionRefused(_elsewhere(there, category))
    return Promoted(view=view, already=already and bool(there))


def _elsewhere(there: str, category: str) -> str:
    return (
        f"The skill is published already, as {there}, and promoting it again does not move it to {category!r}. "
        "Leave `category` out; for another place start a new job from this one and promote that."
    )


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
    """What is known of a job's draft, and whether agents read this digest already."""
    draft, stands = await _known(parts, job)
    return draft, stands is not None and stands.current


async def _known(parts: Services, job: KnownJob) -> tuple[Draft, StandingBytes | None]:
    lying = await asyncio.to_thread(digest_of_draft, parts.library.root, job.job_id)
    async with parts.database.transaction() as session:
        row = await jobs.get(session, job.job_id)
        result = JobResult.model_validate(row.result if row else {})
        stands = await standing_bytes.of_draft(session, job.job_id, result.digest)
        ended = job.status is JobStatus.COMPLETED
        draft = await standing.of_job(session, job.job_id, result, parts.policy, ended=ended, lying=lying)
    return draft, stands
