"""The page: plain HTML that works without JavaScript. Its forms do what the api does, by the same functions."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from api import answering, listing, page_actions, page_views, starting
from api.answer_form import answer_request, sent
from api.asked import Typed
from api.dependencies import (
    MAX_USER,
    USER_COOKIE,
    JobToAnswer,
    JobToRead,
    PersonDep,
    Services,
    ServicesDep,
    user_problem,
)
from api.errors import InvalidRequest
from api.forms import START_FIELDS, FormDep, Sent, sent_with, start_request
from api.page_parts import REFUSALS, for_people, job_response, see, templates, typed_of
from api.permissions import Person
from api.problems import Problem
from api.reading import KnownJob
from api.record import Number
from api.rendering import skill_html
from api.skills import skill_detail
from api.templating import YEAR, View
from domain.job import MAX_DESCRIPTION
from store import prompts
from store.prompts import Channel
from store.tables import HitlInteraction

router = APIRouter(include_in_schema=False)
router.include_router(page_actions.router)

SHOWN_JOBS = 30


class ProblemView(View):
    """A problem as a page. `sent`: the form that met it, which can be sent again when `again`."""

    problem: Problem
    sent: Sent | None
    again: bool


def problem_page(request: Request, problem: Problem) -> Response:
    """A problem document for people. A form that met it is not lost: what was typed stands on the page."""
    sent_form = sent_with(request)
    again = problem.status >= 500 and sent_form is not None and sent_form.ours
    told = problem.model_copy(update={"detail": for_people(problem.detail)})
    view = ProblemView(title=problem.title, problem=told, sent=sent_form, again=again)
    return templates.page(request, "problem.html", view, problem.status)


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


@router.get("/inbox")
async def show_inbox(request: Request, parts: ServicesDep, asking: PersonDep, mine: bool = False) -> Response:
    """What waits for an answer."""
    pending = await listing.inbox(parts, asking, listing.InboxWanted(mine=mine))
    return templates.page(request, "inbox.html", page_views.InboxView(title="Inbox", pending=pending, mine=mine))


@router.get("/jobs/{job_id}")
async def show_job(request: Request, job: JobToRead, parts: ServicesDep, asking: PersonDep) -> Response:
    """A job: where it stands, what it asks, what came of it."""
    return await job_response(request, parts, asking, job, Typed())


@router.get("/jobs/{job_id}/revisions/{n}")
async def show_revision(request: Request, job: JobToRead, n: Number, parts: ServicesDep) -> Response:
    """One revision: the skill, and what changed."""
    return templates.page(request, "revision.html", await page_views.revision_page(parts, job, n))


@router.post("/jobs/{job_id}/answer")
async def send_answer(
    request: Request, form: FormDep, job: JobToAnswer, parts: ServicesDep, asking: PersonDep
) -> Response:
    """Answer the open prompt. What was typed for one that is closed meanwhile stays visible, with who was faster."""
    asked = await _asked(parts, job, form.text("interaction_id"))
    schema = asked.form if asked else {}
    try:
        await answering.answer(parts, asking, job, answer_request(form, schema), via=Channel.PAGE)
    except REFUSALS as refused:
        now = await answering.reread(parts, job.job_id)
        shown = asked.interaction_id if asked else None
        update = {"inputs": sent(form, schema), "interaction_id": shown, "action": form.text("action")}
        return await job_response(request, parts, asking, now, typed_of(refused, {}).model_copy(update=update))
    return see(f"/jobs/{job.job_id}")


@router.get("/library")
async def show_library(request: Request, parts: ServicesDep) -> Response:
    """Every published skill, by shelf."""
    return templates.page(request, "library.html", await page_views.library(parts))


@router.get("/library/{path:path}")
async def show_skill(request: Request, path: str, parts: ServicesDep) -> Response:
    """A published skill."""
    skill = await skill_detail(parts, path)
    view = page_views.SkillView(title=skill.name, skill=skill, rendered=skill_html(skill.content))
    return templates.page(request, "skill.html", view)


async def _home(request: Request, parts: Services, asking: Person, typed: Typed) -> Response:
    jobs = await listing.page(parts, asking, listing.Wanted(limit=SHOWN_JOBS))
    view = await page_views.home(parts, jobs, typed)
    return templates.page(request, "home.html", view, typed.status)


async def _asked(parts: Services, job: KnownJob, interaction_id: str) -> HitlInteraction | None:
    """The prompt that the sent form was drawn for, open or not; None for one that is none of this job's."""
    try:
        meant = UUID(interaction_id)
    except ValueError:
        return None
    async with parts.database.transaction() as session:
        asked = await prompts.get(session, meant)
    return asked if asked is not None and asked.job_id == job.job_id else None
