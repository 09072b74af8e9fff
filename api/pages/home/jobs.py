"""The list of jobs on the first page: by state and words, a page at a time, and kept up to date."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import StreamingResponse

from api import listing
from api.dependencies import PersonDep, Services, ServicesDep
from api.pages.changing import changing, streamed
from api.pages.frame import View, templates
from api.pages.partials import partial
from api.permissions import Person
from domain.job import JobPage, JobStatus
from domain.shape import Shape
from store import stopped

router = APIRouter()

SHOWN_JOBS = 30

MAX_WORDS = 200

PAUSE = 5.0
"""Seconds between two readings of a list that is shown: each asks Temporal for jobs that have no row yet."""


class Asked(Shape):
    """What of the list is asked for: `status` None for all, `q` words of the task, `cursor` where a page ended."""

    status: JobStatus | None = None
    q: str = ""
    cursor: str = ""

    @property
    def narrowed(self) -> bool:
        """Whether some jobs may be left out."""
        return self.status is not None or bool(self.q)

    def address(self, path: str, cursor: str | None = None) -> str:
        """The same choice at another place of the list."""
        given = {"status": self.status or "", "q": self.q, "cursor": cursor or ""}
        query = urlencode({name: value for name, value in given.items() if value})
        return f"{path}?{query}" if query else path


class JobsView(View):
    """The list of jobs: `older` is the address of the next page, `live` of the stream that keeps this one up to date
    (only the first page has one); `stopped` are the jobs that need mending."""

    asked: Asked
    jobs: JobPage
    stopped: list[UUID]
    older: str = ""
    live: str = ""

    def given(self) -> dict[str, object]:
        """Its own fields, for a page that shows more."""
        return {name: getattr(self, name) for name in JobsView.model_fields if name != "title"}


def asked_of(status: str = "", q: str = "", cursor: str = "") -> Asked:
    """What an address asks for. A state that is none means all, as the empty choice of a form does."""
    known = status if status in [*JobStatus] else None
    return Asked(status=known, q=q.replace("\0", "").strip()[:MAX_WORDS], cursor=cursor)


@router.get("/live")
async def follow_jobs(
    request: Request,
    parts: ServicesDep,
    asking: PersonDep,
    asked: Annotated[Asked, Depends(asked_of)],
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """The first page of the list as a stream of fragments: now, and whenever it has changed."""

    async def shown() -> str:
        view = await job_list(parts, asking, asked.model_copy(update={"cursor": ""}))
        return partial("jobs", templates.part(request, "home/jobs.html", view))

    return await streamed(changing(parts.hub, shown, last_event_id, breath=PAUSE))


async def job_list(parts: Services, asking: Person, asked: Asked) -> JobsView:
    """A page of jobs, newest first. Raises InvalidRequest for a cursor that is none."""
    wanted = listing.Wanted(status=asked.status, words=asked.q or None, cursor=asked.cursor or None, limit=SHOWN_JOBS)
    listed = await listing.page(parts, asking, wanted)
    async with parts.database.transaction() as session:
        halted = [job.job_id for job in await stopped.by_a_problem(session)]
    return JobsView(
        title="Jobs",
        asked=asked,
        jobs=listed,
        stopped=halted,
        older=asked.address("/", listed.next_cursor) if listed.next_cursor else "",
        live="" if asked.cursor else asked.address("/live"),
    )
