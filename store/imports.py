"""Imports: what was asked for, and the report as it grows, one line a skill."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.library.importing import ImportReport, ImportStatus, ImportView, ImportWish, SkillLine
from store.library_tables import Publication
from store.usage_tables import SkillImport, Upload


async def request(session: AsyncSession, import_id: UUID, upload_id: UUID, user_id: str, wish: ImportWish) -> None:
    """Note what is asked for."""
    row = SkillImport(
        import_id=import_id,
        upload_id=upload_id,
        user_id=user_id,
        request=wish.model_dump(mode="json"),
        status=ImportStatus.REQUESTED,
        report=ImportReport().model_dump(mode="json"),
    )
    session.add(row)
    await session.flush()


async def withdraw(session: AsyncSession, import_id: UUID) -> None:
    """Forget an import that could not be started."""
    untouched = (SkillImport.import_id == import_id) & (SkillImport.status == ImportStatus.REQUESTED)
    await session.execute(delete(SkillImport).where(untouched))


async def upload_of(session: AsyncSession, import_id: UUID) -> UUID:
    """The archive of an import. Raises NotFound."""
    return (await _row(session, import_id)).upload_id


async def view(session: AsyncSession, import_id: UUID) -> ImportView:
    """An import as it stands. Raises NotFound."""
    row = await _row(session, import_id)
    upload = await session.get_one(Upload, row.upload_id)
    report = ImportReport.model_validate(row.report)
    return ImportView(
        import_id=import_id,
        status=ImportStatus(row.status),
        user_id=row.user_id,
        filename=upload.filename,
        wish=ImportWish.model_validate(row.request),
        report=report,
        counts=report.counts,
        created_at=row.created_at,
        completed_at=row.completed_at,
    )


async def found(session: AsyncSession, import_id: UUID, report: ImportReport) -> None:
    """Note what the archive holds, unless a first attempt did."""
    row = await _row(session, import_id, lock=True)
    if row.status == ImportStatus.REQUESTED:
        row.status, row.report = ImportStatus.RUNNING, report.model_dump(mode="json")


async def add_lines(session: AsyncSession, import_id: UUID, lines: Sequence[SkillLine]) -> None:
    """Add lines for skills; a skill that has its line keeps it."""
    row = await _row(session, import_id, lock=True)
    report = ImportReport.model_validate(row.report)
    known = {line.folder for line in report.skills}
    new = [line for line in lines if line.folder not in known]
    row.report = report.model_copy(update={"skills": [*report.skills, *new]}).model_dump(mode="json")


async def held(session: AsyncSession, import_id: UUID) -> list[Publication]:
    """Names that publications of this import still hold."""
    query = select(Publication).where(Publication.token.startswith(token_of(import_id), autoescape=True))
    return list(await session.scalars(query))


def token_of(import_id: UUID, name: str = "") -> str:
    """Under which an import publishes a skill: the same in each attempt."""
    return f"import-skills:{import_id}:{name}"


async def end(session: AsyncSession, import_id: UUID, error: str) -> ImportReport:
    """Close an import, once; with an error, as failed."""
    row = await _row(session, import_id, lock=True)
    report = ImportReport.model_validate(row.report)
    if row.completed_at is None:
        report = report.model_copy(update={"error": error})
        changed = {
            "status": ImportStatus.FAILED if error else ImportStatus.COMPLETED,
            "report": report.model_dump(mode="json"),
            "completed_at": datetime.now(UTC),
        }
        await session.execute(update(SkillImport).where(SkillImport.import_id == import_id).values(changed))
    return report


async def _row(session: AsyncSession, import_id: UUID, *, lock: bool = False) -> SkillImport:
    row = await session.get(SkillImport, import_id, with_for_update=lock or None, populate_existing=True)
    if row is None:
        raise NotFound(f"There is no import {import_id}.")
    return row
