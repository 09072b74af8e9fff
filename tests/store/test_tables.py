"""The tables as the migrations make them are the tables as the code knows them."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncSession

from store.session import Database
from store.tables import METADATA

RULES = """
    SELECT c.relname || '.' || r.conname || ': ' || pg_get_constraintdef(r.oid)
    FROM pg_constraint r JOIN pg_class c ON c.oid = r.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND r.contype IN ('c', 'u', 'p') AND c.relname <> 'alembic_version'
"""
INDEXES = """
    SELECT replace(indexdef, :schema || '.', '') FROM pg_indexes
    WHERE schemaname = :schema AND tablename <> 'alembic_version'
"""


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, METADATA))


async def test_a_migrated_database_lacks_nothing_and_has_nothing_left_over(database: Database) -> None:
    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


@pytest.mark.parametrize("query", [RULES, INDEXES], ids=["rules", "indexes"])
async def test_closed_sets_and_indexes_are_the_same_too(database: Database, query: str) -> None:
    """Alembic's own comparison overlooks checks and the conditions of partial indexes."""

    async def known(session: AsyncSession, schema: str) -> set[str]:
        return set(await session.scalars(text(query), {"schema": schema}))

    async with AsyncSession(database.engine) as session:
        migrated = await known(session, "public")
        await session.execute(text("CREATE SCHEMA twin"))
        await session.execute(text("SET LOCAL search_path TO twin"))
        await (await session.connection()).run_sync(METADATA.create_all)
        made = await known(session, "twin")
        await session.rollback()
    assert migrated == made
