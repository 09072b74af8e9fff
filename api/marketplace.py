"""The library as a plugin marketplace of Claude Code: the document alone.

Its sources are relative: to install from it, export the library (`skill-fleet library export`) and add that folder.
"""

from fastapi import APIRouter, Request, Response

from api.dependencies import ServicesDep
from api.described import problems
from api.handing_out import document
from domain.library.release import MARKETPLACE, Marketplace, marketplace
from store import skills

root_router = APIRouter(tags=["library"])
router = APIRouter(tags=["library"])


@root_router.head(MARKETPLACE, include_in_schema=False)
@root_router.get(MARKETPLACE, include_in_schema=False)
@router.get("/marketplace.json", summary="Plugin marketplace", response_model=Marketplace, responses=problems(503))
async def read_marketplace(request: Request, parts: ServicesDep) -> Response:
    """Every active skill as a plugin."""
    async with parts.database.transaction() as session:
        offered = await parts.artifacts.offered(session, await skills.listed(session))
    return document(request, marketplace([skill for skill, _ in offered]))
