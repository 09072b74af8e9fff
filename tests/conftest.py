"""Real servers for all tests: one PostgreSQL and one Temporal a test run, an empty database for each test."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import text
from temporalio.testing import WorkflowEnvironment

from deploy import postgres_cluster
from deploy.folder import Folder
from deploy.ports import pick
from deploy.postgres_server import PostgresServer
from deploy.process import Command, run
from deploy.supervisor import Supervisor
from deploy.temporal_server import find_binary
from store.session import Database
from store.tables import METADATA
from tests.support.fleet import Fleet
from tests.support.fleet import fleet as run_fleet
from tests.support.provider import LocalProvider, Provider
from workflows.attributes import HITL_TYPE, PHASE, STATUS, USER
from workflows.converter import COMPACT

ROOT = Path(__file__).resolve().parent.parent

MAY_EMPTY = "GRANT SET ON PARAMETER session_replication_role TO skill_fleet"
"""Under `replica` neither triggers nor foreign keys hold: tables that are never emptied are emptied here alone."""

EMPTY = ";".join(
    ["SET LOCAL session_replication_role = replica", *(f"DELETE FROM {table.name}" for table in METADATA.sorted_tables)]
)
"""A quarter of the time of TRUNCATE, which makes new files for every table, also for those without a row."""

SMALL = ("house", "histories", "domain", "store", "support")
"""Folders whose files take seconds. Files go to whoever is free: long ones at the end would keep one busy alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with the local model come first: they take longest. Small ones come last. Those with a browser lie evenly
    among the others, because two browsers at once are too much for two cores."""
    slow = {item.path for item in items if item.get_closest_marker("local_model")}
    files = dict.fromkeys((item.path, folder_of(item)) for item in items)
    browsers = [path for path, folder in files if folder == "browser"]
    others = [path for path, folder in files if folder != "browser" and folder not in SMALL]
    place = {path: float(n) for n, path in enumerate(others)}
    place |= {path: (n + 0.5) * len(others) / len(browsers) for n, path in enumerate(browsers)}
    items.sort(key=lambda item: -1 if item.path in slow else place.get(item.path, len(others)))


def folder_of(item: pytest.Item) -> str:
    """The folder of tests it lies in; empty for what lies elsewhere."""
    return item.path.relative_to(ROOT).parts[1] if item.path.is_relative_to(ROOT / "tests") else ""


@pytest.fixture(scope="session")
async def database_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A migrated database on a PostgreSQL of our own."""
    folder = Folder(tmp_path_factory.mktemp("postgres"))
    folder.create()
    cluster = postgres_cluster.locate(folder)
    flush = await postgres_cluster.ensure(cluster)
    supervisor = Supervisor(lambda _: None, lambda: None)
    server = PostgresServer(folder.logs, cluster, pick(None, set()))
    supervisor.start(server)
    assert await supervisor.wait_ready([server.name], within=30) == set()
    await migrate(server.url, folder)
    superuser = make_conninfo(server.url, user=postgres_cluster.SUPERUSER)
    async with await psycopg.AsyncConnection.connect(superuser, autocommit=True) as connection:
        await connection.execute(MAY_EMPTY)
    yield server.url
    await supervisor.stop([server.name])
    if flush is not None:
        await asyncio.gather(flush, return_exceptions=True)


async def migrate(url: str, folder: Folder) -> None:
    """Bring a database to the newest schema, as an operator does."""
    migration = Command(
        arguments=(sys.executable, "-m", "alembic", "-c", "deploy/migrations/alembic.ini", "upgrade", "head"),
        environment={"PATH": os.defpath, "SKILL_FLEET_DATABASE_URL": url},
        directory=ROOT,
    )
    await run(migration, folder.logs / "migrations.log", "migrating", within=60)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The database with every table empty."""
    database = Database.connect(database_url, pool_size=5, max_overflow=5)
    async with database.transaction() as session:
        await session.execute(text(EMPTY))
    yield database
    await database.dispose()


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    """A real Temporal server, with our search attributes."""
    async with await WorkflowEnvironment.start_local(
        data_converter=COMPACT,
        dev_server_existing_path=str(find_binary()),
        dev_server_log_level="error",
        dev_server_extra_args=["--dynamic-config-value", "history.transferProcessorMaxPollRPS=2000"],
        search_attributes=[STATUS, PHASE, HITL_TYPE, USER],
    ) as environment:
        yield environment


@pytest.fixture
async def provider() -> AsyncIterator[LocalProvider]:
    """A language model provider that answers any prompt, and fails on order."""
    async with Provider.start() as provider:
        yield provider


@pytest.fixture
async def fleet(
    temporal: WorkflowEnvironment, database: Database, provider: LocalProvider, tmp_path: Path
) -> AsyncIterator[Fleet]:
    """A whole Skill Fleet in this process."""
    async with run_fleet(temporal.client, database, provider, tmp_path / "skills") as fleet:
        yield fleet
