"""Routes of the files of a revision: which it has, and each as it is. Nothing is served as something a browser runs."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.dependencies import JobToRead, Services, ServicesDep
from api.described import problems
from api.reading import KnownJob
from api.record import Number
from api.versions import safe
from domain.errors import NotFound
from domain.library.package import MAX_PATH
from domain.shape import StrictShape
from domain.skill import RevisionFileView, SkillFileEntry
from store import revisions

router = APIRouter(prefix="/jobs/{job_id}/revisions/{n}/files", tags=["record"], responses=problems(404, 503))

FilePath = Annotated[str, Path(max_length=MAX_PATH, description="POSIX, relative to the skill's folder.")]


class RevisionFiles(StrictShape):
    """The files of a revision, by path."""

    files: list[RevisionFileView]


@router.get("", summary="Files of a revision")
async def list_revision_files(job: JobToRead, n: Number, parts: ServicesDep) -> RevisionFiles:
    """Every file with its size and SHA-256: equal sums are equal files, in whatever revision."""
    async with parts.database.transaction() as session:
        found = await revisions.listed_files(session, job.job_id, n)
    if not found:
        raise NotFound(f"The job has no revision {n}, or its files were removed because they were too old.")
    return RevisionFiles(files=found)


@router.get("/{path:path}", summary="One file of a revision", response_class=Response)
async def read_revision_file(job: JobToRead, n: Number, path: FilePath, parts: ServicesDep) -> Response:
    """The file, byte for byte; anything but texts and pictures is a download."""
    found = await file_of(parts, job, n, path)
    return Response(found.data, headers=safe(found))


async def file_of(parts: Services, job: KnownJob, n: int, path: str) -> SkillFileEntry:
    """One file of a revision. Raises NotFound."""
    async with parts.database.transaction() as session:
        found = await revisions.file(session, job.job_id, n, path)
    if found is None:
        raise NotFound(f"Revision {n} has no file {path[:80]!r}.")
    return found
