"""Routes of what installers fetch: a release with its digests, and the archive of any version.

A yanked skill is told of, with the reason, and never handed out.
"""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from api.dependencies import ServicesDep
from api.described import Responses, problems
from api.handing_out import FOR_A_MINUTE, FOR_EVER, handed_out
from api.published import API, Published, find, find_usable
from api.versions import NOW
from domain.errors import NotFound
from domain.library.archive import MEDIA_TYPES, ArchiveFormat, archive
from domain.library.release import Release
from domain.skill import SkillFileEntry, SkillStatus
from store import versions
from store.library_tables import SkillVersion

router = APIRouter(tags=["library"])

LATEST = "latest"
ARCHIVED: Responses = {200: {"content": {"application/zip": {}, "application/gzip": {}}, "description": "The archive."}}


@router.get("/releases/{name}", summary="What to install", responses=problems(404, 503))
async def read_release(
    name: str, parts: ServicesDep, version: Annotated[str, Query(max_length=40)] = LATEST
) -> Release:
    """A version with its status, what it requires, and its artifacts with their digests."""
    async with parts.database.transaction() as session:
        found = await find(session, name)
        kept = await release_of(session, found, version)
        packed = await parts.artifacts.packed(session, kept.name, kept.version, kept.digest)
    row = found.row
    withheld = packed is None or row.status == SkillStatus.YANKED
    return Release(
        name=row.name,
        version=kept.version,
        latest=row.version,
        category=row.category,
        description=row.description,
        status=SkillStatus(row.status),
        note=row.note,
        replaced_by=row.replaced_by,
        warning=found.warning,
        requires=row.requires if kept.version == row.version else _requires(kept),
        digest=kept.digest,
        artifacts=[] if withheld or packed is None else packed.artifacts,
    )


@router.head("/skills/{category}/{name}/versions/{version}/archive", include_in_schema=False)
@router.get(
    "/skills/{category}/{name}/versions/{version}/archive",
    summary="Fetch a version as one file",
    response_class=Response,
    responses={**ARCHIVED, **problems(404, 503)},
)
async def read_archive(
    request: Request,
    parts: ServicesDep,
    category: str,
    name: str,
    version: str,
    form: Annotated[ArchiveFormat, Query(alias="format")] = ArchiveFormat.ZIP,
) -> Response:
    """The files of a version; `latest` is the current one. The same version gives the same bytes, for ever."""
    async with parts.database.transaction() as session:
        kept = await release_of(session, await find_usable(session, f"{category}/{name}"), version)
        files = await files_of(session, kept)
    data = await asyncio.to_thread(archive, kept.name, files, form)
    cache = FOR_A_MINUTE if version in NOW else FOR_EVER
    return handed_out(request, data, MEDIA_TYPES[form], cache=cache, filename=f"{kept.name}-{kept.version}.{form}")


async def release_of(session: AsyncSession, found: Published, version: str) -> SkillVersion:
    """One version of a skill; `latest` (or `current`) is the current one. Raises NotFound."""
    row = await versions.get(session, found.row.name, found.row.version if version in NOW else version)
    if row is None:
        why = f"There is no published version {version[:40]!r} of {found.row.name}."
        raise NotFound(f"{why} See the list: GET {API}/{found.path}/versions.")
    return row


async def files_of(session: AsyncSession, version: SkillVersion) -> list[SkillFileEntry]:
    """The files of a version. Raises NotFound for one that is older than their keeping."""
    files = await versions.files(session, version.name, version.version)
    if not files:
        raise NotFound(f"The files of {version.name} {version.version} were not kept; publish the skill again.")
    return files


def _requires(version: SkillVersion) -> list[str]:
    told: JsonValue = (version.described or {}).get("requires", [])
    return [one for one in told if isinstance(one, str)] if isinstance(told, list) else []
