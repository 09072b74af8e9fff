"""The library by shelf, and its search."""

import asyncio

from fastapi import APIRouter, Request, Response

from api.dependencies import ServicesDep
from api.pages.frame import View, templates
from domain.skill import Category, SkillSummary
from store import skills

router = APIRouter()


class LibraryView(View):
    """The library, shelf by shelf."""

    shelves: list[tuple[Category, list[SkillSummary]]]


@router.get("/library")
async def show_library(request: Request, parts: ServicesDep) -> Response:
    """Every published skill, by shelf; empty shelves are left out."""
    taxonomy = await asyncio.to_thread(parts.library.taxonomy)
    async with parts.database.transaction() as session:
        listed = await skills.listed(session)
    by_name = {shelf.name: shelf for shelf in taxonomy.categories}
    names = sorted({skill.category for skill in listed})
    shelves = [by_name.get(name) or Category(name=name, title=name, description="") for name in names]
    shown = [(shelf, [skill for skill in listed if skill.category == shelf.name]) for shelf in shelves]
    return templates.page(request, "library/page.html", LibraryView(title="Library", shelves=shown))
