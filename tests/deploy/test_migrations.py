"""Migrations go up, all the way down and up again on a database of their own, and the schema is the same as before."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import AsyncConnection
from sqlalchemy.engine import make_url

ROOT = Path(__file__).resolve().parents[2]

SCHEMA = """
    SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
        || coalesce(' ' || column_default, '')
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'rule ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'trigger ' || pg_get_triggerdef(t.oid)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""
"""All that migrations make, in words."""


@pytest.fixture
async def scratch(database_url: str) -> AsyncIterator[str]:
    """An empty database beside the one of the other tests."""
    name = f"scratch_{uuid4().hex[:12]}"
    async with await AsyncConnection.connect(database_url, autocommit=True) as server:
        await server.execute(f"CREATE DATABASE {name}".encode())
    yield make_url(database_url).set(database=name).render_as_string(hide_password=False)
    async with await AsyncConnection.connect(database_url, autocommit=True) as server:
        await server.execute(f"DROP DATABASE {name}".encode())


async def schema(url: str) -> set[str]:
    async with await AsyncConnection.connect(url) as connection:
        rows = await (await connection.execute(SCHEMA.encode())).fetchall()
    return {str(row[0]) for row in rows}


async def test_each_migration_can_be_taken_back_and_all_of_them_together(
    scratch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILL_FLEET_DATABASE_URL", scratch)
    config = Config(ROOT / "deploy/migrations/alembic.ini")
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]
    assert len(revisions) >= 5
    before = nothing = {*await schema(scratch)}
    for revision in revisions:
        await asyncio.to_thread(command.upgrade, config, revision)
        made = await schema(scratch)
        await asyncio.to_thread(command.downgrade, config, "-1")
        assert without_bookkeeping(await schema(scratch)) == without_bookkeeping(before), revision
        await asyncio.to_thread(command.upgrade, config, revision)
        before = await schema(scratch)
        assert before == made
    assert len(before) > 100
    await asyncio.to_thread(command.downgrade, config, "base")
    assert without_bookkeeping(await schema(scratch)) == nothing
    await asyncio.to_thread(command.upgrade, config, "head")
    assert await schema(scratch) == before


def without_bookkeeping(lines: set[str]) -> set[str]:
    """Without the one table of Alembic's own, which stays."""
    return {line for line in lines if "alembic_version" not in line}
