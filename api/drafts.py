"""Routes of drafts: what one has and lacks, let a finding stand, publish it."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field, StringConstraints

from api import promoting
from api.dependencies import JobToPromote, JobToRead, PersonDep, ServicesDep, storable
from api.described import problems
from api.errors import InvalidRequest, NothingToPromote
from api.promoting import PromotionRequest
from domain.job import JobStatusView
from domain.library.promotion import DraftView, OpenFinding, missing, warnings
from domain.library.waivers import fingerprint
from domain.prompt import MAX_ANSWER
from domain.shape import StrictShape
from store import waivers
from store.standing import Draft
from store.waivers import NewWaiver

router = APIRouter(prefix="/drafts", tags=["library"], dependencies=[Depends(storable)])

MOST_WAIVED = 100


class WaiverRequest(StrictShape):
    """Body of `POST /drafts/{job_id}/waivers`: findings of this very digest, by key or code, and why they may stand."""

    digest: str = Field(pattern="^[0-9a-f]{64}$")
    findings: list[Annotated[str, StringConstraints(max_length=80)]] = Field(min_length=1, max_length=MOST_WAIVED)
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_ANSWER)]


@router.get("/{job_id}", summary="What a draft has and lacks", responses=problems(404, 409, 503))
async def read_draft(job: JobToRead, parts: ServicesDep) -> DraftView:
    """Approval, validation, scan and evaluation of the draft's digest, what is missing to publish it, and what it would
    be published without (`warnings`, where the policy only warns)."""
    draft, _ = await promoting.draft_of(parts, job)
    return await view_of_draft(draft)


@router.post("/{job_id}/waivers", summary="Let findings stand", responses=problems(404, 409, 422, 503))
async def waive_findings(job: JobToPromote, body: WaiverRequest, parts: ServicesDep, asking: PersonDep) -> DraftView:
    """Let errors of this digest stand, by name and with a reason, on record. Another digest has none of it."""
    draft, published = await promoting.draft_of(parts, job)
    digest = draft.standing.digest
    if published or digest is None:
        raise NothingToPromote("Nothing waits to be published, so there is nothing to waive.")
    if body.digest != digest:
        raise InvalidRequest(
            "These findings are of another digest.",
            {"digest": f"The draft's digest is {digest} by now; read it again."},
        )
    errors = (await asyncio.to_thread(draft.examined)).errors
    chosen = [finding for finding in errors if {finding.code, fingerprint(finding)} & set(body.findings)]
    known = {word for finding in errors for word in (finding.code, fingerprint(finding))}
    unknown = sorted(set(body.findings) - known)
    if unknown:
        message = f"Not among the errors of this digest: {', '.join(unknown)}."
        raise InvalidRequest(message, {"findings": message})
    new = NewWaiver(digest=digest, person=asking.name, reason=body.reason, job_id=job.job_id)
    async with parts.database.transaction() as session:
        await waivers.keep(session, chosen, new)
    draft, _ = await promoting.draft_of(parts, job)
    return await view_of_draft(draft)


@router.post(
    "/{job_id}/promote", status_code=202, summary="Publish a draft", responses=problems(404, 409, 422, 500, 503)
)
async def promote_draft(
    job: JobToPromote,
    response: Response,
    parts: ServicesDep,
    asking: PersonDep,
    body: PromotionRequest | None = None,
) -> JobStatusView:
    """Move the draft of a completed job into the library. 200 when this very text is published already."""
    promoted = await promoting.promote(parts, asking, job, body or PromotionRequest())
    if promoted.already:
        response.status_code = 200
    return promoted.view


async def view_of_draft(draft: Draft) -> DraftView:
    """What it has and lacks. Examines it in a thread."""
    seen = await asyncio.to_thread(draft.examined)
    found = [OpenFinding(key=fingerprint(finding), finding=finding) for finding in seen.open_errors]
    return DraftView(
        standing=seen.standing,
        missing=missing(seen.standing),
        open_findings=found,
        warnings=warnings(seen.standing),
        waivers=draft.waivers,
    )
