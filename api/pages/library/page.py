"""The library: its shelves as a tree, its search, and what agents read. The search is that of `GET /skills`."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.dependencies import Services, ServicesDep
from api.pages.frame import View, templates
from api.pages.library.tree import Tree, tree_of
from api.skills import list_skills
from api.usage import DEFAULT_WINDOW
from domain.library.views import Shown, SkillPage, Sort
from domain.shape import Shape
from store import at_a_glance, skills
from store.at_a_glance import Glance

router = APIRouter()

ON_A_PAGE = 24
"""Skills that are shown at once; the rest is a click away."""


class Search(Shape):
    """What is looked for, as the form sends it and the address keeps it."""

    q: str = ""
    category: str = ""
    tag: str = ""
    status: Shown = Shown.ACTIVE
    sort: Sort = Sort.BEST

    def url(self, cursor: str = "", **changed: str) -> str:
        """The address of this search, or of one that differs from it in something."""
        wanted = {**self.model_dump(mode="json", exclude_defaults=True), **changed, "cursor": cursor}
        given = urlencode({name: value for name, value in wanted.items() if value})
        return f"/library?{given}" if given else "/library"

    @property
    def narrowed(self) -> bool:
        """Whether anything but the order was chosen."""
        return self.model_copy(update={"sort": Sort.BEST}) != Search()


class LibraryView(View):
    """The library. `glances`: what is known of each skill on the page; `later`: this is not the first page of the list.

    `base`: where this server is asked for, for commands that are copied.
    """

    asked: Search
    found: SkillPage
    glances: dict[str, Glance]
    tree: Tree
    more: str
    later: bool
    base: str


@router.get("/library")
async def show_library(
    request: Request,
    parts: ServicesDep,
    q: Annotated[str, Query(max_length=2_000)] = "",
    category: Annotated[str, Query(max_length=64)] = "",
    tag: Annotated[str, Query(max_length=64)] = "",
    status: Shown = Shown.ACTIVE,
    sort: Sort = Sort.BEST,
    cursor: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """The shelves, and the skills that fit; for a page that has the rest already, no more than these."""
    asked = Search(q=q.strip(), category=category.strip(), tag=tag.strip(), status=status, sort=sort)
    view = await _view(request, parts, asked, cursor)
    if request.headers.get("HX-Request-Type") == "partial":
        part = templates.part(request, "library/live.html", view)
        return HTMLResponse(part, headers={"Cache-Control": "no-store", "Vary": "HX-Request-Type"})
    return templates.page(request, "library/page.html", view)


def address_of(request: Request) -> str:
    """Where this server was asked for, without a slash at its end; the guard has looked at the name."""
    return str(request.base_url).rstrip("/")


async def _view(request: Request, parts: Services, asked: Search, cursor: str) -> LibraryView:
    found = await list_skills(
        parts,
        q=asked.q,
        category=asked.category or None,
        tag=asked.tag or None,
        status=asked.status,
        sort=asked.sort,
        limit=ON_A_PAGE,
        cursor=cursor or None,
    )
    taxonomy = await asyncio.to_thread(parts.library.taxonomy)
    async with parts.database.transaction() as session:
        counted = await skills.count_by_category(session)
        names = [skill.name for skill in found.skills]
        glances = await at_a_glance.of_skills(session, names, datetime.now(UTC) - DEFAULT_WINDOW)
    return LibraryView(
        title="Library",
        asked=asked,
        found=found,
        glances=glances,
        tree=tree_of(taxonomy, counted, asked.category, found.facets.tags),
        more=asked.url(found.next_cursor) if found.next_cursor else "",
        later=bool(cursor),
        base=address_of(request),
    )
