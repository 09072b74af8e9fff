"""A workflow with a paid activity, a human answer, a reminder and continue-as-new, run on a throwaway server.

Copy the parts, not the file: in a project, workflows, activities and messages are separate modules (see SKILL.md).
Needs temporalio, pydantic and the `temporal` command on the path. Run: python approval_example.py
"""
# ruff: noqa: T201 (a program for the command line prints)

import argparse
import asyncio
import os
import shutil
import sys
import uuid
from contextlib import suppress
from datetime import timedelta

from pydantic import BaseModel, ConfigDict
from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker


class Message(BaseModel):
    """Base of all that crosses Temporal: unknown fields are ignored, so that an older worker reads a newer sender."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Answer(Message):
    """What a person decided about one revision."""

    answer_id: str
    revision: int
    approve: bool
    feedback: str = ""


class Draft(Message):
    """A reference to what the activity wrote: the text itself stays outside the history."""

    revision: int
    digest: str


class State(Message):
    """All that handlers and the loop may change: carried whole through continue-as-new."""

    model_config = ConfigDict(frozen=False)
    revision: int = 0
    queue: list[Answer] = []
    seen: list[str] = []
    reminders: int = 0


@activity.defn
async def write_draft(revision: int) -> Draft:
    """Stands for a model call: heartbeats while it waits, and says which failures another try cannot mend."""
    beating = asyncio.create_task(_heartbeat(every=1.0))
    try:
        if revision > 50:
            raise ApplicationError("50 revisions are enough.", type="TooManyRevisions", non_retryable=True)
        await asyncio.sleep(0.05)
        return Draft(revision=revision, digest=f"sha256:{revision:064x}")
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating


async def _heartbeat(every: float) -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(every)


@workflow.defn
class Approval:
    """Draft, ask, revise until approved."""

    @workflow.init
    def __init__(self, state: State, remind_after: timedelta) -> None:
        self.state = state
        self.remind_after = remind_after

    @workflow.run
    async def run(self, state: State, remind_after: timedelta) -> str:  # noqa: ARG002 (`__init__` took it)
        while True:
            self.state.revision += 1
            draft = await workflow.execute_activity(
                write_draft,
                self.state.revision,
                start_to_close_timeout=timedelta(minutes=5),
                schedule_to_close_timeout=timedelta(minutes=30),
                heartbeat_timeout=timedelta(seconds=10),
                retry_policy=RetryPolicy(maximum_attempts=6, non_retryable_error_types=["PayloadsTooLarge"]),
                summary=f"write revision {self.state.revision}",
            )
            answer = await self._answer()
            if answer.approve:
                return f"{draft.digest} approved after {self.state.reminders} reminders"
            if workflow.info().is_continue_as_new_suggested():
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(args=[self.state, remind_after])

    async def _answer(self) -> Answer:
        """The first answer to the revision that is shown; a late answer to an older one is dropped."""
        while True:
            try:
                await workflow.wait_condition(lambda: bool(self.state.queue), timeout=self.remind_after)
            except TimeoutError:  # asyncio.TimeoutError before Python 3.11
                self.state.reminders += 1
                continue
            answer = self.state.queue.pop(0)
            if answer.revision == self.state.revision:
                return answer
            workflow.logger.info("dropped an answer to revision %s", answer.revision)

    @workflow.signal(description="An Answer: approve, or feedback for the next revision.")
    def answer(self, answer: Answer) -> None:
        if answer.answer_id not in self.state.seen:
            self.state.seen.append(answer.answer_id)
            self.state.queue.append(answer)

    @workflow.query
    def revision(self) -> int:
        return self.state.revision


async def main() -> None:
    binary = shutil.which("temporal")
    if binary is None:
        raise SystemExit("put the `temporal` command on the path first")
    queue = f"approval-{uuid.uuid4()}"
    async with (
        await WorkflowEnvironment.start_local(
            dev_server_existing_path=binary, dev_server_log_level="error", data_converter=pydantic_data_converter
        ) as env,
        Worker(env.client, task_queue=queue, workflows=[Approval], activities=[write_draft]),
    ):
        handle = await env.client.start_workflow(
            Approval.run, args=[State(), timedelta(seconds=1)], id=f"approval-{uuid.uuid4()}", task_queue=queue
        )
        rejected = Answer(answer_id="a1", revision=1, approve=False, feedback="shorter")
        await handle.signal(Approval.answer, rejected)
        await handle.signal(Approval.answer, rejected)  # sent twice, as a client that retries does
        while await handle.query(Approval.revision) < 2:  # noqa: ASYNC110 (another process changes it)
            await asyncio.sleep(0.1)
        await asyncio.sleep(1.5)  # long enough for one reminder
        await handle.signal(Approval.answer, Answer(answer_id="a2", revision=2, approve=True))
        print(await handle.result())


if __name__ == "__main__":  # the sandbox imports this module again: without this line it would run twice
    argparse.ArgumentParser(description=__doc__).parse_args()
    asyncio.run(main())
    sys.stdout.flush()
    os._exit(0)  # a thread of the SDK may abort an interpreter that is being torn down (see references/messages.md)
