"""Routes of drafts: what one has and lacks, let a finding stand, publish it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field, StringConstraints

from api import promoting
from api.dependencies import JobToPromote, JobToRead, PersonDep, Services, ServicesDep, storable
from api.described import problems
from api.errors import InvalidRequest, NothingToPromote
from api.promoting import PromotionRequest
from api.reading import KnownJob
from domain.job import JobStatusView
from domain.promotion import DraftView, OpenFinding, missing
from domain.prompt import MAX_ANSWER
from domain.safety import scan
from domain.shape import StrictShape
from domain.skill import Finding
from domain.waivers import fingerprint, standing_errors
from store import evidence, waivers
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
    """Approval, validation, scan and evaluation of the draft's digest, and what is missing to publish it."""
    draft, _ = await promoting.draft_of(parts, job)
    return await _view(parts, job, draft)


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
    errors = await _errors(parts, job, draft)
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
    return await _view(parts, job, draft)


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


async def _view(parts: Services, job: KnownJob, draft: Draft) -> DraftView:
    scanned = draft.scanned()
    errors = await _errors(parts, job, draft)
    async with parts.database.transaction() as session:
        waived = await waivers.keys(session, scanned.digest or "")
    found = [OpenFinding(key=fingerprint(finding), finding=finding) for finding in standing_errors(errors, waived)]
    return DraftView(standing=scanned, missing=missing(scanned), open_findings=found)


async def _errors(parts: Services, job: KnownJob, draft: Draft) -> list[Finding]:
    """The errors of the verdict and those that today's rules find besides, waived ones among them."""
    async with parts.database.transaction() as session:
        report = await evidence.last_report(session, job.job_id, draft.standing.digest or "")
    judged = evidence.findings(report) if report and report.waived is None else []
    errors = {fingerprint(finding): finding for finding in standing_errors([*judged, *scan(draft.files)], ())}
    return list(errors.values())
