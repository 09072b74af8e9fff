"""Routes under `/.well-known/`: what is published, for clients that look there. Index v0.2.0 with its artifacts, and
v0.1 with single files. Both say the same: the current versions of the active skills.

What may be fetched is what the database lists under exactly that name, so no path leads anywhere else.
"""

import asyncio
from collections.abc import Sequence
from pathlib import PurePosixPath

from fastapi import APIRouter, Request, Response

from api.archives import LATEST, files_of, release_of
from api.artifacts import MARKDOWN, Packed, files_entry, index_entry
from api.dependencies import Services, ServicesDep
from api.described import problems
from api.handing_out import FOR_A_MINUTE, FOR_EVER, document, handed_out
from api.published import find_usable
from domain.errors import NotFound
from domain.library.archive import MEDIA_TYPES, ArchiveFormat, archive, shipped
from domain.library.package import is_text
from domain.library.release import WELL_KNOWN, WELL_KNOWN_FILES, FilesIndex, Index
from domain.skill import SKILL_FILE, SkillFileEntry, SkillSummary
from store import skills

router = APIRouter(tags=["library"])

_IMAGES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"}
_PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
}


@router.options("/.well-known/{path:path}", include_in_schema=False)
async def preflight() -> Response:
    """Lets a page of any site ask with headers of its own, such as `If-None-Match`."""
    return Response(status_code=204, headers=_PREFLIGHT)


@router.head(f"{WELL_KNOWN}/index.json", include_in_schema=False)
@router.get(f"{WELL_KNOWN}/index.json", summary="Discovery index v0.2.0", response_model=Index, responses=problems(503))
async def read_index(request: Request, parts: ServicesDep) -> Response:
    """Every active skill with the digest of its artifact."""
    return document(request, Index(skills=[index_entry(skill, packed) for skill, packed in await _offered(parts)]))


@router.head(f"{WELL_KNOWN_FILES}/index.json", include_in_schema=False)
@router.get(
    f"{WELL_KNOWN_FILES}/index.json", summary="Discovery index v0.1", response_model=FilesIndex, responses=problems(503)
)
async def read_files_index(request: Request, parts: ServicesDep) -> Response:
    """Every active skill with its files, for clients of the first draft."""
    entries = [files_entry(skill, packed) for skill, packed in await _offered(parts)]
    return document(request, FilesIndex(skills=[entry for entry in entries if entry is not None]))


@router.head(WELL_KNOWN + "/{name}/{version}/{file}", include_in_schema=False)
@router.get(
    WELL_KNOWN + "/{name}/{version}/{file}",
    summary="An artifact of the index",
    response_class=Response,
    responses=problems(404, 503),
)
async def read_artifact(request: Request, parts: ServicesDep, name: str, version: str, file: str) -> Response:
    """SKILL.md, or an archive: `{name}.zip`, `{name}.tar.gz`, `{name}.skill`."""
    async with parts.database.transaction() as session:
        kept = await release_of(session, await find_usable(session, name), version)
        files = await files_of(session, kept)
    form = next((form for form in ArchiveFormat if file == f"{kept.name}.{form}"), None)
    if (name, version) != (kept.name, kept.version) or (form is None and file != SKILL_FILE):
        raise _nothing(request)
    if form is None:
        return handed_out(request, _data(files, SKILL_FILE, request), MARKDOWN, cache=FOR_EVER)
    data = await asyncio.to_thread(archive, kept.name, files, form)
    return handed_out(request, data, MEDIA_TYPES[form], cache=FOR_EVER, filename=file)


@router.head(WELL_KNOWN_FILES + "/{name}/{path:path}", include_in_schema=False)
@router.get(
    WELL_KNOWN_FILES + "/{name}/{path:path}",
    summary="A file of a skill",
    response_class=Response,
    responses=problems(404, 503),
)
async def read_file(request: Request, parts: ServicesDep, name: str, path: str) -> Response:
    """One file of the current version."""
    async with parts.database.transaction() as session:
        kept = await release_of(session, await find_usable(session, name), LATEST)
        files = shipped(await files_of(session, kept))
    data = _data(files, path, request)
    return handed_out(request, data, media_type(path, data), cache=FOR_A_MINUTE)


@router.get("/.well-known/{path:path}", include_in_schema=False)
async def read_nothing(request: Request) -> Response:
    """Whatever else is asked for there."""
    raise _nothing(request)


def media_type(path: str, data: bytes) -> str:
    """What a single file is answered as: nothing that a browser would run or render as a page."""
    ending = PurePosixPath(path).suffix.lower()
    if ending in _IMAGES:
        return _IMAGES[ending]
    if not is_text(SkillFileEntry(path=path, data=data)):
        return "application/octet-stream"
    known = {".md": MARKDOWN, ".json": "application/json"}
    return known.get(ending, "text/plain; charset=utf-8")


async def _offered(parts: Services) -> list[tuple[SkillSummary, Packed]]:
    async with parts.database.transaction() as session:
        return await parts.artifacts.offered(session, await skills.listed(session))


def _data(files: Sequence[SkillFileEntry], path: str, request: Request) -> bytes:
    found = next((file.data for file in files if file.path == path), None)
    if found is None:
        raise _nothing(request)
    return found


def _nothing(request: Request) -> NotFound:
    return NotFound(f"Nothing is published at {request.url.path[:200]!r}. The index: {WELL_KNOWN}/index.json.")
