"""Hints that a job has a new event, and looks at what a model writes: one listening connection outside of the pool.

Both may be lost. The truth about events is in their table; of what a model writes there is none before it has ended.
"""

from collections.abc import AsyncGenerator
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import func, select
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession

from domain.shape import Shape
from domain.text import clean
from store.events import CHANNEL

TOKENS = "job_tokens"
"""PostgreSQL notification channel; the payload is a `Look` as JSON."""

TAIL = 1_500
"""Characters of a text that are shown: its end, which is where it grows."""

LONGEST = 7_900
"""Bytes of a payload; PostgreSQL takes less than 8,000."""


class Look(Shape):
    """The end of what a model has written so far in one call; `label` says what is being written."""

    job_id: UUID
    label: str
    text: str


Hint = UUID | Look | None
"""A job with a new event; a look at a call; None: reread whatever you follow."""


async def tell_tokens(session: AsyncSession, job_id: UUID, label: str, text: str) -> None:
    """Let whoever follows the job see what is written so far, when this transaction commits."""
    tail = clean(text)[-TAIL:]
    payload = ""
    # Control characters take six bytes each in JSON, so that the tail may have to be shorter.
    while not payload or len(payload.encode()) > LONGEST:
        payload = Look(job_id=job_id, label=clean(label)[:200], text=tail).model_dump_json()
        tail = tail[len(tail) // 2 + 1 :]
    await session.execute(select(func.pg_notify(TOKENS, payload)))


async def listen(url: str) -> AsyncGenerator[Hint, None]:
    """Ids of jobs as their events are committed, and looks; None once when the connection stands.

    Ends by psycopg.OperationalError when the connection breaks; the caller listens again.
    """
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    async with await psycopg.AsyncConnection.connect(
        plain, autocommit=True, connect_timeout=10, application_name="skill-fleet-events"
    ) as connection:
        for channel in (CHANNEL, TOKENS):
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        yield None
        async for hint in connection.notifies():
            yield Look.model_validate_json(hint.payload) if hint.channel == TOKENS else UUID(hint.payload)
