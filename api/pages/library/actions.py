"""What a person may do to a skill on its page: try it again, take it out of use, have an earlier version read."""

from collections.abc import Awaitable

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import JsonValue

from api.curating import RollbackRequest, StatusRequest, roll_back, set_status
from api.dependencies import PersonDep, Services, ServicesDep
from api.errors import InvalidRequest, NotAllowed
from api.evaluations import EvaluateRequest, evaluate_skill
from api.pages.forms import Body, Form, FormDep, parsed
from api.pages.frame import see
from api.pages.library.skill import skill_response
from api.pages.library.skill_view import Tab, Wanted, find
from api.pages.refusals import REFUSALS, typed_of
from api.permissions import Person
from domain.errors import NotFound, SkillFleetError

router = APIRouter()

REFUSED = (*REFUSALS, NotAllowed, NotFound)

SAID = {
    "model": "Write it as provider/model, such as openai/gpt-5.",
    "reason": "Say why: it goes on record.",
}
"""What is said of a field that does not fit, instead of the shape's own words."""


# As in `job/actions.py` the form comes first in every signature: what was typed outlives a database that is away.


@router.post("/library/{category}/{name}/status")
async def send_status(
    request: Request, form: FormDep, category: str, name: str, parts: ServicesDep, asking: PersonDep
) -> Response:
    """Out of use, withdrawn, or in use again."""
    path = f"{category}/{name}"
    return await _done(request, parts, path, form, _status(parts, asking, path, form))


@router.post("/library/{category}/{name}/rollback")
async def send_rollback(
    request: Request, form: FormDep, category: str, name: str, parts: ServicesDep, asking: PersonDep
) -> Response:
    """Have agents read an earlier version again."""
    path = f"{category}/{name}"
    return await _done(request, parts, path, form, _rollback(parts, asking, path, form))


@router.post("/library/{category}/{name}/evaluate")
async def send_evaluate(
    request: Request, form: FormDep, category: str, name: str, parts: ServicesDep, asking: PersonDep
) -> Response:
    """Try it again, with another model perhaps: a job of its own, which is gone to."""
    path = f"{category}/{name}"
    try:
        body = _read(EvaluateRequest, form, "model", "version")
        key = form.text("key") or None
        started = await evaluate_skill(path, body, Response(), parts, asking, f"page:{key}" if key else None)
    except REFUSED as refused:
        return await _refused(request, parts, path, Tab.EVIDENCE, form, refused)
    return see(f"/jobs/{started.job_id}")


async def _status(parts: Services, asking: Person, path: str, form: Form) -> None:
    await set_status(path, _read(StatusRequest, form, "status", "reason", "replaced_by"), parts, asking)


async def _rollback(parts: Services, asking: Person, path: str, form: Form) -> None:
    await roll_back(path, _read(RollbackRequest, form, "version", "reason"), parts, asking)


async def _done(request: Request, parts: Services, path: str, form: Form, doing: Awaitable[None]) -> Response:
    """The skill's page after this was done; with the refusal and what was typed when it was not."""
    try:
        await doing
    except REFUSED as refused:
        return await _refused(request, parts, path, Tab.MANAGE, form, refused)
    return RedirectResponse(f"/library/{(await find(parts, path)).path}?tab={Tab.MANAGE}", status_code=303)


async def _refused(
    request: Request, parts: Services, path: str, tab: Tab, form: Form, refused: SkillFleetError
) -> Response:
    """The page of the tab with why. Raises NotFound where there is no such skill at all."""
    typed = typed_of(refused, {name: text for name, text in form.pairs() if name not in ("token", "key")})
    return await skill_response(request, parts, await find(parts, path), Wanted(tab=tab), typed)


def _read(shape: type[Body], form: Form, *names: str) -> Body:
    """The fields that were filled in, as a shape; an empty one was left out. Raises InvalidRequest."""
    given: dict[str, JsonValue] = {name: text for name in names if (text := form.text(name).strip())}
    try:
        return parsed(shape, given)
    except InvalidRequest as wrong:
        told = {field: SAID.get(field, why) for field, why in wrong.fields.items()}
        raise InvalidRequest(str(wrong), told) from wrong
