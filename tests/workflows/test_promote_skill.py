"""A promotion that fails says how to promote again: a job that has ended cannot be retried."""

import errno
import os
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError
from temporalio import activity
from temporalio.client import WorkflowFailureError
from temporalio.testing import WorkflowEnvironment

from tests.support.fake_steps import FakeLibrary, FakeRecords, Memory
from tests.workflows.conftest import steps_of
from worker import running, workers
from workflows import messages as m
from workflows.promote_skill import PromoteSkill
from workflows.steps import LIBRARY, WORKFLOWS

JOB = UUID("0190d8b0-0000-7000-8000-00000000000a")


class Troubled(FakeLibrary):
    """A library whose files cannot be published."""

    def __init__(self, memory: Memory, trouble: Exception) -> None:
        super().__init__(memory)
        self.trouble = trouble

    @activity.defn
    async def publish_files(self, move: m.Move) -> None:
        raise self.trouble


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)), "A file could not be written (Not a directory)."),
        (OperationalError("SELECT 1", {}, Exception("closed")), "The database does not answer."),
    ],
)
async def test_what_cannot_be_published_is_promoted_again_not_retried(
    skipping: WorkflowEnvironment, trouble: Exception, why: str
) -> None:
    memory = Memory()
    records = FakeRecords(memory)
    steps = steps_of(records, Troubled(memory, trouble))
    queues = {name: steps[name] for name in (WORKFLOWS, LIBRARY)}
    async with running(workers(skipping.client, queues, records.tell_trouble, records.enter_phase)):
        with pytest.raises(WorkflowFailureError):
            await skipping.client.execute_workflow(
                PromoteSkill.run, m.PromoteRequest(job_id=JOB, by="ada"), id=f"p-{why}", task_queue=WORKFLOWS
            )
    told = memory.told[-1]
    assert told.startswith(f"undo: {why}")
    assert told.endswith(f"then promote it again: `skill-fleet promote {JOB}`.") and "retry" not in told
