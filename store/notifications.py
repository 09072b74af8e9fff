"""Hints that a job has a new event: one listening connection outside of the pool. The truth is in the table."""

from collections.abc import AsyncGenerator
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from store.events import CHANNEL


async def listen(url: str) -> AsyncGenerator[UUID | None, None]:
    """Ids of jobs as their events are committed; None once when the connection stands: reread whatever you follow.

    Ends by psycopg.OperationalError when the connection breaks; the caller listens again.
    """
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    async with await psycopg.AsyncConnection.connect(
        plain, autocommit=True, connect_timeout=10, application_name="skill-fleet-events"
    ) as connection:
        await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
        yield None
        async for hint in connection.notifies():
            yield UUID(hint.payload)
