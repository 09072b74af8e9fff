"""The page of a published skill."""

from fastapi import APIRouter, Request, Response
from markupsafe import Markup
from pydantic import ConfigDict

from api.dependencies import ServicesDep
from api.pages.frame import View, templates
from api.pages.rendering import skill_html
from api.skills import skill_detail
from domain.skill import SkillDetail

router = APIRouter()


class SkillView(View):
    """A published skill."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    skill: SkillDetail
    rendered: Markup


@router.get("/library/{path:path}")
async def show_skill(request: Request, path: str, parts: ServicesDep) -> Response:
    """A published skill."""
    skill = await skill_detail(parts, path)
    view = SkillView(title=skill.name, skill=skill, rendered=skill_html(skill.content))
    return templates.page(request, "library/skill.html", view)
