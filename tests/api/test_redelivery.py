"""An api that dies between claim and signal loses nothing: the next one delivers what it had claimed."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from temporalio.testing import WorkflowEnvironment

from domain.job import JobStatus, StartJob
from store import jobs, prompts
from store.session import Database
from store.tables import HitlInteraction
from tests.api.conftest import Opened
from tests.support.api_server import ApiProcess
from workflows.create_skill import CreateSkill
from workflows.steps import WORKFLOWS


@asynccontextmanager
async def black_hole() -> AsyncIterator[str]:
    """An address that takes connections and never says a word."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"{host}:{port}"
    finally:
        server.close()


@asynccontextmanager
async def api(database_url: str, temporal: str, library: Path) -> AsyncIterator[tuple[ApiProcess, httpx.AsyncClient]]:
    """An api of its own that listens, and a client of it."""
    process = ApiProcess(
        {
            "SKILL_FLEET_DATABASE_URL": database_url,
            "SKILL_FLEET_LIBRARY": str(library),
            "TEMPORAL_ADDRESS": temporal,
            "TEMPORAL_CONFIG_FILE": os.devnull,
        }
    )
    await process.start()
    base = f"http://127.0.0.1:{process.port}"
    try:
        async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=30) as client:
            yield process, client
    finally:
        await process.kill()


@pytest.fixture
async def job(temporal: WorkflowEnvironment, database: Database) -> AsyncIterator[UUID]:
    """A job that runs in Temporal (no worker takes it up) and has its row."""
    start = StartJob(job_id=uuid4(), user_id="local", task_description="Handle all user data")
    handle = await temporal.client.start_workflow(
        CreateSkill.run, start, id=f"create-skill:{start.job_id}", task_queue=WORKFLOWS
    )
    async with database.transaction() as session:
        await jobs.open_job(session, start)
        await jobs.change(session, start.job_id, "opened", "started", "begun", status=JobStatus.RUNNING)
    yield start.job_id
    await handle.terminate("the test is over")


async def row_of(database: Database, prompt: UUID) -> HitlInteraction:
    async with database.transaction() as session:
        row = await prompts.get(session, prompt)
    assert row is not None
    return row


async def until(database: Database, prompt: UUID, so: Callable[[HitlInteraction], bool]) -> None:
    """Wait until the prompt's row is so."""
    async with asyncio.timeout(20):
        while True:
            if so(await row_of(database, prompt)):
                return
            await asyncio.sleep(0.01)


async def test_an_api_that_is_killed_between_claim_and_signal_is_replaced_without_loss(
    database: Database, database_url: str, temporal: WorkflowEnvironment, library: Path, job: UUID, asked: Opened
) -> None:
    prompt = await asked(job)
    url = f"/api/v1/hitl/{job}/response"
    body = {"interaction_id": str(prompt), "action": "proceed", "answers": {"q1": "records", "q2": "d"}}
    async with black_hole() as nowhere, api(database_url, nowhere, library) as (first, client):
        answering = asyncio.create_task(client.post(url, json=body))
        await until(database, prompt, lambda row: row.status == "responded")
        await first.kill()
        with pytest.raises(httpx.TransportError):
            await answering
    assert (await row_of(database, prompt)).delivered_at is None
    address = temporal.client.service_client.config.target_host
    async with api(database_url, address, library) as (_, client):
        await until(database, prompt, lambda row: row.delivered_at is not None)
        again = await client.post(url, json=body)
    assert (again.status_code, again.json()["outcome"]) == (200, "repeated")
    history = await temporal.client.get_workflow_handle(f"create-skill:{job}").fetch_history()
    signalled = [event.workflow_execution_signaled_event_attributes for event in history.events]
    assert [str(prompt) in event.input.payloads[0].data.decode() for event in signalled if event.signal_name] == [True]
