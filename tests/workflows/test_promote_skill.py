"""A promotion that fails says how to promote again: a job that has ended cannot be retried."""

import errno
import os
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError
from temporalio import activity
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from domain.library.curation import LibraryReport
from tests.support.fake_steps import FakeLibrary, FakeRecords, Memory
from tests.workflows.conftest import steps_of
from worker import running, workers
from workflows import library_messages as lib
from workflows import promote_messages as pm
from workflows.library_steps import Keeper
from workflows.promote_skill import PromoteSkill
from workflows.steps import LIBRARY, WORKFLOWS

JOB = UUID("0190d8b0-0000-7000-8000-00000000000a")


class Troubled(FakeLibrary):
    """A library whose files cannot be published."""

    def __init__(self, memory: Memory, trouble: Exception) -> None:
        super().__init__(memory)
        self.trouble = trouble

    @activity.defn
    async def publish_files(self, move: pm.Move) -> None:
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
                PromoteSkill.run, pm.PromoteRequest(job_id=JOB, by="ada"), id=f"p-{why}", task_queue=WORKFLOWS
            )
    told = memory.told[-1]
    assert told.startswith(f"undo: {why}")
    assert told.endswith(f"then promote it again: `skill-fleet promote {JOB}`.") and "retry" not in told


class Committing(FakeLibrary):
    """A library whose settings ask for git."""

    @activity.defn
    async def place(self, request: pm.PromoteRequest) -> pm.Placed:
        placed = {"path": "general/a-skill", "revision": 1, "digest": "d", "version": "1.0.0", "commit": True}
        return pm.Placed.model_validate(placed)


class FakeKeeper(Keeper):
    """Keeps nothing; its git may be broken."""

    def __init__(self, memory: Memory, *, broken: bool) -> None:
        self.memory = memory
        self.broken = broken

    @activity.defn
    async def check_library(self, request: lib.CheckRequest) -> LibraryReport:
        return LibraryReport()

    @activity.defn
    async def commit_skill(self, commit: lib.Commit) -> lib.Committed:
        self.memory.note(f"commit {commit.path} {commit.version} by {commit.by}")
        if self.broken:
            raise ApplicationError("git is broken", non_retryable=True)
        return lib.Committed(commit="c")


@pytest.mark.parametrize("broken", [False, True])
async def test_a_published_version_is_committed_and_stays_published_whatever_git_says(
    skipping: WorkflowEnvironment, broken: bool
) -> None:
    memory = Memory()
    records, keeper = FakeRecords(memory), FakeKeeper(memory, broken=broken)
    steps = steps_of(records, Committing(memory))
    queues = {WORKFLOWS: steps[WORKFLOWS], LIBRARY: [*steps[LIBRARY], keeper.commit_skill]}
    async with running(workers(skipping.client, queues, records.tell_trouble, records.enter_phase)):
        outcome = await skipping.client.execute_workflow(
            PromoteSkill.run, pm.PromoteRequest(job_id=JOB, by="ada"), id=f"git-{broken}", task_queue=WORKFLOWS
        )
    assert outcome.path == "general/a-skill"
    assert memory.told[-2:] == ["publish rows", "commit general/a-skill 1.0.0 by ada"]
