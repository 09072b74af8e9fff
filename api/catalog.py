"""Routes of the catalog: what the MCP server, or any other server of skills, reads: skills, digests and files."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import PersonDep, ServicesDep
from api.described import problems
from domain.errors import NotFound
from domain.library.catalog import Catalog, SkillFiles, packed
from domain.skill import SkillStatus
from store import catalog, skills

router = APIRouter(prefix="/catalog", tags=["library"], responses=problems(503))


@router.get("", summary="Skills with the digests of their files")
async def read_catalog(
    parts: ServicesDep,
    asking: PersonDep,
    mounted: Annotated[bool, Query(description="Only what the person who asks has mounted.")] = False,
) -> Catalog:
    """Active and deprecated skills, by path. Yanked ones are withdrawn."""
    async with parts.database.transaction() as session:
        return Catalog(skills=await catalog.listed(session, asking.name if mounted else None))


@router.get("/{name}/{version}", summary="All files of a version", responses=problems(404))
async def read_files(name: str, version: str, parts: ServicesDep) -> SkillFiles:
    """The files of a version, which never change, in Base64; not of a skill that was yanked."""
    async with parts.database.transaction() as session:
        row = await skills.get(session, name)
        found = await catalog.files(session, name, version)
    if not found or row is None or row.status not in (SkillStatus.ACTIVE, SkillStatus.DEPRECATED):
        raise NotFound(f"There is no version {version[:40]!r} of a skill {name[:70]!r}. See: GET /api/v1/catalog.")
    return packed(name, version, found)
