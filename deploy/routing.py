"""Which build of the worker Temporal gives work to: reads and sets it. Decides nothing (`release.py` does).

Measured on server 1.32: a change of routing reaches the task queues about a second after the call returns.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TypedDict, TypeVar

from temporalio.api.deployment.v1 import WorkerDeploymentInfo, WorkerDeploymentVersion
from temporalio.api.enums.v1 import RoutingConfigUpdateState, TaskQueueType, WorkerDeploymentVersionStatus
from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeWorkerDeploymentRequest,
    DescribeWorkerDeploymentVersionRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from deploy.errors import StackError
from workflows.steps import LIBRARY, MODELS, WORKFLOWS


class Call(TypedDict):
    """How a request is made."""

    retry: bool
    timeout: timedelta


RPC_TIMEOUT = timedelta(seconds=5)
PATIENT: Call = {"retry": True, "timeout": timedelta(seconds=30)}
"""For changes: Temporal refuses one (`too many requests`) while it still tells its task queues of the one before."""
SETTLING = 60.0
"""Seconds in which a change of routing must have reached every task queue (measured: one)."""
POLL = 0.1
BUSY = 20.0
"""Seconds in which a question is asked again that Temporal refuses with `too many requests`: two rollouts that look at
the same moment are enough for it."""
BUSY_PAUSE = 0.5
Answer = TypeVar("Answer")
Queue = tuple[str, TaskQueueType.ValueType]
WORKFLOW_TASKS: Queue = (WORKFLOWS, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW)
QUEUES: tuple[Queue, ...] = (
    WORKFLOW_TASKS,
    (WORKFLOWS, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY),
    (MODELS, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY),
    (LIBRARY, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY),
)
"""What a whole worker polls."""


class Standing(StrEnum):
    """What a build is to the deployment."""

    IDLE = "idle"
    RAMPING = "ramping"
    CURRENT = "current"
    DRAINING = "draining"
    DRAINED = "drained"


STANDINGS = {
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_RAMPING: Standing.RAMPING,
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT: Standing.CURRENT,
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING: Standing.DRAINING,
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED: Standing.DRAINED,
}
"""Anything else is idle: it polls and has never been given work."""


@dataclass(frozen=True)
class Build:
    """One build that Temporal knows."""

    id: str
    standing: Standing
    last_current: float
    """Unix time at which it was last made current; 0 if never."""


@dataclass(frozen=True)
class Deployment:
    """How the builds of one deployment stand. Nothing is current before the first one was made so."""

    current: str = ""
    ramping: str = ""
    percentage: float = 0.0
    builds: tuple[Build, ...] = ()
    settled: bool = True
    """Whether every task queue knows the routing."""

    def standing(self, build: str) -> Standing:
        """Of one build; one that is forgotten has drained."""
        return next((known.standing for known in self.builds if known.id == build), Standing.DRAINED)

    @property
    def previous(self) -> str:
        """The build that was current before; empty when there was none."""
        earlier = [build for build in self.builds if build.last_current and build.id != self.current]
        return max(earlier, key=lambda build: build.last_current).id if earlier else ""


class Routing:
    """One deployment in one namespace. Every method may raise RPCError when Temporal is away or refuses."""

    def __init__(self, client: Client, deployment: str) -> None:
        self._client = client
        self.deployment = deployment

    async def look(self) -> Deployment:
        """As it is now; empty where no worker of it has polled yet. RPCError when the namespace does not exist."""
        service = self._client.workflow_service
        request = DescribeWorkerDeploymentRequest(namespace=self._client.namespace, deployment_name=self.deployment)
        try:
            found = await answered(lambda: service.describe_worker_deployment(request, timeout=RPC_TIMEOUT))
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND and not lacks_namespace(error):
                return Deployment()
            raise
        return told(found.worker_deployment_info)

    async def polls(self, build: str, queues: Iterable[Queue], since: float) -> bool:
        """Whether a worker of this build has polled all of these queues after `since` (Unix time).

        Temporal lists pollers for five minutes after they are gone, so that the time matters.
        """
        return all([await self._polled(build, queue, since) for queue in queues])

    async def knows(self, build: str, queues: Iterable[Queue]) -> bool:
        """Whether these queues are registered for the build: they are, one after the other, after the first polls."""
        service = self._client.workflow_service
        version = WorkerDeploymentVersion(deployment_name=self.deployment, build_id=build)
        request = DescribeWorkerDeploymentVersionRequest(namespace=self._client.namespace, deployment_version=version)
        try:
            found = await answered(lambda: service.describe_worker_deployment_version(request, timeout=RPC_TIMEOUT))
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND and not lacks_namespace(error):
                return False
            raise
        return set(queues) <= {(queue.name, queue.type) for queue in found.version_task_queues}

    async def make_current(self, build: str, *, ignore_missing: bool = False) -> None:
        """Give all work to this build; `ignore_missing` when it lacks a queue of its predecessor on purpose."""
        request = SetWorkerDeploymentCurrentVersionRequest(
            namespace=self._client.namespace,
            deployment_name=self.deployment,
            build_id=build,
            ignore_missing_task_queues=ignore_missing,
        )
        await self._client.workflow_service.set_worker_deployment_current_version(request, **PATIENT)

    async def ramp(self, build: str, percentage: float) -> None:
        """Give this build a share of the workflows; an empty one with 0 ends the ramp."""
        request = SetWorkerDeploymentRampingVersionRequest(
            namespace=self._client.namespace,
            deployment_name=self.deployment,
            build_id=build,
            percentage=percentage,
        )
        await self._client.workflow_service.set_worker_deployment_ramping_version(request, **PATIENT)

    async def settle(self) -> None:
        """Wait until every task queue knows the routing. StackError when that takes too long."""
        try:
            async with asyncio.timeout(SETTLING):
                while not (await self.look()).settled:  # noqa: ASYNC110 - it happens in another process
                    await asyncio.sleep(POLL)
        except TimeoutError:
            raise StackError(
                f"Temporal has not told its task queues of the change within {SETTLING:.0f} s. Look at the server, "
                f"then at `temporal worker deployment describe --name {self.deployment}`."
            ) from None

    async def _polled(self, build: str, queue: Queue, since: float) -> bool:
        name, kind = queue
        request = DescribeTaskQueueRequest(
            namespace=self._client.namespace, task_queue=TaskQueue(name=name), task_queue_type=kind
        )
        response = await self._client.workflow_service.describe_task_queue(request, timeout=RPC_TIMEOUT)
        return any(self._is_of(build, poller, since) for poller in response.pollers)

    def _is_of(self, build: str, poller: PollerInfo, since: float) -> bool:
        options = poller.deployment_options
        polled = poller.last_access_time.ToNanoseconds() / 1e9
        return (options.deployment_name, options.build_id) == (self.deployment, build) and polled >= since


async def answered(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Ask, and ask again for a while when there are too many requests. RPCError when that lasts, or at any other."""
    end = time.monotonic() + BUSY
    while True:
        try:
            return await ask()
        except RPCError as error:
            if error.status is not RPCStatusCode.RESOURCE_EXHAUSTED or time.monotonic() > end:
                raise
        await asyncio.sleep(BUSY_PAUSE)


def lacks_namespace(error: RPCError) -> bool:
    """Whether Temporal does not know the namespace: the same status as for a deployment that it does not know."""
    return any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in error.grpc_status.details)


def told(info: WorkerDeploymentInfo) -> Deployment:
    """Temporal's answer in our words."""
    builds = [
        Build(
            id=summary.deployment_version.build_id,
            standing=STANDINGS.get(summary.status, Standing.IDLE),
            last_current=summary.last_current_time.ToNanoseconds() / 1e9,
        )
        for summary in info.version_summaries
    ]
    on_the_way = RoutingConfigUpdateState.ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS
    return Deployment(
        current=info.routing_config.current_deployment_version.build_id,
        ramping=info.routing_config.ramping_deployment_version.build_id,
        percentage=info.routing_config.ramping_version_percentage,
        builds=tuple(builds),
        settled=info.routing_config_update_state != on_the_way,
    )
