"""Routes of jobs: start, list, look, follow, steer."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Header, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from api import listing, reading, starting, steering
from api.dependencies import (
    JobToAssign,
    JobToCancel,
    JobToInspect,
    JobToRead,
    JobToReopen,
    JobToRetry,
    PersonDep,
    ServicesDep,
    storable,
)
from api.described import problems
from api.errors import InvalidRequest
from api.examples import EVENTS, GO_ON, START, STARTED
from api.starting import StartRequest
from api.stream import UNBUFFERED, frames
from domain.job import JobPage, JobStatus, JobStatusView, JobView, PendingPage
from domain.prompt import MAX_ANSWER, HitlType
from domain.shape import StrictShape
from store import jobs

router = APIRouter(tags=["jobs"], dependencies=[Depends(storable)])


class CancelBody(StrictShape):
    """Body of `POST /jobs/{job_id}/cancel`."""

    reason: Annotated[str, Field(max_length=MAX_ANSWER, description="Why; it goes on record.")] = ""


class Assignment(StrictShape):
    """Body of `PUT /jobs/{job_id}/assignee`."""

    assignee: str | None = Field(
        description="A person's name, `group:<name>`, or null for nobody.", examples=["ada", "group:reviewers", None]
    )


class Stack(StrictShape):
    """`GET /jobs/{job_id}/stack`: what people were told of the end, and where in the code it came from; null of a job
    that did not fail there."""

    error: str | None
    stack: str | None


def location(job_id: UUID) -> str:
    """Where a job is read."""
    return f"/api/v1/jobs/{job_id}"


@router.post(
    "/skills",
    status_code=202,
    summary="Start a job",
    responses={202: {"content": {"application/json": {"example": STARTED}}}, **problems(404, 409, 413, 422, 503)},
)
async def start_skill(
    body: Annotated[StartRequest, Body(examples=[START, GO_ON])],
    response: Response,
    parts: ServicesDep,
    asking: PersonDep,
    idempotency_key: Annotated[
        str | None, Header(max_length=255, description="The same key and body again is the same job.")
    ] = None,
) -> JobStatusView:
    """Start a job from a sentence, or go on from a revision of an ended job. Answers at once; `Location` says where to
    follow it."""
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


@router.get("/jobs/pending", summary="The inbox", responses=problems(422, 503))
async def list_pending(
    parts: ServicesDep,
    asking: PersonDep,
    user_id: Annotated[str | None, Query(max_length=255, description="The owner.")] = None,
    assignee: Annotated[str | None, Query(max_length=255, description="A name, or `group:<name>`.")] = None,
    kind: HitlType | None = None,
    mine: Annotated[
        bool, Query(description="Assigned to you or your groups, or yours and assigned to nobody.")
    ] = False,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> PendingPage:
    """Open prompts, oldest due first: what is overdue stands at the top, because there somebody has waited longest.
    `problems` are jobs that wait for a person to mend something."""
    wanted = listing.InboxWanted(user_id=user_id, assignee=assignee, kind=kind, mine=mine, limit=limit)
    return await listing.inbox(parts, asking, wanted)


@router.get("/jobs/{job_id}", summary="All of a job", responses=problems(404, 503))
async def read_job(job: JobToRead, parts: ServicesDep) -> JobView:
    """A job with its request, its result so far, and what people said."""
    return await reading.view_of(parts.database, job, parts.workflow_pages)


@router.get("/jobs/{job_id}/status", summary="Where a job stands", responses=problems(404, 503))
async def read_status(job: JobToRead, parts: ServicesDep) -> JobStatusView:
    """The light view, for polling."""
    return await reading.status_of(parts.database, job)


@router.get("/jobs/{job_id}/stack", summary="Where a job failed", responses=problems(404, 503))
async def read_stack(job: JobToInspect, parts: ServicesDep) -> Stack:
    """For operators: where in the code an error ended the job. Only its owner or assignee may."""
    async with parts.database.transaction() as session:
        row = await jobs.get(session, job.job_id)
        return Stack(error=row.error if row else None, stack=row.error_stack if row else None)


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
    asking: PersonDep,
    last_event_id: Annotated[str | None, Header(description="Number of the last event seen.")] = None,
    after: Annotated[
        str | None, Query(alias="last_event_id", description="The same, for clients without headers.")
    ] = None,
    tokens: Annotated[bool, Query(description="Also show what models write, while they write it.")] = False,
    presence: Annotated[bool, Query(description="Also tell who looks at the job, when that changes.")] = False,
) -> StreamingResponse:
    """Server-Sent Events: first the present state (`state`), then every event after `Last-Event-ID` (without one: all).

    `data` is a JobEvent. A comment every 15 seconds shows that the stream lives. It ends when the job has ended and all
    is sent; opened again later it tells of a promotion. With `tokens=true` events `token` come between, without an id:
    `data` is {label, text}, the last part of what a model has written so far; some may be missing. As long as the
    stream is open, others see your name at the job's prompt; with `presence=true` events `watching` tell, without an
    id, who looks: `data` is {watching: names}.
    """
    since = position(last_event_id or after)
    stream = frames(parts, job, since, tokens=tokens, presence=presence, watcher=asking.name)
    return StreamingResponse(stream, media_type="text/event-stream", headers=UNBUFFERED)


@router.post("/jobs/{job_id}/cancel", status_code=202, summary="Cancel a job", responses=problems(404, 410, 422, 503))
async def cancel_job(
    job: JobToCancel, response: Response, parts: ServicesDep, asking: PersonDep, body: CancelBody | None = None
) -> JobStatusView:
    """Ask a job to end, in whatever state it is; the model call in flight is aborted, and what exists is kept. 200 when
    it is cancelled already. Only its owner or assignee may."""
    view = await steering.cancel(parts, asking, job, body.reason if body else "")
    if job.status.final:
        response.status_code = 200
    return view


@router.post(
    "/jobs/{job_id}/retry", status_code=202, summary="Go on after a problem", responses=problems(404, 409, 410, 503)
)
async def retry_job(job: JobToRetry, parts: ServicesDep, asking: PersonDep) -> JobStatusView:
    """Let a job go on that waited for a person to mend something (a key, a bill). Only its owner or assignee may."""
    return await steering.retry(parts, asking, job)


@router.post(
    "/jobs/{job_id}/reopen",
    status_code=202,
    summary="Ask a parked prompt again",
    responses=problems(404, 409, 410, 503),
)
async def reopen_job(job: JobToReopen, parts: ServicesDep, asking: PersonDep) -> JobStatusView:
    """Give a parked prompt a new time limit and new reminders. Only the job's owner or assignee may."""
    return await steering.reopen(parts, asking, job)


@router.put("/jobs/{job_id}/assignee", summary="Assign a job", responses=problems(404, 409, 422, 503))
async def assign_job(job: JobToAssign, body: Assignment, parts: ServicesDep, asking: PersonDep) -> JobView:
    """Hand a job to a person or a group, who then may do all that its owner may. Only its owner or assignee may."""
    return await steering.assign(parts, asking, job, body.assignee)


def position(given: str | None) -> int:
    """The number of the last event seen; 0 for none. Raises InvalidRequest."""
    if not given:
        return 0
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        message = "Give the number of the last event you saw, as its `id` says."
        raise InvalidRequest(message, {"Last-Event-ID": message})
    return int(given)
