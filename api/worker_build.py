"""Which build of the worker Temporal gives new work to, as the task queue of workflows tells."""

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

from api.errors import TemporalUnavailable
from api.temporal import RPC, Temporal, bounded
from domain.shape import StrictShape
from workflows.steps import WORKFLOWS


class WorkerBuild(StrictShape):
    """The current version: a deployment, and the build in it."""

    deployment: str
    build: str


async def current_build(temporal: Temporal) -> WorkerBuild | None:
    """The current build; None where workers have no versions, or Temporal is away."""
    client = temporal.client
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=WORKFLOWS),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    try:
        async with bounded():
            told = await client.workflow_service.describe_task_queue(request, timeout=RPC)
    except TemporalUnavailable:
        return None
    version = told.versioning_info.current_deployment_version
    return WorkerBuild(deployment=version.deployment_name, build=version.build_id) if version.build_id else None
