"""Signals as anybody can send them with Temporal's own tools: whatever they hold, no job is stuck or lost by them."""

import json
from collections.abc import AsyncGenerator

import pytest
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest
from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Interceptor

from deploy.replay import verdict
from domain.job import JobStatus
from domain.prompt import HitlType
from tests.support.fake_steps import FakeAuthor, FakeChecks, FakeEvaluator, FakeLibrary, FakeRecords, Memory
from tests.workflows.conftest import Stage, steps_of
from worker import running, workers
from workflows import messages as m
from workflows.create_skill import CreateSkill

Handle = WorkflowHandle[CreateSkill, m.Outcome]


def payload(data: bytes, encoding: str = "json/plain") -> Payload:
    return Payload(metadata={"encoding": encoding.encode()}, data=data)


HOSTILE: dict[str, list[Payload]] = {
    "nothing": [],
    "two arguments": [payload(b"{}"), payload(b"5")],
    "null": [payload(b"null")],
    "binary null": [payload(b"", "binary/null")],
    "bytes": [payload(b"\xff\x00", "binary/plain")],
    "words": [payload(b'"please stop"')],
    "no JSON": [payload(b"{")],
    "half a character": [payload(b'{"by": "\\ud800", "responded_by": "\\ud800"}')],
    "very deep": [payload(b"[" * 5_000 + b"]" * 5_000)],
    "an encoding of another": [payload(b"x", "json/protobuf")],
    "wrong fields": [payload(json.dumps({"by": 5, "reason": [], "action": {}, "interaction_id": "x"}).encode())],
}


async def send(stage: Stage, name: str, sent: list[Payload]) -> None:
    """Signal the job as `temporal workflow signal` does."""
    client = stage.client
    await client.workflow_service.signal_workflow_execution(
        SignalWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=f"create-skill:{stage.job_id}"),
            signal_name=name,
            input=Payloads(payloads=sent),
        )
    )


async def replayed(handle: Handle) -> None:
    """The gate of a deploy would let this history pass."""

    async def histories() -> AsyncGenerator[WorkflowHistory, None]:
        yield await handle.fetch_history()

    assert not (await verdict(histories())).broken


@pytest.mark.parametrize("sent", HOSTILE.values(), ids=HOSTILE)
async def test_a_job_goes_on_whatever_it_is_told(stage: Stage, sent: list[Payload]) -> None:
    handle = await stage.start()
    await stage.until("ask clarify:1")
    for name in ("answer", "retry", "reopen", "no-such-signal"):
        await send(stage, name, sent)
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.CLARIFY))
    await stage.until("ask preview:1")
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
    assert (await handle.result()).status is JobStatus.COMPLETED
    await replayed(handle)


@pytest.mark.parametrize("sent", HOSTILE.values(), ids=HOSTILE)
async def test_a_cancel_is_a_cancel_whatever_it_says(stage: Stage, sent: list[Payload]) -> None:
    handle = await stage.start()
    await stage.until("ask clarify:1")
    await send(stage, "cancel", sent)
    assert (await handle.result()).status is JobStatus.CANCELLED
    await replayed(handle)


@pytest.mark.parametrize("name", ["no JSON", "half a character", "very deep", "binary null"])
async def test_an_answer_that_nobody_can_read_is_refused_on_record(stage: Stage, name: str) -> None:
    handle = await stage.start(max_questions=0)
    await stage.until("ask preview:1")
    await send(stage, "answer", HOSTILE[name])
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
    await handle.result()
    [refused] = [told for told in stage.memory.told if told.startswith("refuse")]
    assert "could not be read" in refused


async def test_what_an_older_build_dropped_stays_dropped_in_its_history(
    skipping: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK drops what it cannot decode; a job that has lived through that goes on with this build."""
    monkeypatch.setattr("worker.Hearing", Interceptor)
    older = Client(skipping.client.service_client, data_converter=pydantic_data_converter)
    memory = Memory()
    records, library = FakeRecords(memory), FakeLibrary(memory)
    fakes = steps_of(records, FakeAuthor(memory), FakeEvaluator(memory), FakeChecks(memory), library)
    async with running(workers(older, fakes, records.tell_trouble, records.enter_phase)):
        stage = Stage(skipping, library, memory)
        handle = await stage.start(max_questions=0)
        await stage.until("ask preview:1")
        for name in ("cancel", "retry", "reopen", "answer"):
            await send(stage, name, HOSTILE["no JSON"])
        await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
        assert (await handle.result()).status is JobStatus.COMPLETED, "the older build did not drop them"
    await replayed(handle)
