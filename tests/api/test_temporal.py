"""The line to Temporal: what is away, what is gone and what was refused are told apart."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from api import temporal as module
from api.app import lazy_client
from api.errors import PromotionFailed, TemporalUnavailable, WorkflowGone
from api.temporal import SUMMARY, TOLD_WITHIN, WORKFLOW_TASK, Temporal, result_of, summary_of
from domain.errors import LibraryConflict, PromotionRefused
from domain.job import CancelRequest, StartJob
from workflows import messages as m
from workflows import promote_messages as pm
from workflows.promote_skill import PromoteSkill
from workflows.steps import LIBRARY, WORKFLOWS
from workflows.steps import Library as LibrarySteps


class RefusingLibrary(LibrarySteps):
    """Answers every promotion with a failure of one type; nothing else is ever asked of it."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    @activity.defn
    async def place(self, request: pm.PromoteRequest) -> pm.Placed:
        raise ApplicationError("because", type=self.kind, non_retryable=True)

    @activity.defn
    async def save_draft(self, revision: m.ForRevision) -> None:
        raise NotImplementedError

    @activity.defn
    async def publish_files(self, move: pm.Move) -> None:
        raise NotImplementedError

    @activity.defn
    async def publish_rows(self, move: pm.Move) -> None:
        raise NotImplementedError

    @activity.defn
    async def undo(self, move: pm.Move) -> None:
        raise NotImplementedError


@asynccontextmanager
async def working(client: Client, library: RefusingLibrary) -> AsyncIterator[None]:
    """Workers that promote with this library."""
    async with (
        Worker(client, task_queue=WORKFLOWS, workflows=[PromoteSkill]),
        Worker(client, task_queue=LIBRARY, activities=[library.place]),
    ):
        yield


@pytest.mark.parametrize(
    ("kind", "raised"),
    [("PromotionRefused", PromotionRefused), ("LibraryConflict", LibraryConflict), ("OSError", PromotionFailed)],
)
async def test_a_promotion_that_fails_says_why_in_our_own_words(
    temporal: WorkflowEnvironment, kind: str, raised: type[Exception]
) -> None:
    async with working(temporal.client, RefusingLibrary(kind)):
        promotion = await Temporal(temporal.client).promote(pm.PromoteRequest(job_id=uuid4(), by="ada"))
        with pytest.raises(raised, match="because"):
            await result_of(promotion, 20)


async def test_a_promotion_that_takes_long_is_left_to_itself(temporal: WorkflowEnvironment) -> None:
    promotion = await Temporal(temporal.client).promote(pm.PromoteRequest(job_id=uuid4(), by="ada"))
    assert await result_of(promotion, 0.1) is None
    joined = await Temporal(temporal.client).promote(pm.PromoteRequest(job_id=uuid4(), by="ada"))
    assert joined.id != promotion.id
    for handle in (promotion, joined):
        await handle.terminate()


async def test_what_temporal_does_not_know_is_gone_not_away(temporal: WorkflowEnvironment) -> None:
    line = Temporal(temporal.client)
    assert await line.describe(uuid4()) is None
    with pytest.raises(WorkflowGone):
        await line.cancel(uuid4(), CancelRequest())
    with pytest.raises(WorkflowGone):
        await line.reopen(uuid4(), "ada")
    with pytest.raises(WorkflowGone):
        await line.answer(uuid4(), uuid4())


async def test_an_answer_does_not_wait_long_for_a_temporal_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as frozen:  # the kernel takes the connection, and nobody reads from it
        nobody = Temporal(await lazy_client({"target_host": f"127.0.0.1:{frozen.getsockname()[1]}"}))
        with pytest.raises(TemporalUnavailable, match=f"no answer within {TOLD_WITHIN:g} s"):
            await nobody.answer(uuid4(), uuid4())


async def test_a_namespace_that_does_not_exist_is_no_missing_job(temporal: WorkflowEnvironment) -> None:
    target = temporal.client.service_client.config.target_host
    line = Temporal(await lazy_client({"target_host": target, "namespace": "nowhere"}))
    with pytest.raises(TemporalUnavailable, match="nowhere"):
        await line.describe(uuid4())
    with pytest.raises(TemporalUnavailable):
        await line.ping()


async def test_a_server_without_the_mark_of_failing_workflows_says_nothing_of_them(
    temporal: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FAILING", "ExecutionStatus='Running' AND NoSuchAttribute='x'")
    assert await Temporal(temporal.client).count_failing_workflows() is None
    nowhere = Temporal(await lazy_client({"target_host": "127.0.0.1:1", "namespace": "default"}))
    with pytest.raises(TemporalUnavailable):
        await nowhere.count_failing_workflows()


async def test_a_job_gives_its_worker_five_seconds_for_a_workflow_task(temporal: WorkflowEnvironment) -> None:
    line = Temporal(temporal.client)
    start = StartJob(job_id=uuid4(), user_id="ada", task_description="Handle user data")
    await line.start(start, "digest")
    promotion = await line.promote(pm.PromoteRequest(job_id=start.job_id, by="ada"))
    for handle in (temporal.client.get_workflow_handle(f"create-skill:{start.job_id}"), promotion):
        begun = (await handle.fetch_history()).events[0].workflow_execution_started_event_attributes
        assert begun.workflow_task_timeout.ToTimedelta() == WORKFLOW_TASK
        await handle.terminate()


async def test_nobody_polls_a_queue_without_a_worker(temporal: WorkflowEnvironment) -> None:
    assert await Temporal(temporal.client).pollers("no-such-queue") == 0


@pytest.mark.parametrize(
    "task",
    ["![x](http://127.0.0.1:9/x.png) <b>hi</b>", "`![x](http://127.0.0.1:9)`", "[l](javascript:alert(1))\n\n# big"],
)
def test_a_task_is_one_code_span_in_the_temporal_web_ui_so_that_nothing_in_it_is_rendered(task: str) -> None:
    before, inside, after = summary_of(task).split("`")
    assert (before, after) == ("Create skill: ", "")
    assert "\n" not in inside and inside


def test_a_long_task_is_cut_where_the_temporal_web_ui_shows_it() -> None:
    assert summary_of("x" * SUMMARY) == f"Create skill: `{'x' * SUMMARY}`"
    assert summary_of("x" * (SUMMARY + 1)) == f"Create skill: `{'x' * (SUMMARY - 1)}…`"
