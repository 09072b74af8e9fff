"""What every page of a skill has: its name, where it stands, and its tabs. Each tab adds what it shows and no more."""

from enum import StrEnum
from typing import Annotated
from uuid import uuid4

from fastapi import Request, Response
from pydantic import Field

from api import published
from api.dependencies import Services
from api.pages.frame import View, templates
from api.pages.job.asked import Typed
from api.pages.library.page import address_of
from api.skills import described
from domain.library.views import SkillView
from domain.shape import Shape


class Tab(StrEnum):
    """The tabs of a skill's page, in their order."""

    SKILL = "skill"
    VERSIONS = "versions"
    EVIDENCE = "evidence"
    USE = "use"
    INSTALL = "install"
    MANAGE = "manage"


TITLES = {
    Tab.SKILL: "The skill",
    Tab.VERSIONS: "Versions",
    Tab.EVIDENCE: "Evidence",
    Tab.USE: "Use",
    Tab.INSTALL: "Install",
    Tab.MANAGE: "Manage",
}


class Wanted(Shape):
    """What of a skill is looked at. An empty `version` is the one that agents read now; `file` is one of its files, as
    its bytes are when `raw`; `against` another version to compare with."""

    tab: Tab = Tab.SKILL
    version: Annotated[str, Field(max_length=40)] = ""
    against: Annotated[str, Field(max_length=40)] = ""
    file: Annotated[str, Field(max_length=1_000)] = ""
    raw: bool = False
    model: Annotated[str, Field(max_length=200)] = ""


class SkillPage(View):
    """The frame of a skill's page. `typed`: a refused form of it; `key` makes a form that is sent twice count once."""

    skill: SkillView
    tab: Tab
    titles: dict[Tab, str] = TITLES
    base: str
    typed: Typed = Typed()
    key: str


async def find(parts: Services, path: str) -> SkillView:
    """The skill of an address, withdrawn or not, as the rows know it: without its text. Raises NotFound."""
    async with parts.database.transaction() as session:
        return await described(session, await published.find(session, path))


def frame(request: Request, skill: SkillView, tab: Tab, typed: Typed | None = None) -> dict[str, object]:
    """The fields that all tabs share."""
    return {
        "title": skill.name,
        "skill": skill,
        "tab": tab,
        "base": address_of(request),
        "typed": typed or Typed(),
        "key": str(uuid4()),
    }


def shown(request: Request, view: SkillPage, template: str) -> Response:
    """The page of one tab."""
    return templates.page(request, f"library/{template}.html", view, view.typed.status)
