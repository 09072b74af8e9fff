"""The world of the chaos: the real api, record and workflows, and what goes wrong in it.

Workers come and go, connections break, requests die in the middle, and an api cannot see Temporal.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from uuid import UUID

import httpx
import structlog
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from activities.records import DatabaseRecords
from api.app import build
from api.redelivery import redeliver_for_ever
from settings import Settings
from store.session import Database
from tests.chaos.ledger import Ledger
from tests.chaos.steps import steps
from tests.chaos.watch import Watch
from worker import running, workers
from workflows import messages as m
from workflows.create_skill import CreateSkill

NOWHERE = "127.0.0.1:1"
VICTIMS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE application_name IN ('skill-fleet-api', 'skill-fleet-worker') AND random() < 0.3"
)


@dataclass(frozen=True)
class World:
    """What actors use: the api (`cut_off`: one that cannot see Temporal), Temporal itself, and a look at the record."""

    api: httpx.AsyncClient
    cut_off: httpx.AsyncClient
    temporal: Client
    watch: Watch
    ledger: Ledger

    def handle(self, job: UUID) -> WorkflowHandle[CreateSkill, m.Outcome]:
        """A job's workflow."""
        return self.temporal.get_workflow_handle_for(CreateSkill.run, f"create-skill:{job}")


@asynccontextmanager
async def world(url: str, temporal: Client, folder: Path, ledger: Ledger, rng: Random) -> AsyncIterator[World]:
    """Let it run, and go wrong, until the block ends."""
    (folder / "skills").mkdir(exist_ok=True)
    record = Database.connect(url, name="chaos")
    worker = Database.connect(url, name="skill-fleet-worker")
    apps = [application(url, target, folder / "skills") for target in (target_of(temporal), NOWHERE)]
    async with hushed(), served(apps[0]) as api, served(apps[1]) as cut_off:
        watch = Watch(record)
        beside = [
            asyncio.create_task(watch.look_for_ever()),
            asyncio.create_task(restart_workers(temporal, worker, ledger, rng)),
            asyncio.create_task(break_connections(record, ledger, rng)),
            asyncio.create_task(redeliver_for_ever(apps[0].state.services)),
        ]
        try:
            yield World(api, cut_off, temporal, watch, ledger)
        finally:
            for one in beside:
                one.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
    for database in (record, worker):
        await database.dispose()


@asynccontextmanager
async def hushed() -> AsyncIterator[None]:
    """Trouble is meant here; its warnings would hide the counts. Logging is then as it was, for whatever runs next."""
    loggers = [logging.getLogger(name) for name in ("temporalio", "store", "sqlalchemy", "asyncio")]
    levels, before = [logger.level for logger in loggers], structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        structlog.configure(**before)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def target_of(temporal: Client) -> str:
    """Where this Temporal listens."""
    return temporal.service_client.config.target_host


def application(url: str, temporal: str, library: Path) -> FastAPI:
    """An api on these servers."""
    settings = Settings(database_url=SecretStr(url), library=library, evidence_policy="warn")
    return build(settings, {"target_host": temporal, "namespace": "default"})


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """An api that is up, and a client of it."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60)
    async with app.router.lifespan_context(app), client:
        yield client


async def restart_workers(temporal: Client, database: Database, ledger: Ledger, rng: Random) -> None:
    """Workers that live for some seconds. The next ones know nothing, so that every workflow is replayed."""
    records = DatabaseRecords(database)
    while True:
        made = workers(temporal, steps(database, ledger), records.tell_trouble, records.enter_phase)
        async with running(made):
            await asyncio.sleep(rng.uniform(4, 12))
        ledger.troubles["worker restarts"] += 1


async def break_connections(database: Database, ledger: Ledger, rng: Random) -> None:
    """End connections of api and worker, whatever they are doing."""
    while True:
        await asyncio.sleep(rng.uniform(0.5, 2))
        try:
            async with database.transaction() as session:
                ledger.troubles["connections broken"] += len((await session.execute(VICTIMS)).all())
        except (SQLAlchemyError, RPCError):
            continue
