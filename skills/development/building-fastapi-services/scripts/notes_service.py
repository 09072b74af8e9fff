"""A small service with the parts that are easy to get wrong: lifespan, sessions, problem documents, replayable events.

Needs fastapi, sqlalchemy and psycopg. Run: DATABASE_URL=postgresql+psycopg://user:pw@host/db uvicorn notes_service:app
"""
# ruff: noqa: T201 (a program for the command line prints)

import argparse
import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated

from fastapi import Depends, FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from starlette.exceptions import HTTPException

POLL_SECONDS = 0.5


class Base(DeclarativeBase):
    """All tables of the example."""


class Note(Base):
    """One note; `id` grows, so it can be the id of an event too."""

    __tablename__ = "example_notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class NewNote(BaseModel):
    """What a client sends: unknown fields are refused here, at the edge."""

    model_config = ConfigDict(extra="forbid")
    title: str = Field(min_length=1, max_length=200)


class NoteView(BaseModel):
    """What a client gets."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    title: str


class TitleTaken(Exception):
    """A note of that title exists. Knows nothing of HTTP."""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """The engine belongs to the process that serves: made here, not at import, and disposed of here."""
    engine = create_async_engine(
        os.environ["DATABASE_URL"], pool_size=20, max_overflow=10, pool_timeout=30, pool_pre_ping=True
    )
    app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)  # a real service runs migrations before, not here
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


async def transaction(request: Request) -> AsyncIterator[AsyncSession]:
    """One transaction for one request. `scope="function"` below ends it before the response begins."""
    async with request.app.state.sessions.begin() as session:
        yield session


Session = Annotated[AsyncSession, Depends(transaction, scope="function")]


@app.post("/notes", status_code=201)
async def add_note(new: NewNote, session: Session) -> NoteView:
    """Add a note. The flush makes the database judge it while we can still answer."""
    note = Note(title=new.title)
    session.add(note)
    try:
        await session.flush()
    except IntegrityError as error:
        raise TitleTaken(new.title) from error
    return NoteView.model_validate(note)


@app.get("/notes/events", response_class=EventSourceResponse)
async def events(
    request: Request, last_event_id: Annotated[int, Header()] = 0, until: int | None = None
) -> AsyncIterator[ServerSentEvent]:
    """Every note after `Last-Event-ID`, then new ones. Holds no session between two looks.

    Numbers of a sequence may be committed out of order, and a late one is skipped here: where that matters, take the
    number inside the writing transaction from a row that it locks (`UPDATE … SET last = last + 1 RETURNING last`).
    """
    seen = last_event_id
    while until is None or seen < until:
        async with request.app.state.sessions() as session:
            newer = select(Note).where(Note.id > seen).order_by(Note.id).limit(100)
            found = (await session.scalars(newer)).all()
        for note in found:
            seen = note.id
            yield ServerSentEvent(data=NoteView.model_validate(note), event="note", id=str(seen))
        if not found:
            await asyncio.sleep(POLL_SECONDS)


def problem(status: int, title: str, detail: str, errors: dict[str, str] | None = None) -> JSONResponse:
    """An RFC 9457 document."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "errors": errors or {}}
    return JSONResponse(body, status, media_type="application/problem+json")


@app.exception_handler(TitleTaken)
async def title_taken(_: Request, error: TitleTaken) -> JSONResponse:
    """The domain's error, translated at the edge."""
    return problem(409, "Title taken", f"There is a note “{error}”. Choose another title.")


@app.exception_handler(RequestValidationError)
async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
    """Field by field, without echoing the input (it may be a password)."""
    errors = {".".join(str(part) for part in each["loc"]): each["msg"] for each in error.errors()}
    return problem(422, "The request does not fit", "Mend the fields in `errors`.", errors)


@app.exception_handler(HTTPException)
async def http_error(_: Request, error: HTTPException) -> JSONResponse:
    """Starlette's class, not FastAPI's: only so are 404 and 405 of the router caught too."""
    return problem(error.status_code, "Request failed", str(error.detail))


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    print("Serve it with uvicorn; see the first lines of this file.")
