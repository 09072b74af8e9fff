"""The server's limit on idling in a transaction: lowered for a scaled soak, and shown to be in force.

Lowered by a login trigger, so that nothing of ours is told of it: our connections ask for 60 s, and get less.
"""

import asyncio
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from deploy.postgres_cluster import SUPERUSER
from store.session import Database

KILLED = "terminating connection due to idle-in-transaction timeout"
"""What PostgreSQL writes into its log and tells the client."""

FUNCTION = """
CREATE FUNCTION idle_sooner() RETURNS event_trigger LANGUAGE plpgsql AS $body$
BEGIN PERFORM set_config('idle_in_transaction_session_timeout', {milliseconds}, false); END $body$
"""
TRIGGER = "CREATE EVENT TRIGGER idle_sooner ON login EXECUTE FUNCTION idle_sooner()"
ANEW = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'skill-fleet-%'"


async def lower(url: str, password: str, seconds: float) -> None:
    """Every connection made from now on is ended after so many seconds; those there are made anew."""
    async with await psycopg.AsyncConnection.connect(
        url, user=SUPERUSER, password=password, autocommit=True
    ) as connection:
        limit = sql.Literal(f"{int(seconds * 1000)}ms")
        await connection.execute(sql.SQL(FUNCTION).format(milliseconds=limit))
        await connection.execute(TRIGGER)
        await connection.execute(ANEW)


async def shown_to_be_in_force(url: str, seconds: float) -> None:
    """Idle for longer than the limit in a transaction of our own engine. AssertionError when the server lets it."""
    database = Database.connect(url, name="skill-fleet-soak")
    try:
        async with database.transaction() as session:
            await session.execute(text("SELECT 1"))
            await asyncio.sleep(seconds + 1)
            await session.execute(text("SELECT 1"))
    except DBAPIError as error:
        assert KILLED in str(error), error
        return
    finally:
        await database.dispose()
    raise AssertionError(f"a transaction idled for {seconds + 1:g} s and was not ended")


def killed(log: Path) -> int:
    """How many transactions the server has ended so far."""
    return log.read_text(errors="replace").count(KILLED)
