"""What the processes of a stack take of the machine, and a worker that is killed and comes back."""

import asyncio
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from deploy.stack_file import Pids
from tests.support.terminal import Terminal
from workflows.steps import WORKFLOWS

PARTS = ("worker", "api", "temporal", "postgres")
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Taken:
    """Of each part: megabytes of memory of its own (PostgreSQL: of all its processes), and CPU seconds so far."""

    memory: dict[str, float]
    cpu: dict[str, float]
    when: float

    def since(self, before: "Taken") -> dict[str, float]:
        """Percent of one core that each part took since then."""
        return {
            part: 100 * (seconds - before.cpu[part]) / (self.when - before.when) for part, seconds in self.cpu.items()
        }


def taken(pids: Pids) -> Taken:
    """What the parts take now."""
    families = {part: _family(getattr(pids, part)) for part in PARTS}
    memory = {part: sum(_memory(one) for one in family) / MEGABYTE for part, family in families.items()}
    cpu = {part: sum(_cpu(one) for one in family) for part, family in families.items()}
    return Taken(memory, cpu, time.monotonic())


def temporal_bytes(data: Path) -> int:
    """Size of Temporal's own file, with what is not yet written back into it."""
    return sum(file.stat().st_size for file in data.rglob("temporal.db*"))


async def kill_worker(terminal: Terminal, client: Client, within: float = 60) -> float:
    """Kill the worker with -9; seconds until another one, which the stack starts by itself, asks for work."""
    killed, known = terminal.stack.pids.worker, await pollers(client)
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    began = time.monotonic()
    async with asyncio.timeout(within):
        while not await pollers(client) - known:  # noqa: ASYNC110 - another process, which sets no event here
            await asyncio.sleep(0.05)
    return time.monotonic() - began


async def pollers(client: Client) -> set[str]:
    """Pids of the workers that have asked for workflow tasks in the last minutes."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=WORKFLOWS),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    found = await client.workflow_service.describe_task_queue(request)
    return {poller.identity.split("@")[0] for poller in found.pollers}


def _family(pid: int | None) -> list[psutil.Process]:
    if pid is None:
        return []
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _memory(process: psutil.Process) -> float:
    """What is its own alone: shared pages would count once for each of PostgreSQL's processes."""
    try:
        return float(process.memory_full_info().uss)
    except psutil.Error:
        return 0.0


def _cpu(process: psutil.Process) -> float:
    try:
        return float(sum(process.cpu_times()[:2]))
    except psutil.Error:
        return 0.0
