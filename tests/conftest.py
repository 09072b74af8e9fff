"""Real servers for all tests: one PostgreSQL and one Temporal a test run, an empty database for each test."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
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

KEPT = ("hitl_answers", "job_events", "skill_versions", "skill_files", "skill_changes", "waivers")
"""Tables that are never emptied, but here."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with the local model come first: they take longest, and the others fit beside them."""
    slow = {item.path for item in items if item.get_closest_marker("local_model")}
    items.sort(key=lambda item: item.path not in slow)


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
    tables = ", ".join(table.name for table in METADATA.sorted_tables)
    async with database.transaction() as session:
        await session.execute(text(";".join(f"ALTER TABLE {name} DISABLE TRIGGER never_emptied" for name in KEPT)))
        await session.execute(text(f"TRUNCATE {tables}"))
        await session.execute(text(";".join(f"ALTER TABLE {name} ENABLE TRIGGER never_emptied" for name in KEPT)))
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
