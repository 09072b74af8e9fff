"""The evaluation of a published skill, and the night that evaluates many, with steps that only remember."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from domain.budget import Budget
from domain.job import CancelRequest, Evaluates, JobOptions, JobStatus, StartJob
from domain.prompt import AnswerSignal, HitlType
from tests.support.fake_steps import FakeAuthor, FakeEvaluator, FakeLibrary, FakeRecords, FakeReviewing, Memory
from tests.workflows.conftest import steps_of
from worker import running, workers
from workflows import evaluation_messages as em
from workflows import messages as m
from workflows.evaluate_library import BY, MOST_CALLS, PATIENCE, EvaluateLibrary
from workflows.evaluate_skill import EvaluateSkill
from workflows.steps import WORKFLOWS

Handle = WorkflowHandle[EvaluateSkill, m.Outcome]


class Trying:
    """A server with fakes, and what they remember."""

    def __init__(self, env: WorkflowEnvironment, memory: Memory) -> None:
        self.env = env
        self.memory = memory

    async def start(self, *, auto: bool = True, version: str = "", model: str = "") -> Handle:
        job_id = uuid4()
        start = StartJob(
            job_id=job_id,
            user_id="ada",
            task_description="Evaluate a-skill again",
            options=JobOptions(auto_approve=auto),
            evaluates=Evaluates(name="a-skill", version=version, model=model),
        )
        name = f"evaluate-skill:{job_id}"
        assert start.workflow_id == name
        return await self.env.client.start_workflow(EvaluateSkill.run, start, id=name, task_queue=WORKFLOWS)

    async def until(self, what: str) -> None:
        async with asyncio.timeout(30):
            while what not in self.memory.told:
                await self.env.sleep(timedelta(seconds=1))


@asynccontextmanager
async def trying(env: WorkflowEnvironment, *, cases: int = 2, due: tuple[str, ...] = ()) -> AsyncIterator[Trying]:
    memory = Memory()
    records, reviewing = FakeRecords(memory), FakeReviewing(memory, cases=cases, due_skills=due)
    fakes = steps_of(records, FakeAuthor(memory), FakeEvaluator(memory), FakeLibrary(memory), reviewing)
    async with running(workers(env.client, fakes, records.tell_trouble, records.enter_phase)):
        yield Trying(env, memory)


@pytest.fixture
async def stage(skipping: WorkflowEnvironment) -> AsyncIterator[Trying]:
    async with trying(skipping) as made:
        yield made


async def test_a_version_is_taken_up_tried_without_and_with_the_skill_and_judged(stage: Trying) -> None:
    handle = await stage.start(model="openai/new")
    outcome = await handle.result()
    assert (outcome.status, outcome.path, outcome.revision) == (JobStatus.COMPLETED, "general/a-skill", 1)
    assert stage.memory.told == [
        "open_job",
        "tdd_red:1",
        "take a-skill newest for openai/new (demand)",
        "try without 0",
        "generation:1",
        "try with 1",
        "validation:1",
        "conclude a-skill 1.2.0",
        "finish completed",
    ]


async def test_a_skill_without_cases_gets_them_from_the_author(skipping: WorkflowEnvironment) -> None:
    async with trying(skipping, cases=0) as stage:
        handle = await stage.start()
        await handle.result()
        history = await handle.fetch_history()
    scheduled = [event.activity_task_scheduled_event_attributes.activity_type.name for event in history.events]
    assert "write_cases" in scheduled


async def test_a_spent_budget_leaves_what_was_tried_and_there_is_a_verdict(stage: Trying) -> None:
    stage.memory.broke = {"try": 1}
    handle = await stage.start()
    assert (await handle.result()).status is JobStatus.COMPLETED
    assert "ask budget:1" in stage.memory.told
    assert "try with 1" not in stage.memory.told
    assert stage.memory.told[-2:] == ["conclude a-skill 1.2.0", "finish completed"]


async def test_a_raised_budget_goes_on_where_it_stopped(stage: Trying) -> None:
    stage.memory.broke = {"try": 1}
    handle = await stage.start(auto=False)
    await stage.until("ask budget:1")
    prompt = stage.memory.prompt_id(UUID(handle.id.rpartition(":")[2]), HitlType.BUDGET, 1)
    await handle.signal(EvaluateSkill.answer, AnswerSignal(interaction_id=prompt, action="raise", responded_by="ada"))
    await handle.result()
    assert [told for told in stage.memory.told if told.startswith(("raise", "try", "conclude"))] == [
        "raise_budget",
        "try without 0",
        "try with 1",
        "conclude a-skill 1.2.0",
    ]


async def test_what_only_a_person_can_mend_parks_it_until_a_retry(stage: Trying) -> None:
    stage.memory.disk = ["the disk is full"]
    handle = await stage.start()
    await stage.until("problem the disk is full")
    await handle.signal(EvaluateSkill.retry, m.RetryRequest(by="ada"))
    assert (await handle.result()).status is JobStatus.COMPLETED
    assert stage.memory.told.count("resume") == 1


async def test_it_is_cancelled_like_any_job(stage: Trying) -> None:
    stage.memory.disk = ["the disk is full"]
    handle = await stage.start()
    await stage.until("problem the disk is full")
    await handle.signal(EvaluateSkill.cancel, CancelRequest(reason="too dear", by="ada"))
    assert (await handle.result()).status is JobStatus.CANCELLED
    assert stage.memory.ending is not None
    assert (stage.memory.ending.by, stage.memory.ending.reason) == ("ada", "too dear")
    assert not [told for told in stage.memory.told if told.startswith("conclude")]


async def test_a_night_evaluates_what_is_due_one_after_the_other(temporal: WorkflowEnvironment) -> None:
    async with trying(temporal, due=("one", "two", "three")) as stage:  # real time: a slow machine skips no patience
        name = f"reevaluate-{uuid4()}"
        night: em.Night = await temporal.client.execute_workflow(EvaluateLibrary.run, id=name, task_queue=WORKFLOWS)
        assert (len(night.started), night.ended) == (3, 3)
        taken = [told for told in stage.memory.told if told.startswith(("take", "conclude"))]
        assert taken == [
            f"{word} {name} 1.2.0{rest}"
            for name in ("one", "two", "three")
            for word, rest in (("take", " for openai/new (schedule)"), ("conclude", ""))
        ]
        child = temporal.client.get_workflow_handle(f"evaluate-skill:{night.started[0]}")
        assert (await child.describe()).workflow_type == "EvaluateSkill"
        started = (await child.fetch_history()).events[0].workflow_execution_started_event_attributes.input.payloads
        [start] = await temporal.client.data_converter.decode(started, [StartJob])
        assert start.options.budget == Budget(calls=MOST_CALLS), "nobody watches it, so it has a limit"
        assert start.options.auto_approve


async def test_one_that_is_parked_holds_up_no_other_and_goes_on_by_itself(skipping: WorkflowEnvironment) -> None:
    async with trying(skipping, due=("one", "two")) as stage:
        stage.memory.stuck = {"one"}
        name = f"reevaluate-{uuid4()}"
        running_night = await skipping.client.start_workflow(EvaluateLibrary.run, id=name, task_queue=WORKFLOWS)
        await stage.until("problem the disk is full")
        await skipping.sleep(PATIENCE)
        # Waiting for a result skips time until it is there, and on a slow machine ten years further: to the timeout
        # that this server gives the parked one.
        with skipping.auto_time_skipping_disabled():
            night: em.Night = await running_night.result()
        assert (len(night.started), night.ended) == (2, 1)
        parked = skipping.client.get_workflow_handle(f"evaluate-skill:{night.started[0]}", result_type=m.Outcome)
        stage.memory.stuck.clear()
        await parked.signal(EvaluateSkill.retry, m.RetryRequest(by=BY))
        assert (await parked.result()).status is JobStatus.COMPLETED


async def test_a_night_with_nothing_due_starts_nothing(skipping: WorkflowEnvironment) -> None:
    async with trying(skipping) as stage:
        name = f"reevaluate-{uuid4()}"
        night = await skipping.client.execute_workflow(EvaluateLibrary.run, id=name, task_queue=WORKFLOWS)
        assert night == em.Night()
        assert stage.memory.told == []
