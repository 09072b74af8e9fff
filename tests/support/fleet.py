"""A whole Skill Fleet in one process for tests: real Temporal, real PostgreSQL, real steps, a stand-in provider."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from uuid import UUID, uuid4

from pydantic import SecretStr
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError
from temporalio.worker import Worker

from activities.records import DatabaseRecords
from domain.job import JobEvent, JobOptions, JobStatus, JobView, Origin, Source, StartJob
from domain.prompt import AnswerSignal, HitlType, InteractionView
from settings import Settings
from store import events, jobs, prompts, views
from store.session import Database
from store.tables import HitlInteraction
from tests.support.provider import LocalProvider, Provider
from worker import running, steps, workers
from workflows import messages as m
from workflows.create_skill import CreateSkill
from workflows.steps import WORKFLOWS

TASK = "Write release notes for the Acme CLI from merged pull requests, grouped into Added, Fixed and Breaking"


@dataclass(frozen=True)
class Proof:
    """How thoroughly skills are proven, and what becomes of those that are not: the settings of these names."""

    evaluation: Literal["standard", "quick", "local-small"]
    policy: Literal["refuse", "warn"]


QUICKLY = Proof("quick", "warn")
"""For tests of everything else."""

BY_DEFAULT = Proof("standard", "refuse")
"""As a provider's model is used in production."""


@dataclass(frozen=True)
class Fleet:
    """What a test does as a person would, and what it reads as an operator would."""

    client: Client
    database: Database
    library: Path
    provider: Provider
    started: list[UUID] = field(default_factory=list)

    async def start(
        self,
        task: str = TASK,
        *,
        sources: list[Source] | None = None,
        job_id: UUID | None = None,
        origin: Origin | None = None,
        **options: object,
    ) -> UUID:
        """Start a job; returns its id."""
        start = StartJob(
            job_id=job_id or uuid4(),
            user_id="local",
            task_description=task,
            options=JobOptions.model_validate(options),
            sources=sources or [],
            origin=origin,
        )
        name = f"create-skill:{start.job_id}"
        self.started.append(start.job_id)
        await self.client.start_workflow(CreateSkill.run, start, id=name, task_queue=WORKFLOWS)
        return start.job_id

    def handle(self, job_id: UUID) -> WorkflowHandle[CreateSkill, m.Outcome]:
        """The job's workflow."""
        return self.client.get_workflow_handle_for(CreateSkill.run, f"create-skill:{job_id}")

    async def outcome(self, job_id: UUID, within: float = 60) -> m.Outcome:
        """How the job ended."""
        return await asyncio.wait_for(self.handle(job_id).result(), within)

    async def job(self, job_id: UUID) -> JobView:
        """The job as people see it."""
        async with self.database.transaction() as session:
            row = await jobs.get(session, job_id)
            assert row is not None
            return await views.job_view(session, row)

    async def events(self, job_id: UUID) -> list[JobEvent]:
        """All that was told of a job."""
        async with self.database.transaction() as session:
            return await events.since(session, job_id, 0)

    async def interactions(self, job_id: UUID) -> list[InteractionView]:
        """Every prompt of a job."""
        async with self.database.transaction() as session:
            return await prompts.history(session, job_id)

    async def prompt(
        self, job_id: UUID, kind: HitlType, *, after: UUID | None = None, within: float = 40
    ) -> HitlInteraction:
        """The open prompt, once it is of this kind and not the one named in `after`."""
        async with asyncio.timeout(within):
            while True:
                async with self.database.transaction() as session:
                    row = await prompts.open_of(session, job_id)
                if row is not None and row.interaction_type == kind and row.interaction_id != after:
                    return row
                await self._still_going(job_id)
                await asyncio.sleep(0.02)

    async def answer(
        self, job_id: UUID, kind: HitlType, action: str = "proceed", *, after: UUID | None = None, **answer: object
    ) -> UUID:
        """Answer the prompt of this kind as a person at the Temporal Web UI would; returns its id."""
        row = await self.prompt(job_id, kind, after=after)
        if "questions" in row.prompt_data and action == "proceed" and "answers" not in answer:
            answer["answers"] = {question["id"]: "you decide" for question in row.prompt_data["questions"]}
        given = {"interaction_id": row.interaction_id, "action": action, "responded_by": "ada", **answer}
        await self.handle(job_id).signal(CreateSkill.answer, AnswerSignal.model_validate(given))
        return row.interaction_id

    async def parked(self, job_id: UUID, within: float = 40) -> JobView:
        """The job, once it is parked."""
        async with asyncio.timeout(within):
            while True:
                async with self.database.transaction() as session:
                    row = await jobs.get(session, job_id)
                if row is not None and row.parked_at is not None:
                    return await self.job(job_id)
                await asyncio.sleep(0.02)

    async def end_all(self) -> None:
        """End what a test has left waiting, so that the next one's database is its own."""
        for job_id in self.started:
            with suppress(RPCError):
                await self.handle(job_id).terminate("the test is over")

    async def _still_going(self, job_id: UUID) -> None:
        async with self.database.transaction() as session:
            job = await jobs.get(session, job_id)
        assert job is None or not JobStatus(job.status).final, f"{job and job.status}: {job and job.error}"


def settings_for(provider: Provider, library: Path, *, proof: Proof = QUICKLY) -> Settings:
    """Settings under which every role asks the stand-in."""
    return Settings(
        model="openai/stand-in",
        model_api_base=provider.url,
        model_api_key=SecretStr(provider.key),
        library=library,
        model_timeout=20,
        evaluation=proof.evaluation,
        evidence_policy=proof.policy,
    )


@asynccontextmanager
async def fleet(
    client: Client, database: Database, provider: LocalProvider, library: Path, *, proof: Proof = QUICKLY
) -> AsyncIterator[Fleet]:
    """Run the workers of a fleet until the block ends."""
    by_queue = steps(settings_for(provider, library, proof=proof), database)
    records = DatabaseRecords(database)
    at_work: list[Worker] = workers(client, by_queue, records.tell_trouble, records.enter_phase)
    async with running(at_work):
        made = Fleet(client, database, library, provider)
        yield made
        await made.end_all()
