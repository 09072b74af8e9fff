"""What is typed into an answer form, saved while it is typed: `POST /jobs/{id}/draft`. Answers nothing.

A value that is wrong or unfinished is kept as it was typed, and never costs the others. Two pages of one person may be
open: what a page did not change (`changed` names what it did) it does not touch.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from pydantic import JsonValue

from api import answering
from api.dependencies import JobToAnswer, PersonDep, Services, ServicesDep
from api.pages.forms import Form, FormDep
from api.pages.frame import View, templates
from api.pages.job.answer_form import Input, left_over, sent
from api.pages.job.asked import starting_text
from api.pages.job.left import Closed, closed_of, unsent
from api.pages.job.page import asked_of
from api.pages.partials import partial, said
from api.permissions import Person
from api.reading import KnownJob, view_of
from domain.answering.forms import ANSWERS, NotAValueError, typed
from domain.errors import AnswerConflict
from domain.prompt import MAX_ANSWER, MAX_CONTENT, AnswerDraft, HitlType
from store import prompts, revisions
from store.tables import HitlInteraction

router = APIRouter()

CHANGED = "changed"
"""The names of the controls that differ on this page from what it knows to be saved; without it all are taken."""

NOT_KEPT = "X-Not-Kept"
"""The ids of fields that were refused, by commas, `*` for all; the page must not take these for saved."""

GONE = "Not saved: the job has no such prompt any more. Copy what you need, then reload the page."


class LeftView(View):
    """What was typed for a prompt that somebody else has closed."""

    left: list[Input]
    closed: Closed | None


@router.post("/jobs/{job_id}/draft")
async def save_draft(
    request: Request, form: FormDep, job: JobToAnswer, parts: ServicesDep, asking: PersonDep
) -> Response:
    """Save what is typed; for a prompt that is closed meanwhile, show it beside who closed it."""
    row = await asked_of(parts, job, form.text("interaction_id"))
    if row is None:
        nowhere = _parts(said("saved", GONE))
        nowhere.headers[NOT_KEPT] = "*"
        return nowhere
    draft, lost = draft_of(form, row.form, await _shown(parts, job, row))
    try:
        await answering.save_draft(parts, asking, job, draft, row.interaction_id)
    except AnswerConflict:
        return _parts(await _left(request, parts, asking, form, row))
    response = _parts(said("saved", saved(datetime.now(UTC), lost, form.text("content"))))
    response.headers[NOT_KEPT] = quote(",".join(entry.id for entry in lost), safe=",")
    return response


def draft_of(form: Form, schema: Mapping[str, JsonValue], content: str) -> tuple[AnswerDraft, list[Input]]:
    """The draft that a form means, and what cannot be kept. What stands as it was proposed is none.

    `content`: the text that was shown for editing.
    """
    answers: dict[str, JsonValue] = {}
    given: dict[str, JsonValue] = {}
    lost: list[Input] = []
    for entry in _changed(form, sent(form, schema)):
        field = entry.field
        try:
            value = _begun(entry, content if field.name == "content" else field.default)
        except NotAValueError:
            lost.append(entry)
            continue
        if field.name.startswith(ANSWERS):
            answers[field.name.removeprefix(ANSWERS)] = value
        else:
            given[field.name] = value
    return AnswerDraft.model_validate(given | ({"answers": answers} if answers else {})), lost


def saved(moment: datetime, lost: Sequence[Input], content: str = "") -> str:
    """What is said when it is saved; never that a field is saved which is not. `content`: the text as it was sent."""
    if lost:
        names = ", ".join(f"“{entry.field.title}”" for entry in lost)
        return f"Not saved: {names} (too long). It stays here as long as this page is open. All else is kept."
    size = len(content.encode())
    but = f" But the text has {size:,} bytes, and at most {MAX_CONTENT:,} can be sent." if size > MAX_CONTENT else ""
    return f"Saved {moment:%H:%M:%S} UTC.{but}"


def _changed(form: Form, entries: list[Input]) -> list[Input]:
    """Those that the page says it changed; all of them from a page that says nothing."""
    names = {name for text in form.texts(CHANGED) for name in text.split(",")}
    if not names:
        return entries
    return [entry for entry in entries if {entry.name, f"own.{entry.id}", f"decide.{entry.id}"} & names]


def _begun(entry: Input, proposed: JsonValue) -> JsonValue:
    """The value to keep; None clears, an empty one says that the proposed one was taken out.

    Raises NotAValueError for what no draft holds.
    """
    try:
        value = typed(entry.field, entry.texts)
    except NotAValueError:
        longest = entry.field.max_length or MAX_ANSWER
        if not entry.field.name.startswith(ANSWERS) or any(len(text) > longest for text in entry.texts):
            raise
        value = [*entry.texts] if entry.field.kind == "multi" else entry.texts[-1]
    if value == proposed:
        return None
    if value is None and proposed not in (None, "", []):
        return [] if entry.field.kind == "multi" else ""
    return value


async def _shown(parts: Services, job: KnownJob, row: HitlInteraction) -> str:
    """The text that the prompt's page shows for editing."""
    if "content" not in row.form.get("properties", {}):
        return ""
    shown = (await view_of(parts.database, job)).result.revision
    async with parts.database.transaction() as session:
        if shown is None:
            history = await revisions.history(session, job.job_id)
            shown = history[-1].n if history else None
        current = await revisions.content(session, job.job_id, shown) if shown else ""
    return starting_text(HitlType(row.interaction_type), row.prompt_data, current)


async def _left(request: Request, parts: Services, asking: Person, form: Form, row: HitlInteraction) -> str:
    """Who closed the prompt, with what was typed for it here and went nowhere."""
    async with parts.database.transaction() as session:
        now = await prompts.get(session, row.interaction_id) or row
    content = starting_text(HitlType(now.interaction_type), now.prompt_data, "")
    entries = [entry for entry in sent(form, now.form) if entry.field.name != "content" or entry.text != content]
    left = unsent(now, left_over(entries, "edit"), asking.name)
    view = LeftView(title="", left=left, closed=closed_of(now, asking.name))
    return partial("left", str(templates.part(request, "job/left.html", view)))


def _parts(html: str) -> Response:
    return Response(html, media_type="text/html", headers={"Cache-Control": "no-store"})
