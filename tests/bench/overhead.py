"""What durability costs: a job's wall time beside the model time it had to wait for. `make bench` runs it.

Prints medians and ranges of several runs, taken in turn for each model delay, beside the floor: the longest chain of
model calls, measured at the provider. Machines are noisy: read the ratios.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from deploy import postgres_cluster
from deploy.folder import Folder
from deploy.ports import pick
from deploy.postgres_server import PostgresServer
from deploy.supervisor import Supervisor
from deploy.temporal_server import find_binary
from domain.job import JobStatus
from store.session import Database
from tests.conftest import migrate
from tests.support.fleet import fleet
from tests.support.provider import Call, FaultKind, Provider
from worker import register_attributes

DELAYS = (0.05, 0.5, 2.0)
RUNS = 3


@dataclass(frozen=True)
class Run:
    """One job: seconds by the clock, seconds in which at least one model call was open, and how many calls."""

    wall: float
    waited: float
    calls: int


def waited(calls: list[Call]) -> float:
    """Seconds covered by the calls, those side by side counted once."""
    total, end = 0.0, 0.0
    for call in sorted(calls, key=lambda call: call.started_at):
        assert call.ended_at is not None
        begin, stop = call.started_at.timestamp(), call.ended_at.timestamp()
        total += max(0.0, stop - max(begin, end))
        end = max(end, stop)
    return total


async def measure(url: str, environment: WorkflowEnvironment, delay: float) -> Run:
    """One job from its start to its end, nobody asked."""
    database = Database.connect(url)
    with tempfile.TemporaryDirectory() as folder:
        async with (
            Provider.start() as provider,
            fleet(environment.client, database, provider, Path(folder) / "skills") as running,
        ):
            provider.fail(FaultKind.DELAY, times=None, seconds=delay)
            began = time.perf_counter()
            job_id = await running.start(auto_approve=True, promote=True)
            outcome = await running.outcome(job_id, within=300)
            wall = time.perf_counter() - began
            assert outcome.status is JobStatus.COMPLETED
            calls = provider.calls()
    await database.dispose()
    return Run(wall, waited(calls), len(calls))


def told(delay: float, runs: list[Run]) -> str:
    """One row: medians, with the range of the ratio."""
    ratios = [run.wall / run.waited for run in runs]
    wall, floor = statistics.median(run.wall for run in runs), statistics.median(run.waited for run in runs)
    overhead = statistics.median((run.wall - run.waited) / run.calls for run in runs)
    spread = f"{min(ratios):.2f}-{max(ratios):.2f}"
    return (
        f"{delay * 1000:>7.0f} ms  {runs[0].calls:>5}  {floor:>8.2f} s  {wall:>8.2f} s  "
        f"{statistics.median(ratios):>6.2f} ({spread})  {overhead * 1000:>8.0f} ms"
    )


async def main() -> None:
    """Start the servers, run the jobs in turn, print the table."""
    folder = Folder(Path(tempfile.mkdtemp(prefix="skill-fleet-bench-")))
    folder.create()
    cluster = postgres_cluster.locate(folder)
    await postgres_cluster.ensure(cluster)
    supervisor = Supervisor(lambda _: None, lambda: None)
    server = PostgresServer(folder.logs, cluster, pick(None, set()))
    supervisor.start(server)
    await supervisor.wait_ready([server.name], within=30)
    await migrate(server.url, folder)
    settings = ["--dynamic-config-value", "history.transferProcessorMaxPollRPS=2000"]
    async with await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(find_binary()),
        dev_server_log_level="error",
        dev_server_extra_args=settings,
    ) as environment:
        await register_attributes(environment.client)
        await measure(server.url, environment, 0.0)  # the first run warms imports and caches
        runs: dict[float, list[Run]] = {delay: [] for delay in DELAYS}
        for _ in range(RUNS):
            for delay in DELAYS:
                runs[delay].append(await measure(server.url, environment, delay))
    await supervisor.stop([server.name])
    load = os.getloadavg()[0]
    lines = [f"one whole job, {RUNS} runs each in turn, {os.cpu_count()} cores, load {load:.1f}; medians (range)"]
    lines += ["model delay  calls  model time  wall time  wall/model time    own time per call"]
    lines += [told(delay, found) for delay, found in runs.items()]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
