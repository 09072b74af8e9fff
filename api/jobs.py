"""Routes of jobs: start, list, look, follow, steer."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Header, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from api import listing, reading, starting, steering
from api.dependencies import JobToCancel, JobToRead, JobToRetry, PersonDep, ServicesDep, storable
from api.described import problems
from api.errors import InvalidRequest
from api.examples import EVENTS, START, STARTED
from api.starting import StartRequest
from api.stream import frames
from domain.job import JobPage, JobStatus, JobStatusView, JobView, PendingPage
from domain.prompt import MAX_ANSWER
from domain.shape import StrictShape

router = APIRouter(tags=["jobs"], dependencies=[Depends(storable)])


class CancelBody(StrictShape):
    """Body of `POST /jobs/{job_id}/cancel`."""

    reason: Annotated[str, Field(max_length=MAX_ANSWER, description="Why; it goes on record.")] = ""


def location(job_id: UUID) -> str:
    """Where a job is read."""
    return f"/api/v1/jobs/{job_id}"


@router.post(
    "/skills",
    status_code=202,
    summary="Start a job",
    responses={202: {"content": {"application/json": {"example": STARTED}}}, **problems(413, 422, 503)},
)
async def start_skill(
    body: Annotated[StartRequest, Body(examples=[START])],
    response: Response,
    parts: ServicesDep,
    asking: PersonDep,
    idempotency_key: Annotated[
        str | None, Header(max_length=255, description="The same key and body again is the same job.")
    ] = None,
) -> JobStatusView:
    """Start a job from a sentence. Answers at once; `Location` says where to follow it."""
    started = await starting.start(parts, asking, body, idempotency_key or None)
    response.headers["Location"] = location(started.view.job_id)
    if started.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return started.view


@router.get("/jobs", summary="List jobs", responses=problems(422, 503))
async def list_jobs(
    parts: ServicesDep,
    asking: PersonDep,
    status: JobStatus | None = None,
    user_id: Annotated[str | None, Query(max_length=255)] = None,
    q: Annotated[str | None, Query(max_length=200, description="Words of the task.")] = None,
    cursor: Annotated[str | None, Query(max_length=200, description="`next_cursor` of the last page.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> JobPage:
    """Jobs, newest first. Accepted jobs that no worker has opened yet are on the first page."""
    wanted = listing.Wanted(status=status, user_id=user_id, words=q, cursor=cursor, limit=limit)
    return await listing.page(parts, asking, wanted)


@router.get("/jobs/pending", summary="The inbox", responses=problems(503))
async def list_pending(
    parts: ServicesDep, asking: PersonDep, user_id: Annotated[str | None, Query(max_length=255)] = None
) -> PendingPage:
    """Open prompts, oldest due first."""
    return await listing.inbox(parts, asking, user_id)


@router.get("/jobs/{job_id}", summary="All of a job", responses=problems(404, 503))
async def read_job(job: JobToRead, parts: ServicesDep) -> JobView:
    """A job with its request, its result so far, and what people said."""
    return await reading.view_of(parts.database, job)


@router.get("/jobs/{job_id}/status", summary="Where a job stands", responses=problems(404, 503))
async def read_status(job: JobToRead, parts: ServicesDep) -> JobStatusView:
    """The light view, for polling."""
    return await reading.status_of(parts.database, job)


@router.get(
    "/jobs/{job_id}/events",
    summary="Follow a job",
    response_class=StreamingResponse,
    responses={
        200: {"description": "Server-Sent Events.", "content": {"text/event-stream": {"example": EVENTS}}},
        **problems(404, 422, 503),
    },
)
async def follow_job(
    job: JobToRead,
    parts: ServicesDep,
    last_event_id: Annotated[str | None, Header(description="Number of the last event seen.")] = None,
    after: Annotated[
        str | None, Query(alias="last_event_id", description="The same, for clients without headers.")
    ] = None,
) -> StreamingResponse:
    """Server-Sent Events: first the present state (`state`), then every event after `Last-Event-ID` (without one: all).

    `data` is a JobEvent. A comment every 15 seconds shows that the stream lives. It ends when the job has ended and all
    is sent; opened again later it tells of a promotion.
    """
    stream = frames(parts, job, position(last_event_id or after))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


@router.post("/jobs/{job_id}/cancel", status_code=202, summary="Cancel a job", responses=problems(404, 410, 422, 503))
async def cancel_job(
    job: JobToCancel, response: Response, parts: ServicesDep, asking: PersonDep, body: CancelBody | None = None
) -> JobStatusView:
    """Ask a job to end; the model call in flight is aborted. 200 when it is cancelled already. Only its owner may."""
    view = await steering.cancel(parts, asking, job, body.reason if body else "")
    if job.status.final:
        response.status_code = 200
    return view


@router.post(
    "/jobs/{job_id}/retry", status_code=202, summary="Go on after a problem", responses=problems(404, 409, 410, 503)
)
async def retry_job(job: JobToRetry, parts: ServicesDep, asking: PersonDep) -> JobStatusView:
    """Let a job go on that waited for a person to mend something (a key, a bill). Only its owner may."""
    return await steering.retry(parts, asking, job)


def position(given: str | None) -> int:
    """The number of the last event seen; 0 for none. Raises InvalidRequest."""
    if not given:
        return 0
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        message = "Give the number of the last event you saw, as its `id` says."
        raise InvalidRequest(message, {"Last-Event-ID": message})
    return int(given)
