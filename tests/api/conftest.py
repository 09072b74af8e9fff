"""What the tests of the api share: the real application in this process, on real servers, and ways to look at it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from pydantic import JsonValue, SecretStr
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from api.app import build
from domain.answering.answers import form
from domain.job import JobOptions, JobStatus, Phase, StartJob
from domain.prompt import HitlType, PromptData, Question, QuestionsData
from settings import Settings
from store import jobs, prompts
from store.session import Database

BASE = "http://127.0.0.1:8000"
NOWHERE = "postgresql://nobody:x@127.0.0.1:1/none"

QUESTIONS = [
    Question(id="q1", text="Which data?"),
    Question(id="q2", text="Delete or anonymise?", type="single", options=[{"id": "d", "label": "Delete"}]),
]

Opened = Callable[..., Awaitable[UUID]]


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """The application with its lifespan, and a client that speaks to it without a network."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


def application(database_url: str, temporal: str, library: Path, policy: Literal["refuse", "warn"] = "warn") -> FastAPI:
    """The application on these servers. Most tests are not about evidence, so what lacks of it is only warned of."""
    return build(
        Settings(database_url=SecretStr(database_url), library=library, evidence_policy=policy),
        {"target_host": temporal, "namespace": "default"},
    )


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """An empty library."""
    root = tmp_path / "skills"
    root.mkdir(exist_ok=True)
    return root


@pytest.fixture
def app(database_url: str, temporal: WorkflowEnvironment, library: Path) -> FastAPI:
    """The application on the real servers."""
    return application(database_url, temporal.client.service_client.config.target_host, library)


@pytest.fixture
async def client(app: FastAPI, database: Database, temporal: WorkflowEnvironment) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, with an empty database behind it. The jobs it started are ended at last."""
    started: set[str] = set()

    async def remember(response: httpx.Response) -> None:
        if response.request.method == "POST" and "/jobs/" in response.headers.get("Location", ""):
            started.add(response.headers["Location"].rpartition("/")[2])

    async with served(app) as client:
        client.event_hooks = {"request": [], "response": [remember]}
        yield client
    for job in started:
        # One that has ended by itself cannot be terminated, and need not be.
        with suppress(RPCError):
            await temporal.client.get_workflow_handle(f"create-skill:{job}").terminate("the test is over")


@pytest.fixture
async def cut_off(library: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that reaches neither its database nor Temporal."""
    async with served(application(NOWHERE, "127.0.0.1:1", library)) as client:
        yield client


@pytest.fixture
def opened(database: Database) -> Opened:
    """Opens a job's row as the workflow's first step does, at any status."""

    async def open_one(
        user: str = "local", status: JobStatus = JobStatus.RUNNING, task: str = "Handle user data"
    ) -> UUID:
        start = StartJob(job_id=uuid4(), user_id=user, task_description=task, options=JobOptions())
        async with database.transaction() as session:
            await jobs.open_job(session, start)
            await jobs.change(session, start.job_id, "opened", "started", "the job has begun", status=status)
        return start.job_id

    return open_one


@pytest.fixture
def asked(database: Database) -> Opened:
    """Opens a prompt of a job; returns its id."""

    async def ask(
        job_id: UUID,
        kind: HitlType = HitlType.CLARIFY,
        data: PromptData | dict[str, JsonValue] | None = None,
        number: int = 1,
    ) -> UUID:
        interaction_id = uuid4()
        given = data or QuestionsData(questions=QUESTIONS)
        shown = given if isinstance(given, dict) else given.model_dump(mode="json", by_alias=True)
        schema = form(kind, QuestionsData(questions=[]) if isinstance(given, dict) else given)
        async with database.transaction() as session:
            due = datetime.now(UTC) + timedelta(days=7)
            await prompts.open_prompt(session, interaction_id, job_id, kind, number, shown, schema, due)
            await jobs.change(
                session,
                job_id,
                f"prompt:{interaction_id}",
                "prompt",
                "waiting",
                status=JobStatus.PENDING_HITL,
                hitl_type=kind,
                current_phase=Phase.UNDERSTANDING,
            )
        return interaction_id

    return ask
