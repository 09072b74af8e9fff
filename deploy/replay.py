"""The replay gate: would every job that runs, and every history of a release, go on with this code?

Replay finds code that asks for other steps than a history has, or that fails on what it holds. It does not find a step
that now does something else. Changes nothing in Temporal.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecution, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from workflows.attributes import RUNNING
from workflows.converter import COMPACT
from workflows.registered import ALL
from workflows.signals import Hearing

WHAT_TO_DO = (
    "This change breaks jobs that run: put it behind `workflow.patched('a-name')` so that old histories take the old "
    "path. Never record the history anew."
)
AT_ONCE = 8
"""Histories fetched ahead of the replay: bounds memory and what is asked of Temporal at once."""
LONGEST_REASON = 300


@dataclass(frozen=True)
class Broken:
    """A history that this code cannot go on with."""

    workflow_id: str
    why: str


@dataclass(frozen=True)
class Verdict:
    """How many histories were replayed, and those that would break."""

    replayed: int
    broken: tuple[Broken, ...]


async def verdict(histories: AsyncGenerator[WorkflowHistory, None], workflows: Sequence[type] = ALL) -> Verdict:
    """Replay them one after the other, as they come."""
    replayed, broken = 0, []
    replayer = replayer_of(workflows)
    async with aclosing(histories), replayer.workflow_replay_iterator(histories) as results:
        async for result in results:
            replayed += 1
            failure = await certain(result.history, result.replay_failure, workflows)
            if failure is not None:
                broken.append(Broken(result.history.workflow_id, reason(failure)))
    return Verdict(replayed, tuple(broken))


def replayer_of(workflows: Sequence[type]) -> Replayer:
    """Reads and hears as the worker does."""
    return Replayer(workflows=workflows, data_converter=COMPACT, interceptors=[Hearing()])


async def certain(history: WorkflowHistory, failure: Exception | None, workflows: Sequence[type]) -> Exception | None:
    """A failure that is not one of order is looked at twice: on a busy machine the SDK gives up what is slow."""
    if failure is None or isinstance(failure, NondeterminismError):
        return failure
    return (await replayer_of(workflows).replay_workflow(history, raise_on_replay_failure=False)).replay_failure


async def recorded(paths: Iterable[Path]) -> AsyncGenerator[WorkflowHistory, None]:
    """The histories in these files, each named as its file."""
    for path in paths:
        yield WorkflowHistory.from_json(path.stem, path.read_text())


async def running(client: Client) -> AsyncGenerator[WorkflowHistory, None]:
    """The histories of all running executions, a few fetched ahead; the rest stays where it is until its turn."""
    ahead: deque[asyncio.Task[WorkflowHistory | None]] = deque()
    try:
        async for execution in client.list_workflows(RUNNING, page_size=100):
            ahead.append(asyncio.create_task(fetched(client, execution)))
            if len(ahead) >= AT_ONCE and (history := await ahead.popleft()):
                yield history
        while ahead:
            if history := await ahead.popleft():
                yield history
    finally:
        for task in ahead:
            task.cancel()


async def fetched(client: Client, execution: WorkflowExecution) -> WorkflowHistory | None:
    """A history; None when nothing of it has run yet (replaying that would wait for ever), or when it is gone."""
    handle = client.get_workflow_handle(execution.id, run_id=execution.run_id)
    try:
        history = await handle.fetch_history()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    has_run = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    return history if any(event.event_type == has_run for event in history.events) else None


def reason(failure: Exception) -> str:
    """What a person needs of it. The SDK wraps a workflow's own failure into pages of debug text."""
    text = str(failure)
    own = re.search(r'message: "((?:[^"\\]|\\.)*)"', text)
    return " ".join((own[1] if own else text).split())[:LONGEST_REASON]
