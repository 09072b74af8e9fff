"""Builds of a worker small enough to be read at once, on a real Temporal: what the tests of deploys deploy."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker, WorkerDeploymentConfig

from deploy.temporal_server import find_binary, repeated
from workflows.steps import LIBRARY, MODELS, WORKFLOWS

DEPLOYMENT = "small"
IN_A_HURRY = {
    "matching.wv.VersionDrainageStatusVisibilityGracePeriod": '"1s"',
    "matching.wv.VersionDrainageStatusRefreshInterval": '"1s"',
    "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": 2,
}
BRIEF = timedelta(seconds=1)
"""How long a workflow task may take: the second attempt of one that fails waits as long."""


@workflow.defn(name="Wait", sandboxed=False)
class Wait:
    """Waits until it may go on."""

    def __init__(self) -> None:
        """Wait."""
        self.may = False

    @workflow.signal
    def go_on(self) -> None:
        """Go on."""
        self.may = True

    @workflow.run
    async def run(self) -> str:
        """Its code's name."""
        await workflow.sleep(0.001)
        await workflow.wait_condition(lambda: self.may)
        return "older"


@workflow.defn(name="Wait", sandboxed=False)
class Patched(Wait):
    """Goes on with what `Wait` has begun."""

    @workflow.signal
    def go_on(self) -> None:
        """Go on."""
        self.may = True

    @workflow.run
    async def run(self) -> str:
        """Its code's name."""
        if workflow.patched("a step more"):
            await workflow.sleep(0.001)
        await workflow.sleep(0.001)
        await workflow.wait_condition(lambda: self.may)
        return "newer"


@workflow.defn(name="Wait", sandboxed=False)
class Careless(Wait):
    """Has a step less and no patch."""

    @workflow.signal
    def go_on(self) -> None:
        """Go on."""
        self.may = True

    @workflow.run
    async def run(self) -> str:
        """Its code's name."""
        await workflow.wait_condition(lambda: self.may)
        return "careless"


@activity.defn
async def step() -> None:
    """A worker without a step polls no queue."""


@asynccontextmanager
async def temporal(settings: Mapping[str, object] = IN_A_HURRY) -> AsyncIterator[Client]:
    """A server of its own; by default one that soon sees that a build has drained."""
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(find_binary()),
        dev_server_log_level="error",
        dev_server_extra_args=repeated("--dynamic-config-value", settings),
    ) as environment:
        yield environment.client


def address(client: Client) -> str:
    """Where its server listens."""
    return client.service_client.config.target_host


@asynccontextmanager
async def at_work(client: Client, build: str, code: type) -> AsyncIterator[None]:
    """A worker of one build, on every queue; with a client of its own, as it would be a process of its own."""
    own = await Client.connect(address(client))
    config = WorkerDeploymentConfig(WorkerDeploymentVersion(DEPLOYMENT, build), True, VersioningBehavior.AUTO_UPGRADE)
    async with AsyncExitStack() as stack:
        for queue in (WORKFLOWS, MODELS, LIBRARY):
            worker = Worker(
                own,
                task_queue=queue,
                workflows=[code] if queue == WORKFLOWS else [],
                activities=[step],
                deployment_config=config,
                sticky_queue_schedule_to_start_timeout=BRIEF,
            )
            await stack.enter_async_context(worker)
        yield


async def waiting(client: Client, count: int) -> list[WorkflowHandle[Wait, str]]:
    """So many workflows that wait."""
    return [
        await client.start_workflow(Wait.run, id=f"wait-{number}", task_queue=WORKFLOWS, task_timeout=BRIEF)
        for number in range(count)
    ]


async def begun(handle: WorkflowHandle[Wait, str]) -> None:
    """Until it has taken its step: the ninth event completes the workflow task after the timer."""
    while (await handle.describe()).history_length < 9:
        pass
