"""Routes of a skill's versions: what each was, its files as they were, what changed, and who did what.

They answer for every published skill, also a withdrawn one. A file is never served as something a browser would run.
"""

import asyncio
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api import published
from api.dependencies import ServicesDep
from api.described import problems
from api.published import Published
from domain.errors import NotFound
from domain.library.semver import Version
from domain.library.version_diff import compared
from domain.library.views import Change, ChangeList, Forced, VersionDiff, VersionList, VersionSummary, VersionView
from domain.skill import METADATA_FILE, SKILL_FILE, SkillFileEntry, SkillStatus
from store import changes, skills, versions
from store.library_tables import SkillVersion
from store.session import Session

router = APIRouter(prefix="/skills/{category}/{name}", tags=["library"], responses=problems(404, 503))

Category = Annotated[str, Path(description="The shelf, or `-` for whichever it is.")]
Name = Annotated[str, Path(description="The skill, or another name of it.")]
Number = Annotated[str, Path(description="A version such as `1.2.0`, or `latest` (also `current`).")]

NOW = ("latest", "current")
"""Words for the version that agents read now, or read last."""
MOST_CONTEXT = 100

TEXTS = {"md": "text/markdown", "json": "application/json", "csv": "text/csv"}
PICTURES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}
"""Media types by the end of a name. All other texts are plain text (HTML, SVG and scripts too), the rest is bytes."""

NEVER_RUN = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}


@router.get("/versions", summary="Versions of a skill")
async def list_versions(category: Category, name: Name, parts: ServicesDep, response: Response) -> VersionList:
    """Every version that was ever published, newest first; also of a skill that was withdrawn."""
    async with parts.database.transaction() as session:
        skill = await _skill(session, category, name, response)
        rows = await versions.listed(session, skill.row.name)
    return VersionList(
        name=skill.row.name,
        category=skill.row.category,
        status=SkillStatus(skill.row.status),
        note=skill.row.note,
        replaced_by=skill.row.replaced_by,
        warning=skill.warning,
        versions=[_summary(row, skill) for row in rows],
    )


@router.get("/versions/{version}", summary="One version of a skill")
async def read_version(
    category: Category, name: Name, version: Number, parts: ServicesDep, response: Response
) -> VersionView:
    """What a version was: its files, its metadata, its text, and where it came from."""
    async with parts.database.transaction() as session:
        skill = await _skill(session, category, name, response)
        row = await _version(session, skill, version)
        kept = await versions.files(session, row.name, row.version)
        described = await versions.described(session, row)
    text = next((file.data for file in kept if file.path == SKILL_FILE), b"")
    return VersionView(
        **_summary(row, skill).model_dump(),
        name=row.name,
        status=SkillStatus(skill.row.status),
        files=described.files,
        metadata=described,
        forced=None if row.forced_reason is None else Forced(person=row.promoted_by, reason=row.forced_reason),
        provenance=skills.provenance(row),
        content=text.decode("utf-8", "replace"),
        warning=skill.warning,
    )


@router.get(
    "/versions/{version}/files/{path:path}",
    summary="A file of a version",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "The bytes, as they were."}},
)
async def read_version_file(category: Category, name: Name, version: Number, path: str, parts: ServicesDep) -> Response:
    """The bytes of a file as they were published. Texts are plain text, whatever their name says."""
    async with parts.database.transaction() as session:
        skill = await published.find(session, f"{category}/{name}")
        row = await _version(session, skill, version)
        kept = await versions.whole(session, row)
    file = next((file for file in kept if file.path == path), None)
    if file is None:
        there = ", ".join(one.path for one in kept)[:1_000]
        raise NotFound(f"Version {row.version} of {row.name} has no file {path[:140]!r}. It has: {there}.")
    return Response(file.data, headers={**skill.headers, **safe(file)})


@router.get("/versions/{version}/diff", summary="What a version changed")
async def read_version_diff(
    category: Category,
    name: Name,
    version: Number,
    parts: ServicesDep,
    response: Response,
    against: Annotated[
        str | None, Query(max_length=40, description="Any other version; default: the one before.")
    ] = None,
    context: Annotated[int, Query(ge=0, le=MOST_CONTEXT, description="Unchanged lines around a change.")] = 3,
) -> VersionDiff:
    """Two versions compared, file by file; the SKILL.md also side by side."""
    async with parts.database.transaction() as session:
        skill = await _skill(session, category, name, response)
        row = await _version(session, skill, version)
        other = await _version(session, skill, against) if against else await _before(session, row)
        after = row.version, await versions.files(session, row.name, row.version)
        before = (other.version, await versions.files(session, other.name, other.version)) if other else None
    found = await asyncio.to_thread(compared, row.name, after, before, context)
    return found.model_copy(update={"warning": skill.warning})


@router.get("/changes", summary="The record of a skill")
async def list_changes(category: Category, name: Name, parts: ServicesDep, response: Response) -> ChangeList:
    """Who did what to a skill, when and why; newest first."""
    async with parts.database.transaction() as session:
        skill = await _skill(session, category, name, response)
        rows = await changes.listed(session, skill.row.name)
    found = [Change.model_validate({field: getattr(row, field) for field in Change.model_fields}) for row in rows]
    return ChangeList(name=skill.row.name, changes=found, warning=skill.warning)


async def _skill(session: Session, category: str, name: str, response: Response) -> Published:
    skill = await published.find(session, f"{category}/{name}")
    response.headers.update(skill.headers)
    return skill


async def _version(session: Session, skill: Published, number: str) -> SkillVersion:
    wanted = skill.row.version if number in NOW else number
    row = await versions.get(session, skill.row.name, wanted) if Version.parse(wanted) else None
    if row is None:
        told = f"There is no version {number[:40]!r} of {skill.row.name}."
        raise NotFound(f"{told} See: GET {published.API}/{skill.path}/versions.")
    return row


async def _before(session: Session, row: SkillVersion) -> SkillVersion | None:
    """The version with the next lower number."""
    rows = await versions.listed(session, row.name)
    place = next(n for n, one in enumerate(rows) if one.version == row.version)
    return rows[place + 1] if place + 1 < len(rows) else None


def _summary(row: SkillVersion, skill: Published) -> VersionSummary:
    return VersionSummary(
        version=row.version,
        digest=row.digest,
        published_by=row.promoted_by,
        published_at=row.created_at,
        changelog=row.changelog,
        current=row.version == skill.row.version,
    )


def safe(file: SkillFileEntry) -> dict[str, str]:
    """The headers that go with a file: what it may be taken for, and the promise that it never changes."""
    ending = file.path.rpartition(".")[2].casefold()
    media_type = PICTURES.get(ending) or _text_type(file.data, ending)
    generated = file.path == METADATA_FILE
    return {
        **NEVER_RUN,
        "Content-Type": media_type,
        "Content-Disposition": "attachment" if media_type == "application/octet-stream" else "inline",
        "ETag": f'"{sha256(file.data).hexdigest()}"',
        "Cache-Control": "no-cache" if generated else "private, max-age=86400",
    }


def _text_type(data: bytes, ending: str) -> str:
    try:
        data.decode()
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "application/octet-stream" if b"\0" in data else f"{TEXTS.get(ending, 'text/plain')}; charset=utf-8"
