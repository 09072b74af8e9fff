"""Route of a job's traces: how its models came to their answers, as far as they told and it was kept."""

import base64
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import JobToRead, PersonDep, ServicesDep
from api.described import problems
from api.errors import InvalidRequest
from api.permissions import Verb, may
from domain.model_call import TracePage, TraceView
from store import traces

router = APIRouter(prefix="/jobs/{job_id}", tags=["record"], responses=problems(404, 422, 503))

Step = Annotated[
    str,
    Query(
        max_length=200,
        description="Only calls of this step: how their keys begin, in whole parts, e.g. `plan` or `try/with/2`.",
    ),
]
Cursor = Annotated[str | None, Query(max_length=2_000, description="`next_cursor` of the last page.")]
Limit = Annotated[int, Query(ge=1, le=200, description="Most calls.")]


@router.get("/traces", summary="Traces")
async def read_traces(
    job: JobToRead, parts: ServicesDep, asking: PersonDep, step: Step = "", cursor: Cursor = None, limit: Limit = 20
) -> TracePage:
    """Every model call in the order of the answers: which step, which model, how long, what the model told of its
    thoughts, and what it answered. What it was sent is there when traces are kept in full
    (`SKILL_FLEET_TRACES=full`), for those who act for the job."""
    after = place(cursor) if cursor else None
    if "\0" in step:
        raise InvalidRequest("No step is named so.", {"step": "No step is named so."})
    async with parts.database.transaction() as session:
        found = await traces.page(session, job.job_id, step=step, after=after, limit=limit + 1)
    shown = found[:limit]
    if not may(asking, Verb.INSPECT, job):
        shown = [one.model_copy(update={"messages": None}) for one in shown]
    return TracePage(job_id=job.job_id, traces=shown, next_cursor=cursor_of(shown[-1]) if len(found) > limit else None)


def cursor_of(last: TraceView) -> str:
    """Where a page ended, as text that travels in an address."""
    return base64.urlsafe_b64encode(f"{last.at.isoformat()} {last.key}".encode()).decode()


def place(given: str) -> traces.Place:
    """The place that a cursor names. Raises InvalidRequest."""
    try:
        at, key = base64.urlsafe_b64decode(given.encode()).decode().split(" ", 1)
        moment = datetime.fromisoformat(at)
    except ValueError as error:
        raise _no_cursor() from error
    if moment.tzinfo is None or "\0" in key:
        raise _no_cursor()
    return moment, key


def _no_cursor() -> InvalidRequest:
    message = "This is no cursor of ours; take `next_cursor` from the last page unchanged."
    return InvalidRequest(message, {"cursor": message})
