"""Forms of the page: the token that proves they are ours, and their fields as clean text. Must not answer or start.

What the fields of a prompt's form mean is in `api/pages/job/answer_form.py`.
"""

import hmac
import secrets
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends, Request
from pydantic import BaseModel, JsonValue, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from api.errors import InvalidRequest
from api.starting import StartRequest
from domain.shape import Shape

TOKEN_COOKIE = "skill_fleet_form"  # noqa: S105 - the name of a cookie
TOKEN_FIELD = "token"  # noqa: S105 - the name of a field
TOKEN_LENGTH = 43

_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "task_description": "Task",
        "notes": "Notes",
        "feedback": "What shall change",
        "content": "The text",
        "reason": "Why",
        "assignee": "Assigned to",
    }
)
"""What the texts of our forms are called where the form itself cannot be drawn; answers go by `q.` and `own.`."""

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

    def pairs(self) -> list[tuple[str, str]]:
        """Every field as it was sent, in its order."""
        return [(name, _clean(value)) for name, value in self._data.multi_items() if isinstance(value, str)]

    def files(self) -> list[UploadFile]:
        """The files that were chosen; a browser sends a nameless one where none was."""
        sent = [value for _, value in self._data.multi_items() if isinstance(value, UploadFile)]
        return [file for file in sent if file.filename or file.size]

    def filenames(self) -> list[str]:
        """What the chosen files are called, without their folders."""
        return [_clean(file.filename or "").replace("\\", "/").rpartition("/")[2] for file in self.files()]

    def ticked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return bool(self.text(name))


Sending = TypeVar("Sending", bound=Form)


class Written(Shape):
    """A text that a person wrote into a form, under what it is called."""

    title: str
    text: str


class Sent(Shape):
    """A form that met a problem: its fields, to be sent again to `path`; `ours`: its token was right.

    `files`: names of files that came with it and are not kept; a browser cannot send them again by itself.
    """

    path: str
    fields: list[tuple[str, str]]
    ours: bool
    files: list[str] = []

    @property
    def texts(self) -> list[Written]:
        """What a person wrote. The text that is only shown for editing is not, unless it was edited."""
        action = dict(self.fields).get("action")
        return [
            Written(title=title, text=text)
            for name, text in self.fields
            if text.strip() and (title := _title(name)) and (name != "content" or action == "edit")
        ]


def sent_with(request: Request) -> Sent | None:
    """The form that came with this request, as far as it was read."""
    found = getattr(request.state, "sent", None)
    return found if isinstance(found, Sent) else None


async def own_form(request: Request) -> Form:
    """The sent form, if it is one of ours. Raises HTTPException (403) when it is not."""
    return checked(request, Form(await request.form()))


def checked(request: Request, form: Sending) -> Sending:
    """The same form, if it is one of ours: its token must be the one in the cookie (double submit).

    It is remembered, so that the page of whatever goes wrong from here on still has what was typed. Raises
    HTTPException (403).
    """
    expected = request.cookies.get(TOKEN_COOKIE, "")
    ours = len(expected) == TOKEN_LENGTH and hmac.compare_digest(form.text(TOKEN_FIELD).encode(), expected.encode())
    fields = [pair for pair in form.pairs() if pair[0] != TOKEN_FIELD]
    request.state.sent = Sent(path=request.url.path, fields=fields, ours=ours, files=form.filenames())
    if not ours:
        raise HTTPException(403, "This form is too old, or not from this page. Go back, reload, and send it again.")
    return form


FormDep = Annotated[Form, Depends(own_form)]


def token_of(request: Request) -> str:
    """The token of this browser; a new one when it has none."""
    known = request.cookies.get(TOKEN_COOKIE, "")
    return known if len(known) == TOKEN_LENGTH and known.isascii() else secrets.token_urlsafe(32)


def go_on_request(form: Form, job_id: UUID) -> StartRequest:
    """A new job from a revision of an ended one; what is left empty stays as it was. Raises InvalidRequest."""
    given: dict[str, JsonValue] = {"from_job": str(job_id)}
    for name in ("from_revision", "task_description"):
        if text := form.text(name).strip():
            given[name] = text
    return parsed(StartRequest, given)


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


def _title(name: str) -> str:
    return "Your answer" if name.startswith(("q.", "own.")) else _TITLES.get(name, "")


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\0", "").encode("utf-8", "replace").decode()
