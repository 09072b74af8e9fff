"""Which version of the code the worker runs, and making that version the one Temporal gives work to.

Before any version is current, started workflows sit unpicked; after an upgrade, the old one would keep getting them.
"""

import hashlib
import time
from datetime import timedelta
from pathlib import Path

from temporalio.api.deployment.v1 import WorkerDeploymentVersion
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeWorkerDeploymentRequest,
    SetWorkerDeploymentCurrentVersionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from workflows.steps import WORKFLOWS

DEPLOYMENT = "skill-fleet"
WORKFLOW_QUEUE = WORKFLOWS
"""The queue whose pollers show that a worker is at work."""
SOURCES = ("domain", "workflows", "activities", "store", "worker.py")
"""What a worker's behaviour is made of."""
PATIENCE = 20.0
"""Seconds after which a version that lacks a queue of its predecessor is taken as meant: the queue was removed."""
RPC_TIMEOUT = timedelta(seconds=3)


def build_id(checkout: Path) -> str:
    """A digest (12 hexadecimal digits) over the names and contents of the worker's source files."""
    digest = hashlib.sha256()
    for path in sorted(source_files(checkout)):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(checkout).as_posix()} {content}\n".encode())
    return digest.hexdigest()[:12]


def source_files(checkout: Path) -> list[Path]:
    """The files of `SOURCES`, without what Python or an editor leaves beside them."""
    roots = [checkout / name for name in SOURCES]
    files = [file for root in roots for file in ([root] if root.is_file() else root.rglob("*"))]
    return [f for f in files if f.is_file() and f.suffix != ".pyc" and not f.name.startswith(".")]


class CurrentVersion:
    """Makes one build current as soon as a worker polls with it; asked again and again until it has."""

    def __init__(self, build: str, queue: str = WORKFLOW_QUEUE) -> None:
        self._version = WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id=build)
        self._queue = queue
        self._refused_since: float | None = None

    async def ensure(self, client: Client, since: float) -> bool:
        """Whether a worker of this build has polled after `since` (Unix time) and its version is current.

        RPCError when Temporal is away.
        """
        if not await self._polled(client, since):
            return False
        try:
            if await self._current(client) != self._version.build_id:
                await self._set(client)
        except RPCError as error:
            if error.status not in {RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION}:
                raise
            # The version is registered a moment after the first poll, and its queues one after the other.
            self._refused_since = self._refused_since or time.monotonic()
            return False
        return True

    async def _polled(self, client: Client, since: float) -> bool:
        request = DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=self._queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
        response = await client.workflow_service.describe_task_queue(request, timeout=RPC_TIMEOUT)
        return any(self._is_ours(poller, since) for poller in response.pollers)

    def _is_ours(self, poller: PollerInfo, since: float) -> bool:
        """Temporal lists pollers for five minutes after they are gone; only a poll of this process counts."""
        polled = poller.last_access_time.ToNanoseconds() / 1e9
        return poller.deployment_options.build_id == self._version.build_id and polled >= since

    async def _current(self, client: Client) -> str:
        request = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=DEPLOYMENT)
        response = await client.workflow_service.describe_worker_deployment(request, timeout=RPC_TIMEOUT)
        return response.worker_deployment_info.routing_config.current_deployment_version.build_id

    async def _set(self, client: Client) -> None:
        refused = self._refused_since
        request = SetWorkerDeploymentCurrentVersionRequest(
            namespace=client.namespace,
            deployment_name=DEPLOYMENT,
            build_id=self._version.build_id,
            ignore_missing_task_queues=refused is not None and time.monotonic() - refused > PATIENCE,
        )
        await client.workflow_service.set_worker_deployment_current_version(request, timeout=RPC_TIMEOUT)
