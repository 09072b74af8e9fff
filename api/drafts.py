"""Route of drafts: publish one."""

from fastapi import APIRouter, Depends, Response

from api import promoting
from api.dependencies import JobToPromote, PersonDep, ServicesDep, storable
from api.described import problems
from api.promoting import PromotionRequest
from domain.job import JobStatusView

router = APIRouter(prefix="/drafts", tags=["library"], dependencies=[Depends(storable)])


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
