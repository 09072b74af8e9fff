"""Routes of sources: files that a job's author shall know, or archives of skills; streamed in, read back as facts."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Annotated
from urllib.parse import unquote
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.dependencies import PersonDep, ServicesDep
from api.described import problems
from api.errors import InvalidRequest
from api.idempotency import key_of
from api.receiving import MAX_ARCHIVE, PIECE, Arriving, Received, receive
from domain.errors import NotFound
from domain.library.importing import SourceView
from domain.text import clean
from store import uploads

STREAMED: Mapping[str, int] = MappingProxyType({"/api/v1/sources": MAX_ARCHIVE + 1024 * 1024})
"""Paths whose bodies are not held, with the most bytes that are read; a form has some around its file."""

MAX_FILENAME = 255

BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
            },
        },
    }
}

router = APIRouter(prefix="/sources", tags=["sources"], responses=problems(503))


@router.post(
    "",
    status_code=201,
    summary="Send a file",
    responses=problems(413, 415, 422),
    openapi_extra=BODY,
)
async def create_source(
    request: Request,
    response: Response,
    parts: ServicesDep,
    asking: PersonDep,
    filename: Annotated[str | None, Query(description="The file's name; or the header `X-Filename`.")] = None,
    x_filename: Annotated[str | None, Header(description="The file's name, percent-encoded.")] = None,
    idempotency_key: Annotated[
        str | None, Header(description="The same key and bytes again get the first answer again.")
    ] = None,
) -> SourceView:
    """Send one file: its bytes as the body (its name in `filename`), or a form with one file. Texts, PDFs, archives."""
    key = key_of(request).key if idempotency_key is not None else None
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        received = await _from_form(request, parts, asking.name, key)
    else:
        length = request.headers.get("content-length", "")
        file = Arriving(
            user_id=asking.name,
            filename=plain_name(filename or unquote(x_filename or "")),
            declared=request.headers.get("content-type", ""),
            length=int(length) if length.isdigit() else None,
            key=key,
        )
        try:
            received = await receive(parts.database, file, request.stream())
        except ClientDisconnect as left:
            raise HTTPException(400, "The file broke off; nothing of it was kept.") from left
    response.headers["Location"] = f"/api/v1/sources/{received.view.source_id}"
    if received.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return received.view


@router.get("/{source_id}", summary="What is known of a file", responses=problems(404))
async def read_source(source_id: UUID, parts: ServicesDep, asking: PersonDep) -> SourceView:
    """Name, kind, size and SHA-256 of a file that you sent; its bytes are not given back."""
    async with parts.database.transaction() as session:
        found = await uploads.of_person(session, source_id, asking.name)
    if found is None:
        raise NotFound(f"There is no source {source_id}, or it is not yours, or it never came to its end.")
    return found


async def _from_form(request: Request, parts: ServicesDep, user_id: str, key: str | None) -> Received:
    try:
        form = await request.form(max_files=1, max_fields=10)
    except HTTPException as broken:
        message = f"One file per request is taken, as a field of the form. {broken.detail}"
        raise InvalidRequest(message, {"file": message}) from broken
    async with _closing(form):
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        if len(files) != 1:
            message = f"One file per request is taken, as a field of the form; this one has {len(files)}."
            raise InvalidRequest(message, {"file": message})
        [sent] = files
        file = Arriving(
            user_id=user_id,
            filename=plain_name(sent.filename or ""),
            declared=sent.content_type or "",
            length=sent.size,
            key=key,
        )
        return await receive(parts.database, file, read(sent))


@asynccontextmanager
async def _closing(form: FormData) -> AsyncIterator[None]:
    """Gives back what the form's files hold."""
    try:
        yield
    finally:
        await form.close()


async def read(sent: UploadFile) -> AsyncIterator[bytes]:
    """The bytes of a file of a form, piece by piece."""
    while piece := await sent.read(PIECE):
        yield piece


def plain_name(given: str) -> str:
    """The last part of a name, without what cannot be shown. Raises InvalidRequest when nothing is left."""
    name = "".join(char for char in clean(given).replace("\\", "/").rpartition("/")[2] if char.isprintable()).strip()
    if not name or name in (".", ".."):
        message = "Say the file's name: `?filename=notes.md`, or the header `X-Filename`. Its ending tells what it is."
        raise InvalidRequest(message, {"filename": message})
    return name[-MAX_FILENAME:]
