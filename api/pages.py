"""The page: plain HTML that works without JavaScript. Its forms do what the api does, by the same functions."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import JsonValue

from api import answering, listing, page_views, promoting, starting, steering
from api.answer_form import answer_request, sent
from api.asked import Typed
from api.dependencies import (
    MAX_USER,
    USER_COOKIE,
    JobTo,
    JobToAnswer,
    JobToCancel,
    JobToPromote,
    JobToRead,
    JobToRetry,
    PersonDep,
    Services,
    ServicesDep,
    user_problem,
)
from api.errors import InvalidRequest, KeyReused, NothingToReopen, NothingToRetry, PromotionFailed, WorkflowGone
from api.forms import Form, FormDep, parsed, start_request
from api.permissions import Person, Verb
from api.problems import Problem, problem_of
from api.promoting import PromotionRequest
from api.reading import KnownJob
from api.record import Number
from api.rendering import skill_html
from api.skills import skill_detail
from api.templating import YEAR, Templates, View
from domain.errors import AnswerConflict, InvalidAnswer, JobEnded, LibraryConflict, PromotionRefused, SkillFleetError
from store import prompts
from store.tables import HitlInteraction

router = APIRouter(include_in_schema=False)

templates = Templates(Path(__file__).resolve().parent / "templates")

SHOWN_JOBS = 30
PAGE = "page"
"""The channel of an answer in the record."""

JobToReopen = Annotated[KnownJob, Depends(JobTo(Verb.REOPEN))]
REFUSALS = (
    *(InvalidRequest, InvalidAnswer, AnswerConflict, JobEnded, WorkflowGone, KeyReused, NothingToRetry),
    *(PromotionRefused, PromotionFailed, LibraryConflict, NothingToReopen),
)
"""What a person can do something about on the page itself; everything else is a page of its own."""


class ProblemView(View):
    """A problem as a page."""

    problem: Problem


def problem_page(request: Request, problem: Problem) -> Response:
    """A problem document for people."""
    return templates.page(request, "problem.html", ProblemView(title=problem.title, problem=problem), problem.status)


@router.get("/")
async def show_home(request: Request, parts: ServicesDep, asking: PersonDep) -> Response:
    """The sentence, and the jobs."""
    return await _home(request, parts, asking, Typed())


@router.post("/")
async def send_task(request: Request, form: FormDep, parts: ServicesDep, asking: PersonDep) -> Response:
    """Start a job."""
    try:
        key = form.text("key")
        started = await starting.start(parts, asking, start_request(form), f"page:{key}" if key else None)
    except REFUSALS as refused:
        names = ("task_description", "notes", "category", "max_questions", "auto_approve", "confirm", "promote")
        return await _home(request, parts, asking, _typed(refused, {name: form.text(name) for name in names}))
    return _see(f"/jobs/{started.view.job_id}")


@router.post("/who")
async def send_name(form: FormDep) -> Response:
    """Remember who uses this browser."""
    name = form.text("name").strip()[:MAX_USER]
    response = _see("/")
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
    return await _job(request, parts, asking, job, Typed())


@router.get("/jobs/{job_id}/revisions/{n}")
async def show_revision(request: Request, job: JobToRead, n: Number, parts: ServicesDep) -> Response:
    """One revision: the skill, and what changed."""
    return templates.page(request, "revision.html", await page_views.revision_page(parts, job, n))


@router.post("/jobs/{job_id}/answer")
async def send_answer(
    request: Request, job: JobToAnswer, form: FormDep, parts: ServicesDep, asking: PersonDep
) -> Response:
    """Answer the open prompt. What was typed for one that is closed meanwhile stays visible, with who was faster."""
    asked = await _asked(parts, job, form.text("interaction_id"))
    schema = asked.form if asked else {}
    try:
        await answering.answer(parts, asking, job, answer_request(form, schema), via=PAGE)
    except REFUSALS as refused:
        now = await answering.reread(parts, job.job_id)
        shown = asked.interaction_id if asked else None
        update = {"inputs": sent(form, schema), "interaction_id": shown, "action": form.text("action")}
        return await _job(request, parts, asking, now, _typed(refused, {}).model_copy(update=update))
    return _see(f"/jobs/{job.job_id}")


@router.post("/jobs/{job_id}/cancel")
async def send_cancel(
    request: Request, job: JobToCancel, form: FormDep, parts: ServicesDep, asking: PersonDep
) -> Response:
    """Cancel the job."""
    try:
        await steering.cancel(parts, asking, job, form.text("reason"))
    except REFUSALS as refused:
        return await _job(request, parts, asking, job, _typed(refused, {}))
    return _see(f"/jobs/{job.job_id}")


@router.post("/jobs/{job_id}/retry")
async def send_retry(
    request: Request, job: JobToRetry, _form: FormDep, parts: ServicesDep, asking: PersonDep
) -> Response:
    """Go on after a problem."""
    try:
        await steering.retry(parts, asking, job)
    except REFUSALS as refused:
        return await _job(request, parts, asking, job, _typed(refused, {}))
    return _see(f"/jobs/{job.job_id}")


@router.post("/jobs/{job_id}/reopen")
async def send_reopen(
    request: Request, job: JobToReopen, _form: FormDep, parts: ServicesDep, asking: PersonDep
) -> Response:
    """Ask a parked prompt again."""
    try:
        await steering.reopen(parts, asking, job)
    except REFUSALS as refused:
        return await _job(request, parts, asking, job, _typed(refused, {}))
    return _see(f"/jobs/{job.job_id}")


@router.post("/jobs/{job_id}/promote")
async def send_promote(
    request: Request, job: JobToPromote, form: FormDep, parts: ServicesDep, asking: PersonDep
) -> Response:
    """Publish the draft."""
    try:
        wanted = _promotion(form)
        await promoting.promote(parts, asking, job, wanted)
    except REFUSALS as refused:
        fields: dict[str, JsonValue] = {"promotion_reason": form.text("reason")}
        return await _job(request, parts, asking, job, _typed(refused, fields))
    return _see(f"/jobs/{job.job_id}")


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


async def _job(request: Request, parts: Services, asking: Person, job: KnownJob, typed: Typed) -> Response:
    view = await page_views.job_page(parts, asking, job, typed)
    return templates.page(request, "job.html", view, typed.status)


async def _asked(parts: Services, job: KnownJob, interaction_id: str) -> HitlInteraction | None:
    """The prompt that the sent form was drawn for, open or not; None for one that is none of this job's."""
    try:
        meant = UUID(interaction_id)
    except ValueError:
        return None
    async with parts.database.transaction() as session:
        asked = await prompts.get(session, meant)
    return asked if asked is not None and asked.job_id == job.job_id else None


def _typed(refused: SkillFleetError, fields: dict[str, JsonValue]) -> Typed:
    problem = problem_of(refused)
    return Typed(status=problem.status, message=problem.detail, errors=problem.errors, fields=fields)


def _promotion(form: Form) -> PromotionRequest:
    given: dict[str, JsonValue] = {
        "category": form.text("category").strip() or None,
        "force": form.ticked("force"),
        "reason": form.text("reason").strip() or None,
    }
    return parsed(PromotionRequest, given)


def _see(path: str) -> Response:
    """Go and look: a reload of the next page sends nothing again."""
    return RedirectResponse(quote(path), status_code=303)
