"""The worker's version: a digest of its code, made current as soon as it polls."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig

from deploy.folder import Folder
from deploy.ports import choose
from deploy.routing import Routing
from deploy.supervisor import Supervisor
from deploy.temporal_server import TemporalServer
from deploy.worker_version import DEPLOYMENT, CurrentVersion, build_id, jobs_that_change_builds, superseded
from settings import CHECKOUT
from workflows.steps import WORKFLOWS


@workflow.defn(sandboxed=False)
class Greet:
    """The smallest workflow."""

    @workflow.run
    async def run(self) -> str:
        """Greet."""
        return "hello"


@workflow.defn(sandboxed=False)
class Wait:
    """Waits for ever."""

    @workflow.run
    async def run(self) -> None:
        """Wait."""
        await workflow.wait_condition(lambda: False)


@pytest.fixture(scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    """Of a server of its own."""
    folder = Folder(tmp_path_factory.mktemp("temporal"))
    folder.create()
    ports = choose(folder.ports)
    server = TemporalServer(folder.logs, folder.temporal, ports.temporal, ports.temporal_ui, {"PATH": "/usr/bin:/bin"})
    supervisor = Supervisor(lambda _: None, lambda: None)
    supervisor.start(server)
    await supervisor.wait_ready(("temporal",), 20)
    yield await Client.connect(server.address)
    await supervisor.stop(("temporal",))


def worker(client: Client, build: str) -> Worker:
    """A worker of one build."""
    version = WorkerDeploymentVersion(DEPLOYMENT, build)
    config = WorkerDeploymentConfig(version, True, VersioningBehavior.AUTO_UPGRADE)
    return Worker(client, task_queue=WORKFLOWS, workflows=[Greet, Wait], deployment_config=config)


async def made_current(version: CurrentVersion, client: Client, since: float) -> None:
    """Ask until it is."""
    async with asyncio.timeout(20):
        while not await version.ensure(client, since):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


def checkout(root: Path, text: str) -> Path:
    """Sources with one text in them."""
    (root / "workflows").mkdir(parents=True)
    (root / "workflows" / "job.py").write_text(text)
    (root / "worker.py").write_text("run()")
    return root


def test_a_build_is_named_by_its_sources(tmp_path: Path) -> None:
    first, same, other = (checkout(tmp_path / name, text) for name, text in (("a", "x"), ("b", "x"), ("c", "y")))
    assert build_id(first) == build_id(same) != build_id(other)
    assert len(build_id(first)) == 12


def test_what_python_leaves_beside_the_sources_does_not_count(tmp_path: Path) -> None:
    root = checkout(tmp_path, "x")
    before = build_id(root)
    (root / "workflows" / "__pycache__").mkdir()
    (root / "workflows" / "__pycache__" / "job.cpython-311.pyc").write_bytes(b"\0")
    (root / "workflows" / ".job.py.swp").touch()
    (root / "README.md").write_text("not the worker's")
    assert build_id(root) == before
    (root / "workflows" / "job.py").rename(root / "workflows" / "task.py")
    assert build_id(root) != before


def test_it_prints_the_build_of_its_checkout_for_whoever_starts_workers() -> None:
    printed = subprocess.run(
        (sys.executable, "-m", "deploy.worker_version"), capture_output=True, text=True, cwd=CHECKOUT
    )
    assert printed.stdout == build_id(CHECKOUT) + "\n"


async def test_nothing_is_current_before_a_worker_polls(client: Client) -> None:
    assert await CurrentVersion("never").ensure(client, since=0) is False


async def test_a_started_workflow_runs_once_the_version_is_current(client: Client) -> None:
    began = time.time()
    async with worker(client, "one"):
        await made_current(CurrentVersion("one"), client, began)
        assert await client.execute_workflow(Greet.run, id="first", task_queue=WORKFLOWS) == "hello"


async def test_a_new_build_takes_over(client: Client) -> None:
    began = time.time()
    async with worker(client, "two"):
        await made_current(CurrentVersion("two"), client, began)
        handle = await client.start_workflow(Greet.run, id="second", task_queue=WORKFLOWS)
        assert await asyncio.wait_for(handle.result(), 10) == "hello"


async def test_a_restarted_worker_does_not_take_over_from_a_build_made_current_meanwhile(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    routing = Routing(client, DEPLOYMENT)
    own = CurrentVersion("own")
    async with worker(client, "older"), worker(client, "own"), worker(client, "newer"):
        await made_current(CurrentVersion("older"), client, 0)
        await made_current(own, client, 0)
        await made_current(CurrentVersion("newer"), client, 0)
        assert await own.ensure(client, since=0), "it works, though it gets nothing to do"
        assert (await routing.look()).current == "newer"
        assert superseded("own", "newer") in caplog.text

        await routing.make_current("older")
        assert await own.ensure(client, since=0)
        assert (await routing.look()).current == "older", "not even from the build it once took over from"

        await made_current(CurrentVersion("own"), client, 0)
        assert (await routing.look()).current == "own", "a stack that starts again is meant to"


async def test_a_worker_that_comes_late_does_not_take_over_from_a_build_made_current_meanwhile(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    late = CurrentVersion("late")
    assert not await late.ensure(client, since=0)
    async with worker(client, "in between"):
        await made_current(CurrentVersion("in between"), client, 0)
    async with worker(client, "late"):
        await made_current(late, client, 0)
    assert (await Routing(client, DEPLOYMENT).look()).current == "in between"
    assert superseded("late", "in between") in caplog.text


async def test_a_predecessor_s_polls_are_not_taken_for_its_own(client: Client) -> None:
    async with worker(client, "three"):
        await made_current(CurrentVersion("three"), client, 0)
    assert await CurrentVersion("three").ensure(client, since=time.time() + 1) is False


async def test_only_jobs_of_another_build_are_to_be_replayed(client: Client) -> None:
    async with worker(client, "four"):
        await made_current(CurrentVersion("four"), client, 0)
        before = await jobs_that_change_builds(client, "five")
        await client.start_workflow(Wait.run, id="waits", task_queue=WORKFLOWS)
        async with asyncio.timeout(10):
            while await jobs_that_change_builds(client, "five") == before:  # noqa: ASYNC110 - seen a moment later
                await asyncio.sleep(0.05)
        assert await jobs_that_change_builds(client, "five") == before + 1
        assert await jobs_that_change_builds(client, "four") == 0
