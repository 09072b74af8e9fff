"""A file as it streams in: counted, looked at, fingerprinted and stored piece by piece, never held as a whole.

Whatever goes wrong, nothing of it stays; a process that dies amid it leaves an upload that is not complete and counts
for nothing. Must not know HTTP beyond an iterator of bytes.
"""

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.errors import KeyReused, TooLarge
from domain.library.importing import SourceView
from domain.shape import Shape
from domain.sniff import Sniffer, UnsupportedFile, ending
from store import uploads
from store.session import Database

PIECE = 256 * 1024
"""Bytes of one row."""

MAX_FILE = 20 * 1024 * 1024
MAX_ARCHIVE = 50 * 1024 * 1024
"""Bytes of one file, and of an archive: a library of skills is larger than what an author reads."""

MAX_DAY = 500 * 1024 * 1024
"""Bytes that one person may send within 24 hours."""

DRAINED = 8 * 1024 * 1024
"""Bytes of a refused file that are read and dropped: a client that still sends would not hear the refusal."""

_ARCHIVES = frozenset({".zip", ".skill", ".gz", ".tgz"})

log = structlog.get_logger("api")


class Arriving(Shape):
    """What is known of a file before its first byte; `length` is what its sender says."""

    user_id: str
    filename: str
    declared: str = ""
    length: int | None = None
    key: str | None = None


class Received(Shape):
    """The upload; `replayed`: it was completed by an earlier request under the same key."""

    view: SourceView
    replayed: bool = False


async def receive(database: Database, file: Arriving, stream: AsyncIterator[bytes]) -> Received:
    """Take a file in. Raises TooLarge, UnsupportedFile, KeyReused; then nothing of it is kept."""
    pieces = _pieces(stream)
    try:
        return await _received(database, file, pieces)
    except (TooLarge, UnsupportedFile, KeyReused):
        await _drain(pieces)
        raise


async def _received(database: Database, file: Arriving, pieces: AsyncIterator[bytes]) -> Received:
    sniffer = Sniffer(file.filename, file.declared)
    most = MAX_ARCHIVE if ending(file.filename) in _ARCHIVES else MAX_FILE
    if file.length is not None and file.length > most:
        raise _too_large(file, most)
    if file.key is not None and (known := await _known(database, file)) is not None:
        return await _replayed(known, pieces)
    async with database.transaction() as session:
        sent = await uploads.sent_lately(session, file.user_id)
        upload_id = await uploads.begin(session, file.user_id, file.filename)
    try:
        view = await _stored(_Upload(database, upload_id, file, most, sent), sniffer, pieces)
    except BaseException:
        await asyncio.shield(_forget(database, upload_id))
        raise
    if view is not None:
        return Received(view=view)
    await _forget(database, upload_id)
    first = await _known(database, file)
    assert first is not None  # its key is why ours was not taken
    return Received(view=first, replayed=True)


class _Upload:
    """One upload under way: what it may hold, and how it is kept."""

    def __init__(self, database: Database, upload_id: UUID, file: Arriving, most: int, sent: int) -> None:
        self.database, self.upload_id, self.file = database, upload_id, file
        self._most, self._sent = most, sent
        self._size = self._n = 0
        self.digest = sha256()

    async def add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._most:
            raise _too_large(self.file, self._most)
        if self._sent + self._size > MAX_DAY:
            raise TooLarge(f"One person may send {MAX_DAY // 2**20} MB within 24 hours; send this one tomorrow.")
        self.digest.update(piece)
        async with self.database.transaction() as session:
            await uploads.add_piece(session, self.upload_id, self._n, piece)
        self._n += 1

    async def finish(self, media_type: str) -> SourceView | None:
        async with self.database.transaction() as session:
            return await uploads.finish(session, self.upload_id, media_type, self.digest.hexdigest(), self.file.key)


async def _stored(upload: _Upload, sniffer: Sniffer, pieces: AsyncIterator[bytes]) -> SourceView | None:
    async for piece in pieces:
        sniffer.feed(piece)
        await upload.add(piece)
    return await upload.finish(sniffer.finish())


async def _known(database: Database, file: Arriving) -> SourceView | None:
    async with database.transaction() as session:
        return await uploads.of_key(session, file.user_id, file.key or "")


async def _replayed(known: SourceView, pieces: AsyncIterator[bytes]) -> Received:
    """The same bytes again get the first answer; they are compared, not stored."""
    digest, size = sha256(), 0
    async for piece in pieces:
        digest.update(piece)
        size += len(piece)
        if size > known.size:
            break
    if digest.hexdigest() != known.sha256:
        raise KeyReused("This Idempotency-Key was used for another file. Send that one again, or use a new key.")
    return Received(view=known, replayed=True)


async def _pieces(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces of PIECE; the last one is what is left."""
    held = bytearray()
    async for chunk in stream:
        held += chunk
        while len(held) >= PIECE:
            yield bytes(held[:PIECE])
            del held[:PIECE]
    if held:
        yield bytes(held)


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    size = 0
    async for piece in pieces:
        size += len(piece)
        if size >= DRAINED:
            return


async def _forget(database: Database, upload_id: UUID) -> None:
    """A database that is away keeps it: it is not complete, and goes by itself after a day."""
    try:
        async with database.transaction() as session:
            await uploads.remove(session, upload_id)
    except (SQLAlchemyError, OSError) as error:
        log.warning("what was kept of a broken upload stays for a day", error=str(error)[:200])


def _too_large(file: Arriving, most: int) -> TooLarge:
    return TooLarge(
        f"{file.filename[:120]!r} is larger than {most // 2**20} MB. Send the part that matters, or several files."
    )
