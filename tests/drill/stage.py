"""The stage of the drill: real servers, a real api; workers come and go through `deploy.rollout`, as in production."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
from pydantic import BaseModel
from temporalio.client import Client

from deploy import environment, postgres_cluster
from deploy.application import Api
from deploy.folder import Folder
from deploy.ports import choose
from deploy.postgres_server import PostgresServer
from deploy.process import Command
from deploy.supervisor import Supervisor
from deploy.temporal_server import TemporalServer, repeated
from tests.conftest import migrate
from tests.support.provider import Provider, SpawnedProvider

DRAINS_SOON = {
    "matching.wv.VersionDrainageStatusVisibilityGracePeriod": '"2s"',
    "matching.wv.VersionDrainageStatusRefreshInterval": '"1s"',
}
"""Three minutes each by default; what is waited for is the same."""


class Temporal(TemporalServer):
    """The server of the local stack, in a hurry to look whether a build has drained."""

    def command(self) -> Command:
        """As the local stack starts it."""
        usual = super().command()
        more = repeated("--dynamic-config-value", DRAINS_SOON)
        return Command((*usual.arguments, *more), usual.environment, usual.directory, umask=usual.umask)


class Report(BaseModel):
    """What a rollout says at its end."""

    ok: bool
    build: str = ""
    current: str = ""
    previous: str = ""
    drained: bool = False
    worker: int | None = None
    seconds: dict[str, float] = {}
    broken: list[dict[str, str]] = []


@dataclass(frozen=True)
class RolledOut:
    """A rollout that has ended."""

    code: int
    report: Report
    said: str
    took: float


@dataclass
class Stage:
    """Servers that run, and the workers that were left running on them."""

    folder: Path
    environment: dict[str, str]
    api: httpx.AsyncClient
    client: Client
    provider: SpawnedProvider
    workers: list[int] = field(default_factory=list)

    async def rollout(self, checkout: Path, *arguments: str) -> RolledOut:
        """Run the rollout of a version, in its checkout; with `--start`, its worker too."""
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "deploy.rollout", *arguments),
            cwd=checkout,
            env=self.environment,
            stdout=PIPE,
            stderr=PIPE,
        )
        try:
            out, err = await process.communicate()
        except asyncio.CancelledError:  # its worker is in a session of its own, and no report will name it
            with suppress(psutil.NoSuchProcess):
                self.workers += [child.pid for child in psutil.Process(process.pid).children()]
            self.workers.append(process.pid)
            raise
        report = Report.model_validate_json(out) if out else Report(ok=False)
        if report.worker is not None:
            self.workers.append(report.worker)
        return RolledOut(process.returncode or 0, report, err.decode(), time.monotonic() - began)

    async def ended_by(self, job_id: str) -> str:
        """The build of the worker that last went on with a job."""
        described = await self.client.get_workflow_handle(f"create-skill:{job_id}").describe()
        return described.raw_description.workflow_execution_info.versioning_info.deployment_version.build_id

    async def stop_workers(self) -> None:
        """End those that were left."""
        await asyncio.to_thread(end, self.workers)


def end(pids: list[int]) -> None:
    """Ask, and after a while insist."""
    found = []
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            found.append(psutil.Process(pid))
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGTERM)
    for process in psutil.wait_procs(found, timeout=20)[1]:
        with suppress(psutil.NoSuchProcess):
            process.kill()


@asynccontextmanager
async def stage(root: Path, checkout: Path) -> AsyncIterator[Stage]:
    """PostgreSQL, Temporal and the api of a version, until the block ends."""
    folder = Folder(root / "data")
    folder.create()
    ports = choose(folder.ports)
    cluster = await asyncio.to_thread(postgres_cluster.locate, folder)
    flush = await postgres_cluster.ensure(cluster)
    postgres = PostgresServer(folder.logs, cluster, ports.postgres)
    around = environment.Surroundings.of({"PATH": os.defpath, "HOME": str(Path.home())})
    temporal = Temporal(folder.logs, folder.temporal, ports.temporal, ports.temporal_ui, around.base)
    where = environment.Addresses(postgres.url, temporal.address, temporal.ui_url, root / "skills", folder.root)
    application = environment.application(around, where)
    api = Api(folder.logs, checkout, ports.api, application)
    supervisor = Supervisor(lambda _: None, lambda: None)
    try:
        for server in (postgres, temporal):
            supervisor.start(server)
        assert await supervisor.wait_ready(["postgres", "temporal"], within=60) == set()
        await migrate(postgres.url, folder)
        supervisor.start(api)
        assert await supervisor.wait_ready(["api"], within=60) == set()
        async with Provider.spawn(root) as provider, httpx.AsyncClient(base_url=api.url, timeout=60) as http:
            client = await Client.connect(temporal.address)
            made = Stage(root, {**application, **provider.settings}, http, client, provider)
            try:
                yield made
            finally:
                await made.stop_workers()
    finally:
        await supervisor.stop(["api", "temporal", "postgres"])
        if flush is not None:
            await asyncio.gather(flush, return_exceptions=True)
