"""Forms of the page: the token that proves they are ours, and their fields as clean text. Must not answer or start.

What the fields of a prompt's form mean is in `api/answer_form.py`.
"""

import hmac
import secrets
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, JsonValue, ValidationError
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from api.errors import InvalidRequest
from api.starting import StartRequest

TOKEN_COOKIE = "skill_fleet_form"  # noqa: S105 - the name of a cookie
TOKEN_FIELD = "token"  # noqa: S105 - the name of a field
TOKEN_LENGTH = 43

Body = TypeVar("Body", bound=BaseModel)


class Form:
    """The fields of a sent form as clean text: no NUL, and one kind of line end."""

    def __init__(self, data: FormData) -> None:
        self._data = data

    def text(self, name: str) -> str:
        """One field; empty when it was not sent."""
        value = self._data.get(name)
        return _clean(value) if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        """All values of a field that may occur several times."""
        return [_clean(value) for value in self._data.getlist(name) if isinstance(value, str)]

    def ticked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return bool(self.text(name))


async def own_form(request: Request) -> Form:
    """The sent form, if it is one of ours: its token must be the one in the cookie (double submit)."""
    form = Form(await request.form())
    expected = request.cookies.get(TOKEN_COOKIE, "")
    if len(expected) != TOKEN_LENGTH or not hmac.compare_digest(form.text(TOKEN_FIELD).encode(), expected.encode()):
        raise HTTPException(403, "This form is too old, or not from this page. Go back, reload, and send it again.")
    return form


FormDep = Annotated[Form, Depends(own_form)]


def token_of(request: Request) -> str:
    """The token of this browser; a new one when it has none."""
    known = request.cookies.get(TOKEN_COOKIE, "")
    return known if len(known) == TOKEN_LENGTH and known.isascii() else secrets.token_urlsafe(32)


def start_request(form: Form) -> StartRequest:
    """What the form on the first page asks for. Raises InvalidRequest."""
    notes = form.text("notes").strip()
    options: dict[str, JsonValue] = {
        "auto_approve": form.ticked("auto_approve"),
        "confirm": form.ticked("confirm"),
        "promote": form.ticked("promote"),
        "category": form.text("category").strip() or None,
        "max_questions": form.text("max_questions").strip() or 3,
    }
    sources: list[JsonValue] = [{"name": "notes.md", "content": notes}] if notes else []
    return parsed(
        StartRequest,
        {
            "task_description": form.text("task_description"),
            "options": options,
            "sources": sources,
        },
    )


def parsed(shape: type[Body], given: dict[str, JsonValue]) -> Body:
    """The fields as a shape. Raises InvalidRequest with one message per field."""
    try:
        return shape.model_validate(given)
    except ValidationError as error:
        fields = {
            ".".join(map(str, item["loc"])): item["msg"].removeprefix("Value error, ")
            for item in error.errors(include_input=False, include_url=False)
        }
        raise InvalidRequest("Please look at the marked fields.", fields) from error


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\0", "").encode("utf-8", "replace").decode()
