"""The first page: the sentence that starts a job, with its options and files; beside it what happens next, and the
jobs (`home/jobs.py`)."""

import asyncio
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Request, Response
from pydantic import JsonValue

from api import starting
from api.dependencies import PersonDep, Services, ServicesDep
from api.errors import InvalidRequest, KeyReused
from api.pages.forms import Form
from api.pages.frame import see, templates
from api.pages.home.attaching import Attached, Refused, take_in
from api.pages.home.jobs import Asked, JobsView, asked_of, job_list
from api.pages.home.start_form import (
    BOXES,
    FIELDS,
    START_FIELDS,
    TOO_MUCH,
    StartForm,
    StartFormDep,
    by_field,
    start_request,
)
from api.pages.job.asked import Typed
from api.pages.job.view import SMALL_MODEL
from api.pages.refusals import REFUSALS, typed_of
from api.permissions import Person
from domain.errors import SkillFleetError
from domain.evidence.profile import Profile
from domain.job import MAX_DESCRIPTION
from domain.shape import Shape
from domain.skill import Category
from store import health

router = APIRouter()

REUSED = (
    "This form has started a job already, with another text: you find it in the list below. Send the form again to "
    "start one more."
)


class AttachedFile(Shape):
    """A file that stays attached; unticked when it was of no use."""

    source_id: str
    filename: str
    size: int
    wrong: str = ""


class Writer(Shape):
    """Whose calls a job pays for: its name, empty when none is known; `small`: the local model that comes along.
    `profile`: how thoroughly skills are proven with it, which decides how many calls a job takes."""

    model: str = ""
    small: bool = False
    profile: Profile


class HomeView(JobsView):
    """The first page. `key` makes a form that is sent twice start one job; `wrong` is told by field of the form."""

    categories: list[Category]
    typed: Typed
    wrong: dict[str, str]
    names: dict[str, str]
    files: list[AttachedFile] = []
    refused: list[Refused] = []
    writer: Writer
    key: str


@router.get("/")
async def show_home(
    request: Request,
    parts: ServicesDep,
    asking: PersonDep,
    asked: Annotated[Asked, Depends(asked_of)],
    task: str = "",
) -> Response:
    """The sentence, and the jobs. `task` is a sentence to begin with."""
    typed = Typed(fields={"task_description": task[:MAX_DESCRIPTION]})
    return await _home(request, parts, asking, typed, asked=asked)


@router.post("/")
async def send_task(request: Request, form: StartFormDep, parts: ServicesDep, asking: PersonDep) -> Response:
    """Start a job. Files that came with a form that is refused stay attached to the form that is shown again."""
    attached = await take_in(request, parts, asking, form)
    try:
        wanted = start_request(form, attached.ids)
        if form.broken or attached.refused:
            return await _home(request, parts, asking, _without_files(form, attached), attached)
        key = form.text("key")
        started = await starting.start(parts, asking, wanted, f"page:{key}" if key else None)
    except REFUSALS as refused:
        return await _home(request, parts, asking, _typed(refused, form), attached)
    return see(f"/jobs/{started.view.job_id}")


async def _home(
    request: Request,
    parts: Services,
    asking: Person,
    typed: Typed,
    attached: Attached | None = None,
    asked: Asked | None = None,
) -> Response:
    taxonomy = await asyncio.to_thread(parts.library.taxonomy)
    attached = attached or Attached()
    view = HomeView(
        **(await job_list(parts, asking, asked or Asked())).given(),
        title="Make a skill",
        categories=[*taxonomy.categories],
        typed=typed,
        wrong=by_field(typed.errors),
        names={name: field.words for name, field in FIELDS.items()},
        files=_files(attached, typed),
        refused=attached.refused,
        writer=await _writer(parts),
        key=str(uuid4()),
    )
    return templates.page(request, "home/page.html", view, typed.status)


def _typed(refused: SkillFleetError, form: StartForm) -> Typed:
    """What was typed, with why it was refused, in the words of a form."""
    told = typed_of(refused, _fields(form))
    if isinstance(refused, KeyReused):
        return told.model_copy(update={"message": REUSED})
    if form.broken and isinstance(refused, InvalidRequest):
        return told.model_copy(update={"message": f"{told.message} {form.broken}"})
    return told


def _without_files(form: StartForm, attached: Attached) -> Typed:
    status = attached.refused[0].status if attached.refused else 413 if form.broken == TOO_MUCH else 400
    message = form.broken or "Not every file could be taken, so nothing was started yet."
    return Typed(status=status, message=message, fields=_fields(form))


def _fields(form: Form) -> dict[str, JsonValue]:
    return {name: form.ticked(name) if name in BOXES else form.text(name) for name in START_FIELDS}


def _files(attached: Attached, typed: Typed) -> list[AttachedFile]:
    """Notes, if there are any, are the first source of a request, and files follow."""
    first = 1 if str(typed.fields.get("notes") or "").strip() else 0
    return [
        AttachedFile(
            source_id=str(source.source_id),
            filename=source.filename,
            size=source.size,
            wrong=typed.errors.get(f"sources.{n}.source_id", ""),
        )
        for n, source in enumerate(attached.sources, first)
    ]


async def _writer(parts: Services) -> Writer:
    """The worker has the model, not we: known is what is set here, and who gave the last answers."""
    model = parts.model
    if model is None:
        async with parts.database.transaction() as session:
            model = ", ".join(await health.recent_models(session))
    return Writer(model=model, small=SMALL_MODEL in model.lower(), profile=parts.configured.profile)
