"""A job that is cancelled ends, whatever its steps do in that moment."""

import asyncio

from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from domain.job import CancelRequest, JobStatus
from domain.prompt import HitlType
from tests.support.fake_steps import FakeAuthor, FakeRecords, Memory
from tests.workflows.conftest import Stage, staged
from tests.workflows.test_long_jobs import heard
from workflows import messages as m
from workflows.converter import COMPACT
from workflows.create_skill import CreateSkill
from workflows.promote_skill import PromoteSkill
from workflows.steps import AT_ONCE


class Late(FakeAuthor):
    """An author whose step completes although it is being cancelled."""

    def __init__(self, memory: Memory, goes_on: asyncio.Event) -> None:
        super().__init__(memory)
        self.goes_on = goes_on

    @activity.defn
    async def refine(self, job: m.ForJob) -> m.Refined:
        self.memory.note("refining")
        await self.goes_on.wait()
        return await super().refine(job)


class SlowToEnd(FakeRecords):
    """A record whose last step lasts until the author's has completed."""

    def __init__(self, memory: Memory, goes_on: asyncio.Event) -> None:
        super().__init__(memory)
        self.goes_on = goes_on

    @activity.defn
    async def finish(self, ending: m.Ending) -> None:
        self.goes_on.set()
        await asyncio.sleep(0.3)
        await super().finish(ending)


class Frozen(FakeRecords):
    """A record whose database does not answer the first time."""

    @activity.defn
    async def open_prompt(self, prompt: m.Prompt) -> m.Taken:
        self.memory.note("tried")
        if self.memory.told.count("tried") == 1:
            await asyncio.sleep(AT_ONCE["start_to_close_timeout"].total_seconds() + 2)
        return await super().open_prompt(prompt)


async def replays(stage: Stage) -> None:
    history = await stage.client.get_workflow_handle(f"create-skill:{stage.job_id}").fetch_history()
    await Replayer(workflows=[CreateSkill, PromoteSkill], data_converter=COMPACT).replay_workflow(history)


async def test_a_step_that_completes_in_the_moment_of_the_cancel_does_not_swallow_it(
    temporal: WorkflowEnvironment,
) -> None:
    memory, goes_on = Memory(), asyncio.Event()
    records, author = SlowToEnd(memory, goes_on), Late(memory, goes_on)
    async with staged(temporal, memory, records=records, author=author) as stage:
        handle = await stage.start()
        await heard(stage, "refining")
        await handle.signal(CreateSkill.cancel, CancelRequest(by="ada", reason="not needed"))
        assert (await asyncio.wait_for(handle.result(), 30)).status is JobStatus.CANCELLED
        assert not [told for told in memory.told if told.startswith(("ask", "understanding"))]
        await replays(stage)


async def test_a_record_that_does_not_answer_at_once_is_waited_for_and_the_job_still_replays(
    temporal: WorkflowEnvironment,
) -> None:
    memory = Memory()
    async with staged(temporal, memory, records=Frozen(memory)) as stage:
        handle = await stage.start(max_questions=0)
        await heard(stage, "ask preview:1")
        await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
        assert (await asyncio.wait_for(handle.result(), 30)).status is JobStatus.COMPLETED
        assert memory.told.count("tried") == 2
        history = await handle.fetch_history()
        scheduled = [
            event.activity_task_scheduled_event_attributes.activity_type.name
            for event in history.events
            if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
        ]
        assert "open_prompt" in scheduled
        await replays(stage)
