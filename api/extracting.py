"""The texts of an upload, made and stored once, when a job first names it as a source. Must not choose among them.

Texts and archives are read in a thread, whose work is bounded by bytes; PDFs in a process that is killed when it takes
too long.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from api.errors import InvalidRequest
from domain.library.importing import SourceView
from domain.library.unpack import UnsafeArchive
from domain.passages import Text
from domain.sniff import Medium, medium_of
from domain.source_text import archive_texts, bounded, text_of
from domain.text import clean
from store import uploads
from store.session import Database

ROOT = Path(__file__).resolve().parent.parent

IN_MEMORY = 1024 * 1024
"""Bytes of an upload that are held; a larger one is read through a temporary file."""

PDF_WITHIN = 10.0
"""Seconds for one PDF; below the patience of a request."""


async def extract(database: Database, source: SourceView, field: str) -> None:
    """Make sure that the texts of a source are stored. Raises InvalidRequest on `field` when it has none."""
    async with database.transaction() as session:
        if await uploads.has_texts(session, source.source_id):
            return
    with SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        await uploads.fetch(database, source.source_id, file)
        texts = bounded(await _texts(source, file, field))
    if not any(text.content.strip() for text in texts):
        raise _useless(field, f"{source.filename!r} holds no text that could be read; a scan needs its text first.")
    async with database.transaction() as session:
        await uploads.keep_texts(session, source.source_id, texts)


async def _texts(source: SourceView, file: IO[bytes], field: str) -> list[Text]:
    medium = medium_of(file.read(8))
    file.seek(0)
    if medium is Medium.PDF:
        return [Text(source.filename, await _pdf(source, file.read(), field))]
    if medium in (Medium.TEXT, Medium.UTF16):
        return [Text(source.filename, await asyncio.to_thread(text_of, source.filename, file.read()))]
    try:
        return await asyncio.to_thread(archive_texts, source.filename, file, medium, source.size)
    except UnsafeArchive as error:
        raise _useless(field, f"{source.filename!r} cannot be used: {error}") from error


async def _pdf(source: SourceView, data: bytes, field: str) -> str:
    reader = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "api.pdf_text"], cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=PIPE, env={}
    )
    try:
        async with asyncio.timeout(PDF_WITHIN):
            text, why = await reader.communicate(data)
    except TimeoutError as error:
        raise _useless(
            field, f"{source.filename!r} took longer than {PDF_WITHIN:g} s to read. Give its text."
        ) from error
    finally:
        if reader.returncode is None:
            reader.kill()
            await reader.wait()
    if reader.returncode != 0:
        told = why.decode("utf-8", "replace").strip()[:200] or "its reader ran out of time or memory"
        raise _useless(field, f"{source.filename!r} is encrypted or damaged ({told}). Give its text.")
    return clean(text.decode("utf-8", "replace"))


def _useless(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, {field: message})
