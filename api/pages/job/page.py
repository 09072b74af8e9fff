"""A job's page, and the answer to what it asks. What else may be done to it is in `job/actions.py`."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from api import answering
from api.dependencies import JobToAnswer, JobToRead, PersonDep, Services, ServicesDep
from api.pages.forms import FormDep
from api.pages.frame import see, templates
from api.pages.job.answer_form import answer_request, sent
from api.pages.job.asked import Typed
from api.pages.job.view import job_view
from api.pages.job.waiving import every_box_ticked, ticks
from api.pages.refusals import REFUSALS, typed_of
from api.permissions import Person
from api.reading import KnownJob
from store import prompts
from store.prompts import Channel
from store.tables import HitlInteraction

router = APIRouter()


@router.get("/jobs/{job_id}")
async def show_job(request: Request, job: JobToRead, parts: ServicesDep, asking: PersonDep) -> Response:
    """A job: where it stands, what it asks, what came of it."""
    return await job_response(request, parts, asking, job, Typed())


@router.post("/jobs/{job_id}/answer")
async def send_answer(
    request: Request, form: FormDep, job: JobToAnswer, parts: ServicesDep, asking: PersonDep
) -> Response:
    """Answer the open prompt. What was typed for one that is closed meanwhile stays visible, with who was faster."""
    asked = await asked_of(parts, job, form.text("interaction_id"))
    schema = asked.form if asked else {}
    try:
        every_box_ticked(form, asked)
        await answering.answer(parts, asking, job, answer_request(form, schema), via=Channel.PAGE)
    except REFUSALS as refused:
        now = await answering.reread(parts, job.job_id)
        shown = asked.interaction_id if asked else None
        update = {"inputs": sent(form, schema), "interaction_id": shown, "action": form.text("action")}
        typed = typed_of(refused, {"ticks": [*ticks(form)]}).model_copy(update=update)
        return await job_response(request, parts, asking, now, typed)
    return see(f"/jobs/{job.job_id}")


async def job_response(request: Request, parts: Services, asking: Person, job: KnownJob, typed: Typed) -> Response:
    """A job's page, with what was typed into a refused form of it."""
    view = await job_view(parts, asking, job, typed)
    return templates.page(request, "job/page.html", view, typed.status)


async def asked_of(parts: Services, job: KnownJob, interaction_id: str) -> HitlInteraction | None:
    """The prompt that the sent form was drawn for, open or not; None for one that is none of this job's."""
    try:
        meant = UUID(interaction_id)
    except ValueError:
        return None
    async with parts.database.transaction() as session:
        asked = await prompts.get(session, meant)
    return asked if asked is not None and asked.job_id == job.job_id else None
