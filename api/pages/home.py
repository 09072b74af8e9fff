"""The first page: the sentence that starts a job, and the jobs."""

import asyncio
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response

from api import listing, starting
from api.dependencies import MAX_USER, USER_COOKIE, PersonDep, Services, ServicesDep, user_problem
from api.errors import InvalidRequest
from api.pages.asked import Typed
from api.pages.forms import START_FIELDS, FormDep, start_request
from api.pages.frame import YEAR, View, see, templates
from api.pages.refusals import REFUSALS, typed_of
from api.permissions import Person
from domain.job import MAX_DESCRIPTION, JobPage, JobStatus, JobSummary
from domain.skill import Category
from store import jobs, views

router = APIRouter()

SHOWN_JOBS = 30

MOST_STOPPED = 200
"""Running jobs that are looked through for stopped ones."""


class HomeView(View):
    """The first page. `key` makes a form that is sent twice start one job; `stopped` are the jobs that need mending."""

    jobs: JobPage
    stopped: list[UUID]
    categories: list[Category]
    typed: Typed
    key: str


@router.get("/")
async def show_home(request: Request, parts: ServicesDep, asking: PersonDep, task: str = "") -> Response:
    """The sentence, and the jobs. `task` is a sentence to begin with."""
    return await _home(request, parts, asking, Typed(fields={"task_description": task[:MAX_DESCRIPTION]}))


@router.post("/")
async def send_task(request: Request, form: FormDep, parts: ServicesDep, asking: PersonDep) -> Response:
    """Start a job."""
    try:
        key = form.text("key")
        started = await starting.start(parts, asking, start_request(form), f"page:{key}" if key else None)
    except REFUSALS as refused:
        return await _home(request, parts, asking, typed_of(refused, {name: form.text(name) for name in START_FIELDS}))
    return see(f"/jobs/{started.view.job_id}")


@router.post("/who")
async def send_name(form: FormDep) -> Response:
    """Remember who uses this browser."""
    name = form.text("name").strip()[:MAX_USER]
    response = see("/")
    problem = user_problem(name) if name else None
    if problem or not name.isascii():
        raise InvalidRequest(problem or "Only plain letters, please: the name travels in a header.", {"name": name})
    if name:
        response.set_cookie(USER_COOKIE, name, max_age=YEAR, httponly=True, samesite="strict")
    else:
        response.delete_cookie(USER_COOKIE)
    return response


async def _home(request: Request, parts: Services, asking: Person, typed: Typed) -> Response:
    listed = await listing.page(parts, asking, listing.Wanted(limit=SHOWN_JOBS))
    taxonomy = await asyncio.to_thread(parts.library.taxonomy)
    view = HomeView(
        title="Make a skill",
        jobs=listed,
        stopped=[job.job_id for job in await stopped_jobs(parts)],
        categories=[*taxonomy.categories],
        typed=typed,
        key=str(uuid4()),
    )
    return templates.page(request, "home.html", view, typed.status)


async def stopped_jobs(parts: Services) -> list[JobSummary]:
    """Running jobs that go on only when something was mended, newest first."""
    async with parts.database.transaction() as session:
        rows = await jobs.page(session, status=JobStatus.RUNNING, limit=MOST_STOPPED)
    return [views.summary(row) for row in rows if row.error is not None and row.parked_at is not None]
