"""Uploads: kept piece by piece while they come, of use only when complete, read piece by piece.

Each piece is a short transaction of its caller's. What was never completed counts for nothing, and goes after a day;
what nobody needs any more goes with retention.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import IO
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Text, cast, delete, exists, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.job import JobStatus
from domain.library.importing import SourceView
from domain.passages import Text as Passage
from store.session import Database
from store.tables import Job
from store.usage_tables import SkillImport, Upload, UploadChunk, UploadText

ABANDONED = timedelta(days=1)
"""Age of an incomplete upload that nobody sends any more: no request lives that long."""

DAY = timedelta(days=1)


async def begin(session: AsyncSession, user_id: str, filename: str) -> UUID:
    """A new, incomplete upload; old ones that were never completed go."""
    abandoned = Upload.complete.is_(False) & (Upload.created_at < func.now() - ABANDONED)
    await session.execute(delete(Upload).where(abandoned, ~_imported()))
    upload_id = uuid4()
    row = Upload(upload_id=upload_id, user_id=user_id, filename=filename, media_type="", size=0, complete=False)
    session.add(row)
    await session.flush()
    return upload_id


async def add_piece(session: AsyncSession, upload_id: UUID, n: int, data: bytes) -> None:
    """The next piece; `n` counts from 0."""
    session.add(UploadChunk(upload_id=upload_id, n=n, data=data))
    await session.execute(update(Upload).where(Upload.upload_id == upload_id).values(size=Upload.size + len(data)))


async def finish(
    session: AsyncSession, upload_id: UUID, media_type: str, sha256: str, key: str | None
) -> SourceView | None:
    """The last piece has come. None when another upload was completed under this key meanwhile."""
    values = {"media_type": media_type, "sha256": sha256, "complete": True, "request_key": key}
    try:
        async with session.begin_nested():
            await session.execute(update(Upload).where(Upload.upload_id == upload_id).values(values))
    except IntegrityError:
        return None
    row = await session.get(Upload, upload_id, populate_existing=True)
    return None if row is None else _view(row)


async def remove(session: AsyncSession, upload_id: UUID) -> None:
    """Forget an upload with all its pieces."""
    await session.execute(delete(Upload).where(Upload.upload_id == upload_id))


async def of_person(session: AsyncSession, upload_id: UUID, user_id: str) -> SourceView | None:
    """A complete upload of this person's; None for any other."""
    row = await session.get(Upload, upload_id)
    return _view(row) if row is not None and row.complete and row.user_id == user_id else None


async def of_key(session: AsyncSession, user_id: str, key: str) -> SourceView | None:
    """The upload that this person completed under this key."""
    query = select(Upload).where(Upload.user_id == user_id, Upload.request_key == key, Upload.complete)
    row = (await session.scalars(query)).first()
    return None if row is None else _view(row)


async def sent_lately(session: AsyncSession, user_id: str) -> int:
    """Bytes that a person has sent within the last 24 hours, and is sending now."""
    query = select(func.sum(Upload.size)).where(Upload.user_id == user_id, Upload.created_at > func.now() - DAY)
    return int(await session.scalar(query) or 0)


async def get(session: AsyncSession, upload_id: UUID) -> SourceView | None:
    """A complete upload, whoever sent it."""
    row = await session.get(Upload, upload_id)
    return _view(row) if row is not None and row.complete else None


async def piece(session: AsyncSession, upload_id: UUID, n: int) -> bytes | None:
    """One piece; None beyond the last."""
    data: bytes | None = await session.scalar(
        select(UploadChunk.data).where(UploadChunk.upload_id == upload_id, UploadChunk.n == n)
    )
    return data


async def fetch(database: Database, upload_id: UUID, file: IO[bytes]) -> None:
    """All pieces into a file, each in a transaction of its own; the file is at its beginning again."""
    n = 0
    while True:
        async with database.transaction() as session:
            data = await piece(session, upload_id, n)
        if data is None:
            break
        await asyncio.to_thread(file.write, data)
        n += 1
    file.seek(0)


async def keep_texts(session: AsyncSession, upload_id: UUID, texts: Sequence[Passage]) -> None:
    """Store what an author model may read of an upload, once: of two that do so at once the first one's stand."""
    await session.get(Upload, upload_id, with_for_update=True)
    if not await has_texts(session, upload_id):
        rows = [
            UploadText(upload_id=upload_id, n=n, name=text.name, content=text.content) for n, text in enumerate(texts)
        ]
        session.add_all(rows)
        await session.flush()


async def has_texts(session: AsyncSession, upload_id: UUID) -> bool:
    """Whether its texts were stored."""
    query = select(UploadText.n).where(UploadText.upload_id == upload_id).limit(1)
    return await session.scalar(query) is not None


async def texts(session: AsyncSession, upload_id: UUID) -> list[Passage]:
    """The texts of an upload in their order."""
    query = select(UploadText).where(UploadText.upload_id == upload_id).order_by(UploadText.n)
    return [Passage(row.name, row.content) for row in await session.scalars(query)]


def unneeded(before: datetime) -> ColumnElement[bool]:
    """A complete upload that came before then, and that no job which goes on and no import under way refers to."""
    named = func.jsonb_build_array(func.jsonb_build_object("source_id", cast(Upload.upload_id, Text)))
    ended = [status for status in JobStatus if status.final]
    wanted = exists().where(Job.status.not_in(ended), Job.sources.contains(named)).correlate(Upload)
    under_way = exists().where(SkillImport.upload_id == Upload.upload_id, SkillImport.completed_at.is_(None))
    return Upload.complete & (Upload.created_at < before) & ~wanted & ~under_way.correlate(Upload)


async def forget(session: AsyncSession, before: datetime, limit: int) -> int:
    """Remove at most `limit` unneeded uploads with pieces and texts; returns how many.

    Of one that was imported from the row stays, without its content: the import's record names the file.
    """
    some = select(Upload.upload_id).where(unneeded(before)).limit(limit).with_for_update(skip_locked=True)
    locked = list(await session.scalars(some))
    # A statement of its own: the first does not see an import that was asked for while it waited its turn.
    still = list(await session.scalars(select(Upload.upload_id).where(Upload.upload_id.in_(locked), unneeded(before))))
    for table in (UploadChunk, UploadText):
        await session.execute(delete(table).where(table.upload_id.in_(still)))
    emptied = update(Upload).where(Upload.upload_id.in_(still), _imported())
    await session.execute(emptied.values(complete=False, request_key=None))
    await session.execute(delete(Upload).where(Upload.upload_id.in_(still), Upload.complete))
    return len(still)


def _imported() -> ColumnElement[bool]:
    return exists().where(SkillImport.upload_id == Upload.upload_id).correlate(Upload)


def _view(row: Upload) -> SourceView:
    return SourceView(
        source_id=row.upload_id,
        filename=row.filename,
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256 or "",
        created_at=row.created_at,
    )
