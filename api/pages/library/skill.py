"""The page of a published skill: what it says, what it was, what it is worth, who uses it, how to get it.

It is also there for a withdrawn skill, which says so; what may be done to a skill is in `library/actions.py`.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.dependencies import Services, ServicesDep
from api.pages.frame import View, templates
from api.pages.job.asked import Typed
from api.pages.library.evidence import evidence_view
from api.pages.library.install import install_view
from api.pages.library.manage import manage_view
from api.pages.library.skill_view import Tab, Wanted, find, frame, shown
from api.pages.library.text import file_view, text_view
from api.pages.library.use import use_view
from api.pages.library.versions import diff_view, versions_view
from api.skills import list_skills
from domain.errors import NotFound
from domain.library.views import Shown, SkillCard, SkillView

router = APIRouter()

NEAREST = 6
"""Skills that are named where one was asked for that is not there."""


class MissingView(View):
    """No such skill; those whose names are nearest."""

    asked: str
    nearest: list[SkillCard]


@router.get("/library/{path:path}")
async def show_skill(request: Request, path: str, parts: ServicesDep, wanted: Annotated[Wanted, Query()]) -> Response:
    """A skill, by its place, by its name alone, or by another name of it."""
    try:
        skill = await find(parts, path)
    except NotFound:
        return await _missing(request, parts, path)
    if path != skill.path and path.rpartition("/")[2] == skill.name:
        return RedirectResponse(str(request.url.replace(path=f"/library/{skill.path}")), status_code=307)
    return await skill_response(request, parts, skill, wanted)


async def skill_response(
    request: Request, parts: Services, skill: SkillView, wanted: Wanted, typed: Typed | None = None
) -> Response:
    """The page of a skill at one tab, with what was typed into a refused form of it. Raises NotFound."""
    fields = frame(request, skill, wanted.tab, typed)
    match wanted.tab:
        case Tab.VERSIONS if wanted.against:
            return shown(request, await diff_view(parts, fields, skill, wanted), "diff")
        case Tab.VERSIONS:
            return shown(request, await versions_view(parts, fields, skill), "versions")
        case Tab.EVIDENCE:
            return shown(request, await evidence_view(parts, fields, skill, wanted), "evidence")
        case Tab.USE:
            return shown(request, await use_view(parts, fields, skill), "use")
        case Tab.INSTALL:
            return shown(request, await install_view(parts, fields, skill), "install")
        case Tab.MANAGE:
            return shown(request, await manage_view(parts, fields, skill), "manage")
        case _ if wanted.file:
            return shown(request, await file_view(parts, fields, skill, wanted), "file")
    return shown(request, await text_view(parts, fields, skill, wanted), "skill")


async def _missing(request: Request, parts: Services, path: str) -> Response:
    """A page that names the nearest: the search forgives typing errors."""
    asked = path.strip("/").rpartition("/")[2][:140]
    found = await list_skills(parts, q=asked.replace('"', " "), status=Shown.ANY, limit=NEAREST)
    view = MissingView(title="No such skill", asked=asked, nearest=found.skills)
    return templates.page(request, "library/missing.html", view, status=404)
