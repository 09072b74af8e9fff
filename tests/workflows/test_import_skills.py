"""An import goes batch by batch to its end, and one that cannot go on is closed with the reason."""

from datetime import timedelta
from uuid import uuid4

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ActivityError, ApplicationError, RetryState, TimeoutError, TimeoutType
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from worker import Step
from workflows import import_messages as im
from workflows.import_skills import ImportSkills, why
from workflows.import_steps import Importing
from workflows.steps import LIBRARY, WORKFLOWS

TOTAL = 7


class Remembers(Importing):
    """Takes three skills at a time; `trouble`: the step that fails for good, `hiccup`: the one that fails once."""

    def __init__(self, trouble: str = "", hiccup: int = -1) -> None:
        self.trouble, self.hiccup = trouble, hiccup
        self.seen: list[int] = []
        self.ending: im.ImportEnding | None = None
        self.tries = 0

    @activity.defn
    async def open_archive(self, request: im.ForImport) -> im.Taken:
        """Count."""
        del request
        self._fail("open")
        return im.Taken(next=0, total=TOTAL)

    @activity.defn
    async def take_skills(self, batch: im.ImportBatch) -> im.Taken:
        """Take three."""
        self._fail("take")
        if batch.first == self.hiccup:
            self.hiccup = -1
            raise ApplicationError("the database was away for a moment")
        self.seen.append(batch.first)
        return im.Taken(next=min(batch.first + 3, TOTAL), total=TOTAL)

    @activity.defn
    async def close_import(self, ending: im.ImportEnding) -> None:
        """Remember."""
        self.ending = ending

    def _fail(self, step: str) -> None:
        self.tries += 1
        if self.trouble == f"{step} for ever":
            raise ApplicationError("a worker died over it", next_retry_delay=timedelta(milliseconds=1))
        if self.trouble == step:
            raise ApplicationError(f"cannot {step}", non_retryable=True)


async def run(client: Client, steps: Remembers) -> im.Taken:
    done: list[Step] = [steps.open_archive, steps.take_skills, steps.close_import]
    async with (
        Worker(client, task_queue=WORKFLOWS, workflows=[ImportSkills]),
        Worker(client, task_queue=LIBRARY, activities=done),
    ):
        request = im.ForImport(import_id=uuid4())
        name = f"import-skills:{request.import_id}"
        return await client.execute_workflow(ImportSkills.run, request, id=name, task_queue=WORKFLOWS)


async def test_every_skill_is_taken_once_and_the_import_is_closed(temporal: WorkflowEnvironment) -> None:
    steps = Remembers(hiccup=3)
    assert await run(temporal.client, steps) == im.Taken(next=TOTAL, total=TOTAL)
    assert steps.seen == [0, 3, 6]
    assert steps.ending is not None
    assert steps.ending.error == ""


async def test_what_fails_for_good_closes_the_import_with_the_reason(temporal: WorkflowEnvironment) -> None:
    for step in ("open", "take"):
        steps = Remembers(trouble=step)
        await run(temporal.client, steps)
        assert steps.ending is not None
        assert steps.ending.error == f"cannot {step}"


async def test_a_step_that_fails_for_ever_is_tried_ten_times_and_the_import_fails(
    temporal: WorkflowEnvironment,
) -> None:
    steps = Remembers(trouble="open for ever")
    await run(temporal.client, steps)
    assert (steps.tries, steps.ending and steps.ending.error) == (10, "a worker died over it")


def test_an_import_that_killed_each_worker_says_so_in_words() -> None:
    dead = TimeoutError("activity Heartbeat timeout", type=TimeoutType.HEARTBEAT, last_heartbeat_details=[])
    failure = ActivityError(
        "Activity task timed out",
        scheduled_event_id=1,
        started_event_id=2,
        identity="",
        activity_type="open_archive",
        activity_id="1",
        retry_state=RetryState.MAXIMUM_ATTEMPTS_REACHED,
    )
    failure.__cause__ = dead
    assert "Import its skills in parts" in why(failure)
