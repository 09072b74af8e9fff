"""The form of the first page: read with its files, its options as the api takes them, and what is wrong by field.

Must not store anything, and must not start the job.
"""

import re
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from pydantic import JsonValue
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from api.pages.forms import Form, checked, parsed
from api.starting import MAX_SOURCE_COUNT, StartRequest
from domain.shape import Shape

MEGABYTE = 1024 * 1024

MAX_SENT = 100 * MEGABYTE
"""Bytes of all files of one form. They lie in temporary files on their way, and what a job can take from them is far
less (`domain/job.py`, MAX_SOURCES)."""

STREAMED: Mapping[str, int] = MappingProxyType({"/": MAX_SENT + MEGABYTE})
"""The path whose body may be larger than others, with its most bytes; its texts need the rest."""

MAX_FIELDS = 64
MAX_TEXT = 256 * 1024
"""Texts of the form, and bytes of each: all that is held in memory of a body that may be large."""

BOXES = ("confirm", "tdd_checkpoints", "one_at_a_time", "auto_approve", "promote")
START_FIELDS = (
    *("task_description", "notes", "category", "style", "max_questions", "max_rounds", "days"),
    *("calls", "tokens", "usd", *BOXES),
)
"""The fields of the form on the first page, beside its files."""

TOO_MUCH = (
    f"The files are larger than {MAX_SENT // MEGABYTE} MB together, so none of them was kept. What you typed was: "
    "attach fewer, or the parts that matter."
)

FULL = f"A job takes {MAX_SOURCE_COUNT} files at most, and notes count as one."


class Field(Shape):
    """A field as people know it: what it is called, where the api tells what is wrong with it, and what fits."""

    words: str
    place: str
    fits: str = ""


FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "task_description": Field(words="Task", place="task_description"),
        "notes": Field(words="Notes", place="sources.0.content"),
        "category": Field(words="Shelf", place="options.category"),
        "style": Field(words="Length", place="options.style", fits="Choose one of the three."),
        "max_questions": Field(words="Questions", place="options.max_questions", fits="A whole number from 0 to 10."),
        "max_rounds": Field(words="Rounds", place="options.max_rounds", fits="A whole number from 1 to 10."),
        "days": Field(words="Days", place="options.hitl_timeout", fits="A whole number from 1 to 365."),
        "calls": Field(words="Model calls", place="options.budget.calls", fits="A whole number, 1 or more."),
        "tokens": Field(words="Tokens", place="options.budget.tokens", fits="A whole number, 1 or more."),
        "usd": Field(words="US dollars", place="options.budget.usd", fits="An amount above 0, such as 2.50."),
    }
)


class StartForm(Form):
    """The form of the first page. `broken`: why its files could not be read; its texts were, up to there."""

    def __init__(self, data: FormData, broken: str = "") -> None:
        super().__init__(data)
        self.broken = broken


async def own_start_form(request: Request) -> AsyncIterator[StartForm]:
    """The sent form with its files, if it is one of ours; at the end it gives back what its files hold.

    Raises HTTPException (403, 400).
    """
    data, broken = await _read(request)
    try:
        yield checked(request, StartForm(data, broken))
    finally:
        await data.close()


StartFormDep = Annotated[StartForm, Depends(own_start_form)]


def start_request(form: Form, sources: list[UUID] | None = None) -> StartRequest:
    """What the form asks for, with files that were taken in. Raises InvalidRequest."""
    notes = form.text("notes").strip()
    given: list[JsonValue] = [{"name": "notes.md", "content": notes}] if notes else []
    given.extend({"source_id": str(one)} for one in sources or [])
    return parsed(
        StartRequest,
        {
            "task_description": form.text("task_description"),
            "options": _options(form),
            "sources": given,
        },
    )


def room_for(form: Form, attached: int) -> int:
    """How many more files the job can take; notes are one."""
    return max(MAX_SOURCE_COUNT - attached - bool(form.text("notes").strip()), 0)


def by_field(errors: Mapping[str, str]) -> dict[str, str]:
    """What is wrong, by the field of the form it is wrong with, in plain words; what is of no field is left out."""
    names = {"sources": "notes", **{field.place: name for name, field in FIELDS.items()}}
    told = {place: FULL if text.startswith("List should") else text for place, text in errors.items()}
    return {names[place]: FIELDS[names[place]].fits or text for place, text in told.items() if place in names}


def _options(form: Form) -> dict[str, JsonValue]:
    given: dict[str, JsonValue] = {name: form.ticked(name) for name in BOXES}
    for name in ("category", "style", "max_questions", "max_rounds"):
        if text := form.text(name).strip():
            given[name] = text
    if days := form.text("days").strip():
        # A bare number would count as seconds.
        given["hitl_timeout"] = f"P{days}D" if re.fullmatch(r"[0-9]{1,4}", days) else "no days"
    budget: dict[str, JsonValue] = {
        name: text.replace(",", ".") if name == "usd" else text
        for name in ("calls", "tokens", "usd")
        if (text := form.text(name).strip())
    }
    return {**given, "budget": budget} if budget else given


async def _read(request: Request) -> tuple[FormData, str]:
    """The fields, and why they are not all. Texts come before files in our form, so that they outlive a broken file."""
    parser = MultiPartParser(
        request.headers,
        request.stream(),
        max_files=2 * MAX_SOURCE_COUNT,
        max_fields=MAX_FIELDS,
        max_part_size=MAX_TEXT,
    )
    try:
        if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            return await request.form(max_fields=MAX_FIELDS, max_part_size=MAX_TEXT), ""
        return await parser.parse(), ""
    except ClientDisconnect as left:
        raise HTTPException(400, "The form broke off; nothing of it was kept.") from left
    except MultiPartException as unreadable:
        broken = f"The form could not be read to its end, so no file was kept. {unreadable.message}"
    except HTTPException as refused:
        if refused.status_code != 413:
            raise
        broken = TOO_MUCH
    return FormData([item for item in parser.items if isinstance(item[1], str)]), broken
