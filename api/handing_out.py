"""How published bytes are answered: for every origin, with their digest, and not again to who has them.

Must not know where they come from.
"""

import re
from base64 import b64encode
from hashlib import sha256
from http import HTTPStatus

from fastapi import Request, Response
from pydantic import BaseModel

FOR_EVER = "public, max-age=31536000, immutable"
FOR_A_MINUTE = "public, max-age=60"

_FOR_ALL = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""Public files: a page of any site may read them; they carry nothing of who asks."""

_READABLE = "ETag, Repr-Digest, Content-Length"
_JSON = "application/json"


def document(request: Request, shape: BaseModel) -> Response:
    """A JSON document that changes with the library."""
    body = shape.model_dump_json(by_alias=True, exclude_none=True, indent=2).encode() + b"\n"
    return handed_out(request, body, _JSON, cache=FOR_A_MINUTE)


def handed_out(request: Request, body: bytes, media_type: str, *, cache: str, filename: str | None = None) -> Response:
    """The bytes, their headers alone (HEAD), or 304. `filename`: what a browser saves them as."""
    summed = sha256(body)
    etag = f'"{summed.hexdigest()}"'
    headers = {
        **_FOR_ALL,
        "Access-Control-Expose-Headers": _READABLE,
        "Cache-Control": cache,
        "ETag": etag,
        "Repr-Digest": f"sha-256=:{b64encode(summed.digest()).decode()}:",
    }
    if filename is not None:
        headers["Content-Disposition"] = f'attachment; filename="{plain(filename)}"'
    if has_it(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    headers["Content-Length"] = str(len(body))
    return Response(b"" if request.method == "HEAD" else body, headers=headers, media_type=media_type)


def has_it(told: str, etag: str) -> bool:
    """Whether `If-None-Match` names this entity, strongly or weakly."""
    return etag in (tag.strip().removeprefix("W/") for tag in told.split(",")) or told.strip() == "*"


def plain(filename: str) -> str:
    """The name with everything that could end a header's quotes, or a folder, made a hyphen."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", filename)[:150]
