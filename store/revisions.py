"""Revisions: every state a job's skill was in, each a set of files under one digest."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.skill import SKILL_FILE, RevisionFileView, RevisionSummary, RevisionView, SkillFileEntry
from store.tables import Revision, RevisionFile


class NewRevision(RevisionSummary):
    """A revision to be kept, with its files; `created_at` is when it was made."""

    files: list[SkillFileEntry]


async def keep(session: AsyncSession, job_id: UUID, new: NewRevision) -> RevisionSummary:
    """Store a revision and return what stands under its number: of two overlapping attempts the first one's."""
    row = insert(Revision).values(job_id=job_id, **new.model_dump(exclude={"files"}))
    made = await session.execute(row.on_conflict_do_nothing().returning(Revision.n))
    if made.first() is not None:
        for file in new.files:
            session.add(RevisionFile(job_id=job_id, n=new.n, path=file.path, data=file.data))
        await session.flush()
    return await summary(session, job_id, new.n)


async def find(session: AsyncSession, job_id: UUID, n: int) -> RevisionSummary | None:
    """The revision under this number, if it was kept already."""
    row = await session.get(Revision, (job_id, n))
    return None if row is None else _summary(row)


async def summary(session: AsyncSession, job_id: UUID, n: int) -> RevisionSummary:
    """One revision without its text. Raises NotFound."""
    found = await find(session, job_id, n)
    if found is None:
        raise NotFound(f"Job {job_id} has no revision {n}.")
    return found


async def history(session: AsyncSession, job_id: UUID) -> list[RevisionSummary]:
    """All revisions of a job, oldest first."""
    rows = await session.scalars(select(Revision).where(Revision.job_id == job_id).order_by(Revision.n))
    return [_summary(row) for row in rows]


async def feedback_of(session: AsyncSession, job_id: UUID) -> list[str]:
    """What people said to the revisions of a job, oldest first."""
    query = select(Revision.feedback).where(Revision.job_id == job_id, Revision.feedback.is_not(None))
    return [text for text in await session.scalars(query.order_by(Revision.n)) if text]


async def files(session: AsyncSession, job_id: UUID, n: int) -> Sequence[SkillFileEntry]:
    """The files of a revision, by path. Raises NotFound: a revision has one at least, unless retention removed it."""
    query = select(RevisionFile).where(RevisionFile.job_id == job_id, RevisionFile.n == n).order_by(RevisionFile.path)
    found = [SkillFileEntry(path=row.path, data=row.data) for row in await session.scalars(query)]
    if not found:
        raise NotFound(f"Job {job_id} has no revision {n}: it was never written, or removed because it was too old.")
    return found


async def listed_files(session: AsyncSession, job_id: UUID, n: int) -> list[RevisionFileView]:
    """The files of a revision by path, without what they hold; none when retention removed them."""
    data = RevisionFile.data
    query = select(RevisionFile.path, func.octet_length(data), func.encode(func.sha256(data), "hex"))
    rows = await session.execute(
        query.where(RevisionFile.job_id == job_id, RevisionFile.n == n).order_by(RevisionFile.path)
    )
    return [RevisionFileView(path=path, size=size, sha256=summed) for path, size, summed in rows]


async def file(session: AsyncSession, job_id: UUID, n: int, path: str) -> SkillFileEntry | None:
    """One file of a revision, if it has it; a path with NUL, which no row can hold, is that of no file."""
    row = None if "\0" in path else await session.get(RevisionFile, (job_id, n, path))
    return None if row is None else SkillFileEntry(path=row.path, data=row.data)


async def content(session: AsyncSession, job_id: UUID, n: int) -> str:
    """The text of a SKILL.md, with the replacement character for bytes that are not UTF-8. Raises NotFound."""
    text = await text_left(session, job_id, n)
    if text is None:
        raise NotFound(f"Job {job_id} has no revision {n}.")
    return text


async def text_left(session: AsyncSession, job_id: UUID, n: int) -> str | None:
    """The same; None where there is no such revision, or retention took its files: what was found out of them stays."""
    row = await session.get(RevisionFile, (job_id, n, SKILL_FILE))
    return None if row is None else row.data.decode("utf-8", errors="replace")


async def view(session: AsyncSession, job_id: UUID, n: int) -> RevisionView:
    """One revision with its text. Raises NotFound."""
    short = await summary(session, job_id, n)
    paths = [file.path for file in await files(session, job_id, n)]
    return RevisionView(**short.model_dump(), content=await content(session, job_id, n), files=paths)


def _summary(row: Revision) -> RevisionSummary:
    return RevisionSummary(
        n=row.n,
        digest=row.digest,
        made_by=row.made_by,
        by_person=row.by_person,
        feedback=row.feedback,
        changes=row.changes,
        created_at=row.created_at,
    )
