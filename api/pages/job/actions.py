"""What a person may do to a job on its page, beside answering: cancel, retry, ask again, assign, publish, let findings
stand, go on."""

from collections.abc import Awaitable

from fastapi import APIRouter, Request, Response
from pydantic import JsonValue

from api import promoting, starting, steering
from api.dependencies import (
    JobToAssign,
    JobToCancel,
    JobToPromote,
    JobToRead,
    JobToReopen,
    JobToRetry,
    PersonDep,
    Services,
    ServicesDep,
)
from api.drafts import WaiverRequest, waive_findings
from api.errors import InvalidRequest
from api.pages.forms import Form, FormDep, go_on_request, parsed
from api.pages.frame import see
from api.pages.job.page import job_response
from api.pages.refusals import REFUSALS, typed_of
from api.permissions import Person
from api.promoting import PromotionRequest
from api.reading import KnownJob

router = APIRouter()

# In every signature the form comes before the job: it is read before the database is asked, so that a page that says
# that the database is away still has what was typed (`api/pages/forms.py`, `sent_with`).


@router.post("/jobs/{job_id}/cancel")
async def send_cancel(
    request: Request, form: FormDep, job: JobToCancel, parts: ServicesDep, asking: PersonDep
) -> Response:
    """Cancel the job."""
    doing = steering.cancel(parts, asking, job, form.text("reason"))
    return await _done(request, parts, asking, job, doing)


@router.post("/jobs/{job_id}/retry")
async def send_retry(
    request: Request, _form: FormDep, job: JobToRetry, parts: ServicesDep, asking: PersonDep
) -> Response:
    """Go on after a problem."""
    return await _done(request, parts, asking, job, steering.retry(parts, asking, job))


@router.post("/jobs/{job_id}/reopen")
async def send_reopen(
    request: Request, _form: FormDep, job: JobToReopen, parts: ServicesDep, asking: PersonDep
) -> Response:
    """Ask a parked prompt again."""
    return await _done(request, parts, asking, job, steering.reopen(parts, asking, job))


@router.post("/jobs/{job_id}/assign")
async def send_assign(
    request: Request, form: FormDep, job: JobToAssign, parts: ServicesDep, asking: PersonDep
) -> Response:
    """Hand the job to a person or a group; to nobody when no name is given."""
    assignee = form.text("assignee").strip()
    doing = steering.assign(parts, asking, job, assignee or None)
    return await _done(request, parts, asking, job, doing, assignee=assignee)


@router.post("/jobs/{job_id}/promote")
async def send_promote(
    request: Request, form: FormDep, job: JobToPromote, parts: ServicesDep, asking: PersonDep
) -> Response:
    """Publish the draft."""
    doing = _promoted(parts, asking, job, form)
    typed: dict[str, JsonValue] = {f"promotion_{name}": form.text(name) for name in ("reason", "category", "force")}
    return await _done(request, parts, asking, job, doing, **typed)


@router.post("/jobs/{job_id}/waive")
async def send_waiver(
    request: Request, form: FormDep, job: JobToPromote, parts: ServicesDep, asking: PersonDep
) -> Response:
    """Let errors of the draft stand, by name and with a reason."""
    doing = _waived(parts, asking, job, form)
    chosen: list[JsonValue] = [*form.texts("findings")]
    return await _done(request, parts, asking, job, doing, waived=chosen, waiver_reason=form.text("reason"))


@router.post("/jobs/{job_id}/go-on")
async def send_go_on(
    request: Request, form: FormDep, job: JobToRead, parts: ServicesDep, asking: PersonDep
) -> Response:
    """Start a new job from a revision of this ended one."""
    try:
        key = form.text("key")
        started = await starting.start(parts, asking, go_on_request(form, job.job_id), f"page:{key}" if key else None)
    except REFUSALS as refused:
        fields: dict[str, JsonValue] = {"go_on_task": form.text("task_description")}
        return await job_response(request, parts, asking, job, typed_of(refused, fields))
    return see(f"/jobs/{started.view.job_id}")


async def _done(
    request: Request, parts: Services, asking: Person, job: KnownJob, doing: Awaitable[object], **typed: JsonValue
) -> Response:
    """The job's page after this was done; with the refusal and what was `typed` when it was not."""
    try:
        await doing
    except REFUSALS as refused:
        return await job_response(request, parts, asking, job, typed_of(refused, typed))
    return see(f"/jobs/{job.job_id}")


async def _promoted(parts: Services, asking: Person, job: KnownJob, form: Form) -> None:
    await promoting.promote(parts, asking, job, _promotion(form))


async def _waived(parts: Services, asking: Person, job: KnownJob, form: Form) -> None:
    chosen: list[JsonValue] = [*form.texts("findings")]
    given: dict[str, JsonValue] = {"digest": form.text("digest"), "findings": chosen, "reason": form.text("reason")}
    if not chosen:
        raise InvalidRequest("Tick at least one finding.", {"findings": "Tick what may stand."})
    await waive_findings(job, parsed(WaiverRequest, given), parts, asking)


def _promotion(form: Form) -> PromotionRequest:
    given: dict[str, JsonValue] = {
        "digest": form.text("digest") or None,
        "category": form.text("category").strip() or None,
        "force": form.ticked("force"),
        "reason": form.text("reason").strip() or None,
    }
    return parsed(PromotionRequest, given)
