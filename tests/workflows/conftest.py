"""Workflows on a server that skips time, with steps that only remember."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pydantic import JsonValue
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from domain.job import JobOptions, Origin, StartJob
from domain.prompt import AnswerSignal, HitlType
from tests.support.fake_steps import FakeAuthor, FakeChecks, FakeEvaluator, FakeLibrary, FakeRecords, Memory
from worker import Step, register_attributes, running, workers
from workflows import messages as m
from workflows.converter import COMPACT
from workflows.create_skill import CreateSkill
from workflows.evaluation_steps import Reviewing
from workflows.steps import LIBRARY, MODELS, WORKFLOWS, Author, Checks, Evaluator, Library, Records


@dataclass
class Stage:
    """A job's workflow with fake steps around it."""

    env: WorkflowEnvironment
    library: FakeLibrary
    memory: Memory
    job_id: UUID = field(default_factory=uuid4)

    @property
    def client(self) -> Client:
        return self.env.client

    async def start(
        self, origin: Origin | None = None, carried: dict[str, JsonValue] | None = None, **options: object
    ) -> WorkflowHandle[CreateSkill, m.Outcome]:
        start = StartJob(
            job_id=self.job_id,
            user_id="ada",
            task_description="Write release notes",
            options=JobOptions.model_validate(options),
            origin=origin,
            carried=carried,
        )
        name = f"create-skill:{self.job_id}"
        return await self.client.start_workflow(CreateSkill.run, start, id=name, task_queue=WORKFLOWS)

    def answer_to(self, kind: HitlType, number: int = 1, action: str = "proceed") -> AnswerSignal:
        key = self.memory.prompt_id(self.job_id, kind, number)
        return AnswerSignal(interaction_id=key, action=action, responded_by="ada")

    async def until(self, what: str) -> None:
        """Wait until the fakes were asked for this. Time on the server goes on only when something waits for it."""
        async with asyncio.timeout(30):
            while what not in self.memory.told:
                await self.env.sleep(timedelta(seconds=1))


def steps_of(*contracts: object) -> dict[str, list[Step]]:
    """Every step of the fakes, by task queue."""
    queues = {
        Records: WORKFLOWS,
        Author: MODELS,
        Evaluator: MODELS,
        Checks: MODELS,
        Library: LIBRARY,
        Reviewing: LIBRARY,
    }
    found: dict[str, list[Step]] = {WORKFLOWS: [], MODELS: [], LIBRARY: []}
    for one in contracts:
        contract = next(kind for kind in queues if isinstance(one, kind))
        names = [name for name, value in vars(contract).items() if getattr(value, "__isabstractmethod__", False)]
        found[queues[contract]] += [getattr(one, name) for name in names]
    return found


@asynccontextmanager
async def staged(
    env: WorkflowEnvironment, memory: Memory, *, records: FakeRecords | None = None, author: FakeAuthor | None = None
) -> AsyncIterator[Stage]:
    """Workers with these fakes, on this server."""
    library, records, author = FakeLibrary(memory), records or FakeRecords(memory), author or FakeAuthor(memory)
    fakes = steps_of(records, author, FakeEvaluator(memory), FakeChecks(memory), library)
    async with running(workers(env.client, fakes, records.tell_trouble, records.enter_phase)):
        yield Stage(env, library, memory)


@pytest.fixture(scope="session")
async def skipping() -> AsyncIterator[WorkflowEnvironment]:
    """A Temporal server whose clock jumps to the next timer."""
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(Path(sys.executable).with_name("temporal-test-server")),
        data_converter=COMPACT,
    ) as environment:
        await register_attributes(environment.client)
        yield environment


@pytest.fixture
async def stage(skipping: WorkflowEnvironment) -> AsyncIterator[Stage]:
    async with staged(skipping, Memory()) as stage:
        yield stage
