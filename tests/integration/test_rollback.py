"""A bad deploy stops jobs and loses nothing: it is shown while it lasts, and a rollback heals it. Errors in a job's own
code are another thing: that job ends as failed, on record."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker, WorkerConfig

from activities.records import DatabaseRecords
from deploy.temporal_server import find_binary
from domain.job import JobStatus, Phase, Source, StartJob
from domain.prompt import AnswerSignal
from store.session import Database
from tests.api.conftest import application, served
from tests.support.fleet import settings_for
from tests.support.provider import LocalProvider
from worker import running, steps, workers
from workflows import messages as m
from workflows.attributes import KEYS
from workflows.create_skill import CreateSkill
from workflows.promote_skill import PromoteSkill
from workflows.steps import Records

pytestmark = pytest.mark.integration

PATIENCE = 120
"""Seconds: a task that failed is tried again after 5, 10, 20 …, and machines that run tests are busy."""

STEP, FIELD, HANDLER, START = "an added step", "a required field", "a broken handler", "a broken start"
"""What is wrong with the deploy for a job; its task says so."""


class NewSource(Source):
    """A careless change: what was sent before does not have this field."""

    language: str


class NewStart(StartJob):
    """Cannot be read when a source was given to an older release."""

    sources: list[NewSource] = []  # type: ignore[assignment] # the careless change that is tried


@workflow.defn(name="CreateSkill", sandboxed=False)
class BadDeploy(CreateSkill):
    """The next release, with one mistake for each job."""

    @workflow.init
    def __init__(self, start: NewStart) -> None:
        if START in start.task_description:
            raise KeyError("conversation")
        super().__init__(start)

    @workflow.signal
    def answer(self, signal: AnswerSignal) -> None:
        if HANDLER in self.job.start.task_description:
            raise KeyError("answers")
        super().answer(signal)

    @workflow.run
    async def run(self, start: NewStart) -> m.Outcome:  # type: ignore[override] # the careless change again
        if STEP in start.task_description:
            entered = m.Entered(job_id=start.job_id, phase=Phase.REFINEMENT, round=9)
            await self.job.record(Records.enter_phase, entered, "a step that no history has")
        return await super().run(start)


@workflow.defn(name="CreateSkill", sandboxed=False)
class BrokenPlanning(CreateSkill):
    """A release with an error in one phase."""

    @workflow.init
    def __init__(self, start: StartJob) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: StartJob) -> m.Outcome:
        return await super().run(start)

    async def planning(self) -> None:
        raise KeyError("outline")


@dataclass(frozen=True)
class Place:
    """An api in this process, and workers for models and files; workflows are worked on by what a test deploys."""

    address: str
    usual: WorkerConfig
    http: httpx.AsyncClient

    @asynccontextmanager
    async def deployed(self, release: type) -> AsyncIterator[None]:
        """A worker with this release's code, as the others but for its code, alone."""
        client = await Client.connect(self.address, data_converter=pydantic_data_converter)
        config = WorkerConfig(**self.usual)
        config["client"], config["workflows"] = client, [release, PromoteSkill]
        async with Worker(**config):
            yield

    async def start(self, task: str, **request: object) -> UUID:
        body = {"task_description": task, "options": {"confirm": True}, **request}
        begun = await self.http.post("/api/v1/skills", json=body)
        assert begun.status_code == 202, begun.text
        return UUID(begun.json()["job_id"])

    async def status(self, job_id: UUID) -> dict[str, object]:
        found: dict[str, object] = (await self.http.get(f"/api/v1/jobs/{job_id}/status")).json()
        return found

    async def reached(self, job_id: UUID, **wanted: object) -> dict[str, object]:
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await self.status(job_id)
                if wanted.items() <= found.items():
                    return found
                await asyncio.sleep(0.05)

    async def answer(self, job_id: UUID) -> None:
        prompt = (await self.http.get(f"/api/v1/hitl/{job_id}/prompt")).json()
        questions = prompt["prompt_data"].get("questions", [])
        body = {"interaction_id": prompt["interaction_id"], "action": "proceed"}
        answers = {"answers": {question["id"]: "you decide" for question in questions}} if questions else {}
        taken = await self.http.post(f"/api/v1/hitl/{job_id}/response", json=body | answers)
        assert taken.status_code == 202, taken.text

    async def checked(self, *, ok: bool) -> dict[str, object]:
        """What the operators' check of workflows says, once it is well or not."""
        async with asyncio.timeout(PATIENCE):
            while True:
                response = await self.http.get("/api/v1/health/ready")
                assert response.status_code == 200, "jobs that cannot go on must not put the api out of service"
                found: dict[str, object] = response.json()["checks"]["workflows"]
                if found["ok"] is ok:
                    assert response.json()["status"] == ("ok" if ok else "degraded")
                    return found
                await asyncio.sleep(0.1)


@pytest.fixture
async def place(database: Database, database_url: str, provider: LocalProvider, tmp_path: Path) -> AsyncIterator[Place]:
    """A Temporal of its own, which marks a workflow at the first task that fails: the tests need not wait."""
    library = tmp_path / "skills"
    async with await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(find_binary()),
        dev_server_log_level="error",
        dev_server_extra_args=[
            *("--dynamic-config-value", "history.transferProcessorMaxPollRPS=2000"),
            *("--dynamic-config-value", "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=1"),
        ],
        search_attributes=KEYS,
    ) as temporal:
        address = temporal.client.service_client.config.target_host
        records, by_queue = DatabaseRecords(database), steps(settings_for(provider, library), database)
        usual, *beside = workers(temporal.client, by_queue, records.tell_trouble, records.enter_phase)
        async with running(beside), served(application(database_url, address, library)) as http:
            yield Place(address, usual.config(), http)


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_bad_deploy_stops_jobs_and_is_shown_and_a_rollback_heals_them_with_all_that_was_answered(
    place: Place,
) -> None:
    async with place.deployed(CreateSkill):
        jobs = [
            await place.start(f"Handle user data beside {STEP}"),
            await place.start(f"Handle user data beside {FIELD}", sources=[{"name": "a.md", "content": "notes"}]),
            await place.start(f"Handle user data beside {HANDLER}"),
            await place.start(f"Handle user data beside {START}"),
        ]
        well = await place.start("Handle user data beside nothing of the kind")
        for job_id in (*jobs, well):
            await place.reached(job_id, hitl_type="clarify")
    assert (await place.checked(ok=True))["detail"] == "every job can go on"

    async with place.deployed(BadDeploy):
        for job_id in (*jobs, well):
            await place.answer(job_id)
        await place.reached(well, hitl_type="confirm")
        shown = await place.checked(ok=False)
        async with asyncio.timeout(PATIENCE):
            while not str(shown["detail"]).startswith("4 jobs cannot go on"):
                shown = await place.checked(ok=False)
                await asyncio.sleep(0.1)
        assert all(f"create-skill:{job_id}" in str(shown["detail"]) for job_id in jobs)
        assert str(well) not in str(shown["detail"])
        assert "roll back" in str(shown["fix"])
        assert [(await place.status(job_id))["status"] for job_id in jobs] == [JobStatus.RUNNING] * 4
    gc.collect()  # what is left of workflows that could not go on is thrown away here, with noise, not in another test

    async with place.deployed(CreateSkill):
        for job_id in (*jobs, well):
            await place.reached(job_id, hitl_type="confirm")
            asked = (await place.http.get(f"/api/v1/jobs/{job_id}/interactions")).json()
            first, second = asked["interactions"]
            assert (first["interaction_type"], first["status"]) == ("clarify", "responded")
            assert (second["interaction_type"], second["status"]) == ("confirm", "pending")
        assert (await place.checked(ok=True))["detail"] == "every job can go on"


async def test_an_error_in_a_phase_ends_that_job_as_failed_with_the_reason_on_record(place: Place) -> None:
    async with place.deployed(BrokenPlanning):
        job_id = await place.start("Handle user data", options={"max_questions": 0})
        ended = await place.reached(job_id, status=JobStatus.FAILED)
        assert ended["error"] == "KeyError: 'outline'"
        stack = (await place.http.get(f"/api/v1/jobs/{job_id}/stack")).json()
        assert stack["error"] == ended["error"] and "KeyError" in stack["stack"]
        assert "stack" not in str((await place.http.get(f"/api/v1/jobs/{job_id}")).json())
        stranger = await place.http.get(f"/api/v1/jobs/{job_id}/stack", headers={"X-User-Id": "eve"})
        assert stranger.status_code == 404
        assert (await place.checked(ok=True))["detail"] == "every job can go on"
