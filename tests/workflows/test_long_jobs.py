"""A job of hundreds of rounds: it continues as new, and nothing that people send is lost on the way."""

import asyncio
from collections.abc import AsyncIterator
from random import Random
from uuid import uuid4

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from domain.job import JobStatus
from domain.prompt import AnswerSignal, HitlType
from tests.support.fake_steps import Memory
from tests.support.fleet import Fleet
from tests.workflows.conftest import Stage, staged
from workflows import messages as m
from workflows.asking import MOST_TEXT
from workflows.create_skill import CreateSkill

ROUNDS = 500
TEN_ROUNDS = 60_000
"""Bytes of history that ten rounds of revision may take."""
PAYLOAD = 100_000
"""Bytes that nothing may exceed which travels through Temporal."""


@pytest.fixture
async def long_stage(temporal: WorkflowEnvironment) -> AsyncIterator[Stage]:
    """A job on a real server, which says when a history is long."""
    async with staged(temporal, Memory()) as stage:
        yield stage


async def runs_of(client: Client, handle: WorkflowHandle[CreateSkill, m.Outcome]) -> list[tuple[int, int]]:
    """Events and largest payload, in bytes, of each run, the first one first."""
    found, run_id = [], handle.first_execution_run_id
    while run_id:
        history = await client.get_workflow_handle(handle.id, run_id=run_id).fetch_history()
        last = history.events[-1]
        sizes = [event.ByteSize() for event in history.events]
        found.append((len(history.events), max(sizes)))
        ended = last.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
        run_id = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id if ended else ""
    return found


async def heard(stage: Stage, what: str) -> None:
    """Wait until the fakes were asked for this."""
    async with asyncio.timeout(60):
        while what not in stage.memory.told:  # noqa: ASYNC110 - the fakes only remember
            await asyncio.sleep(0.005)


async def noise(stage: Stage, handle: WorkflowHandle[CreateSkill, m.Outcome], rng: Random) -> None:
    """Answers to prompts that are over and to prompts that never were, all the time."""
    while True:
        asked = sum(told.startswith("ask preview") for told in stage.memory.told)
        signal = rng.choice(
            [
                stage.answer_to(HitlType.PREVIEW, rng.randint(0, max(0, asked - 1)), "proceed"),
                AnswerSignal(interaction_id=uuid4(), action="proceed", responded_by="nobody"),
                AnswerSignal(interaction_id=uuid4(), action="edit", content="x" * 5_000, responded_by="nobody"),
            ]
        )
        await handle.signal(CreateSkill.answer, signal)
        await asyncio.sleep(0.05)


async def test_a_job_of_five_hundred_rounds_loses_no_answer_while_signals_stream_in(long_stage: Stage) -> None:
    stage = long_stage
    handle = await stage.start(max_questions=0)
    rng = Random(20261121)
    streaming = asyncio.create_task(noise(stage, handle, rng))
    for number in range(1, ROUNDS + 1):
        await heard(stage, f"ask preview:{number}")
        await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW, number, "revise"))
    streaming.cancel()
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW, ROUNDS + 1))
    outcome = await asyncio.wait_for(handle.result(), 60)
    assert (outcome.status, outcome.revision) == (JobStatus.COMPLETED, ROUNDS + 1)
    written = [told for told in stage.memory.told if told.startswith("write")]
    assert written[1:] == [f"write {n + 1} from {n} (answer)" for n in range(1, ROUNDS + 1)]
    assert [told for told in stage.memory.told if told.startswith("take")].count("take revise") == ROUNDS
    runs = await runs_of(stage.client, handle)
    assert len(runs) > 1
    assert max(largest for _, largest in runs) < PAYLOAD


async def test_the_history_of_ten_rounds_is_small(fleet: Fleet) -> None:
    job_id = await fleet.start(confirm=True)
    await fleet.answer(job_id, HitlType.CLARIFY)
    await fleet.answer(job_id, HitlType.CONFIRM)
    seen = None
    for number in range(10):
        seen = await fleet.answer(job_id, HitlType.PREVIEW, "revise", after=seen, feedback=f"Say {number} as well")
    await fleet.answer(job_id, HitlType.PREVIEW, after=seen)
    await fleet.outcome(job_id)
    history = await fleet.handle(job_id).fetch_history()
    assert sum(event.ByteSize() for event in history.events) <= TEN_ROUNDS


async def test_whole_answers_that_nobody_takes_are_bounded_in_bytes_and_the_newest_stay(long_stage: Stage) -> None:
    stage = long_stage
    handle = await stage.start(max_questions=0)
    await heard(stage, "ask preview:1")
    for number in range(2, 12):
        early = stage.answer_to(HitlType.PREVIEW, number, "proceed")
        await handle.signal(CreateSkill.answer, early.model_copy(update={"content": "x" * (MOST_TEXT // 5)}))
    early = stage.answer_to(HitlType.VALIDATE, 1, "waive")
    stage.memory.verdicts = [False]
    await handle.signal(CreateSkill.answer, early)
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW, 1, "proceed"))
    outcome = await asyncio.wait_for(handle.result(), 30)
    assert outcome.status is JobStatus.COMPLETED
    assert "take waive" in stage.memory.told


async def test_evidence_that_was_due_when_the_job_continued_as_new_is_still_measured(long_stage: Stage) -> None:
    """The run before ended between a revision and its trial."""
    stage = long_stage
    carried = m.Progress(
        draft=m.Draft(name="a-skill", path="general/a-skill", revision=4, latest=4, cases=2, passed_without=0),
        unmeasured=True,
    )
    handle = await stage.start(carried=carried.model_dump(mode="json"))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
    assert (await asyncio.wait_for(handle.result(), 30)).revision == 4
    assert "try with 4" in stage.memory.told
    assert not [told for told in stage.memory.told if told.startswith("write")]


async def test_a_job_that_continued_as_new_in_validation_shows_no_preview_again(long_stage: Stage) -> None:
    stage = long_stage
    carried = m.Progress(
        draft=m.Draft(name="a-skill", path="general/a-skill", revision=4, latest=4, cases=2, passed_with=2),
        validating=True,
    )
    handle = await stage.start(carried=carried.model_dump(mode="json"))
    assert (await asyncio.wait_for(handle.result(), 30)).status is JobStatus.COMPLETED
    assert "ask preview:1" not in stage.memory.told
    assert "validate 4" in stage.memory.told
