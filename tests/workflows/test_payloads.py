"""Nothing large travels through Temporal: not in any recorded job, not in the largest that can be asked for, and what
is too large is an error in words that never stops a workflow."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from google.protobuf.message import Message
from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHistory
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from activities.edge import MOST_GIVEN
from api.starting import MAX_START
from domain.job import MAX_DESCRIPTION, MAX_SOURCES, CancelRequest, JobStatus, Source
from domain.prompt import MAX_SIGNAL, HitlType
from tests.support.fake_steps import FakeAuthor, Memory
from tests.support.fleet import Fleet
from tests.support.rows import audited
from tests.workflows.conftest import Stage, staged
from workflows import messages as m
from workflows.create_skill import CreateSkill

MOST = 100_000
"""Bytes that nothing may exceed which travels through Temporal."""

RECORDED = sorted((Path(__file__).parents[1] / "histories").glob("*.json"))


def payloads(message: Message) -> Iterator[Payload]:
    """Every payload anywhere in a message."""
    if isinstance(message, Payload):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            value = [inner for inner in value.values() if isinstance(inner, Message)]
        for inner in [value] if isinstance(value, Message) else value:
            yield from payloads(inner)


def largest(history: WorkflowHistory) -> dict[int, int]:
    """Bytes of the five largest payloads of a history, by the number of their event."""
    sizes = {event.event_id: max((len(held.data) for held in payloads(event)), default=0) for event in history.events}
    return dict(sorted(sizes.items(), key=lambda item: -item[1])[:5])


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_no_recorded_job_carries_more_than_ids_and_numbers(path: Path) -> None:
    found = largest(WorkflowHistory.from_json(path.stem, path.read_text()))
    assert 0 < max(found.values()) <= MOST // 20, found


def test_every_limit_leaves_room_for_what_travels_around_it() -> None:
    assert MAX_SIGNAL + 1_000 < MOST >= MAX_START
    assert MOST_GIVEN <= MOST


async def test_the_largest_request_and_the_largest_answers_stay_below(fleet: Fleet) -> None:
    notes = Source(name="notes.md", content="Grouped by kind.\n" * (MAX_SOURCES // 17))
    job_id = await fleet.start("Write release notes " + "x" * (MAX_DESCRIPTION - 20), sources=[notes])
    asked = (await fleet.prompt(job_id, HitlType.CLARIFY)).prompt_data["questions"]
    whole = {question["id"]: "é" * (MAX_SIGNAL // len(asked) // 2 - 200) for question in asked}
    await fleet.answer(job_id, HitlType.CLARIFY, answers=whole)
    text = "---\nname: wrong-name\n---\n\n# Nothing\n\n" + "words " * (MAX_SIGNAL // 6 - 100)
    seen = await fleet.answer(job_id, HitlType.PREVIEW, "edit", content=text)
    await fleet.answer(job_id, HitlType.PREVIEW, after=seen)
    await fleet.answer(job_id, HitlType.VALIDATE, "waive", reason="a try-out")
    assert (await fleet.outcome(job_id)).status is JobStatus.COMPLETED
    found = largest(await fleet.handle(job_id).fetch_history())
    assert MAX_SIGNAL // 2 < max(found.values()) <= MOST, found


async def test_an_answer_too_large_for_temporal_is_refused_on_record_and_the_job_goes_on(fleet: Fleet) -> None:
    job_id = await fleet.start()
    prompt = await fleet.prompt(job_id, HitlType.CLARIFY)
    handle = fleet.handle(job_id)
    sizes = (MAX_SIGNAL + 1, 500_000, 2 * 1024 * 1024 - 300)
    for number, size in enumerate(sizes, 1):
        raw = {
            "interaction_id": str(prompt.interaction_id),
            "action": "edit",
            "responded_by": "ada",
            "content": "x" * size,
        }
        await handle.signal("answer", raw)
        async with asyncio.timeout(30):
            while True:
                entries = await audited(fleet.database, job_id)
                if len(entries) == number:
                    break
                await asyncio.sleep(0.05)
    with pytest.raises(RPCError, match="exceeds"):
        await handle.signal("answer", {"content": "x" * 2_200_000})
    assert [(entry.person, entry.outcome, entry.action) for entry in entries] == [("ada", "invalid", "edit")] * 3
    assert all("at most 65,536 can come through Temporal" in (entry.note or "") for entry in entries)
    await fleet.answer(job_id, HitlType.CLARIFY)
    await fleet.prompt(job_id, HitlType.PREVIEW)
    await handle.signal(CreateSkill.cancel, CancelRequest(by="ada", reason="y" * 1_000_000))
    assert (await fleet.outcome(job_id)).status is JobStatus.CANCELLED
    history = await handle.fetch_history()
    ours = [held for event in history.events if not signalled(event) for held in payloads(event)]
    assert max(len(held.data) for held in ours) <= MOST


def signalled(event: Message) -> bool:
    """Whether the event is what somebody sent us; what we make of it is ours."""
    return event.HasField("workflow_execution_signaled_event_attributes")


class Verbose(FakeAuthor):
    """An author who gives texts where ids are wanted, and one whose error is as long as a book."""

    @activity.defn
    async def refine(self, job: m.ForJob) -> m.Refined:
        if self.memory.trouble:
            raise ValueError("x" * 3_000_000)
        return m.Refined(fixes=0)

    @activity.defn
    async def plan(self, planning: m.Planning) -> m.Planned:
        return m.Planned(name="a-skill", path="x" * 2_500_000)


@pytest.fixture
async def verbose(skipping: WorkflowEnvironment) -> AsyncIterator[Stage]:
    memory = Memory()
    async with staged(skipping, memory, author=Verbose(memory)) as stage:
        yield stage


async def test_a_step_that_gives_too_much_ends_the_job_with_words_and_is_not_tried_again(verbose: Stage) -> None:
    handle = await verbose.start(max_questions=0)
    assert (await asyncio.wait_for(handle.result(), 30)).status is JobStatus.FAILED
    ending = verbose.memory.ending
    assert ending is not None and ending.error is not None
    assert ending.error.startswith("The step plan gave 2,500,0") and "at most 100,000" in ending.error
    assert max(largest(await handle.fetch_history()).values()) <= MOST


async def test_an_error_of_many_words_ends_the_job_with_its_first_ones(verbose: Stage) -> None:
    verbose.memory.trouble = ["long"]
    handle = await verbose.start(max_questions=0)
    assert (await asyncio.wait_for(handle.result(), 30)).status is JobStatus.FAILED
    ending = verbose.memory.ending
    assert ending is not None and "ValueError" in (ending.error or "")
    history = await handle.fetch_history()
    assert max(event.ByteSize() for event in history.events) <= MOST
