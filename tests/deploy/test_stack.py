"""The whole stack with a placeholder api and worker: it comes up in order, heals, and leaves nothing."""

import asyncio
import os
import signal
import urllib.request
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psycopg
import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig

from deploy import stack_file
from deploy.environment import Surroundings
from deploy.errors import PartFailedError
from deploy.folder import Folder
from deploy.ports import Ports, choose, is_free
from deploy.routing import Routing
from deploy.stack import STOP_ORDER, LocalStack, Plan
from deploy.stack_file import Stack
from deploy.worker_version import DEPLOYMENT, CurrentVersion, build_id, superseded


@workflow.defn(sandboxed=False)
class Greet:
    """The placeholder's workflow in another build."""

    @workflow.run
    async def run(self) -> str:
        """Greet."""
        return "hello from newer"


def plan_for(folder: Folder, checkout: Path) -> Plan:
    """A plan without a model."""
    around = Surroundings.of(os.environ)
    return Plan(folder, checkout, checkout / "skills", choose(folder.ports), around, None, "nobody yet")


class Running:
    """A stack that is up."""

    def __init__(self, folder: Folder, checkout: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.stack = LocalStack(plan_for(folder, checkout), self.said.append)
        self.task = asyncio.create_task(self.stack.run())

    async def until(self, condition: Callable[[], bool], within: float = 30) -> None:
        """Wait for a condition; fails at once when the stack does."""
        async with asyncio.timeout(within):
            while not condition():
                assert not self.task.done(), self.task.exception()
                await asyncio.sleep(0.01)

    @property
    def file(self) -> Stack:
        """What `stack.json` says now."""
        found = stack_file.read(self.folder.stack)
        assert found is not None
        return found

    def pid(self, name: str) -> int:
        """Of a part, by the file."""
        return int(getattr(self.file.pids, name) or 0)

    async def stop(self) -> None:
        """As a signal would."""
        self.task.cancel()
        await asyncio.wait({self.task})
        await self.stack.stop()


@pytest.fixture
async def running(folder: Folder, checkout: Path) -> AsyncIterator[Running]:
    """Up, and stopped in the end."""
    made = Running(folder, checkout)
    await made.until(folder.stack.exists)
    yield made
    await made.stop()


def get(url: str) -> str:
    """The body of an answer."""
    with urllib.request.urlopen(url, timeout=5) as response:
        return str(response.read().decode())


async def greet(stack: Stack, name: str) -> str:
    """Run the placeholder's workflow."""
    client = await Client.connect(stack.temporal_address)
    return str(await client.execute_workflow("Greet", id=name, task_queue="workflows"))


async def test_it_comes_up_heals_and_leaves_nothing_and_keeps_its_state(
    folder: Folder, checkout: Path, alive: Callable[[int], bool]
) -> None:
    running = Running(folder, checkout)
    await running.until(folder.stack.exists)
    first = running.file
    assert get(first.api_url) == first.database_url.rpartition("@")[2]
    assert "<html" in get(first.temporal_ui_url)
    assert await greet(first, "first") == "hello"
    assert all(url in running.said[-1] for url in (first.api_url, first.temporal_ui_url, str(folder.logs)))

    for name in ("api", "worker", "temporal", "postgres"):
        old = running.pid(name)
        os.kill(old, signal.SIGKILL)
        await running.until(lambda: running.pid(name) != old, within=1.0)  # noqa: B023 - used before they change
    again = [text for text in running.said if "is ready again" in text]
    await running.until(lambda: len([t for t in running.said if "is ready again" in t]) == 4)
    assert running.file.model_copy(update={"pids": first.pids}) == first, again
    assert await greet(running.file, "second") == "hello"

    pids = [running.pid(name) for name in ("api", "worker", "temporal", "postgres")]
    await running.stop()
    assert not any(alive(pid) for pid in pids)
    assert not folder.stack.exists()
    ports = Ports.model_validate_json(folder.ports.read_bytes())
    assert all(is_free(port) for port in ports.model_dump().values())

    second = Running(folder, checkout)
    await second.until(folder.stack.exists)
    assert second.file.model_copy(update={"pids": first.pids}) == first
    client = await Client.connect(second.file.temporal_address)
    assert await client.get_workflow_handle("first").result() == "hello"
    with psycopg.connect(second.file.database_url) as connection:
        assert connection.execute("SELECT count(*) FROM migrated").fetchone() == (2,)
    await second.stop()


async def test_migrations_that_fail_end_the_start_with_their_output(folder: Folder, checkout: Path) -> None:
    (checkout / "deploy" / "migrations" / "env.py").write_text("raise SystemExit('revision 7 is unknown')")
    running = Running(folder, checkout)
    await asyncio.wait({running.task})
    with pytest.raises(PartFailedError, match=r"(?s)migrating the database failed.*revision 7 is unknown"):
        running.task.result()
    await running.stack.stop()
    assert not folder.stack.exists()


async def test_code_that_running_jobs_cannot_go_on_with_does_not_come_up_and_the_older_code_still_does(
    folder: Folder, checkout: Path
) -> None:
    running = Running(folder, checkout)
    await running.until(folder.stack.exists)
    client = await Client.connect(running.file.temporal_address)
    waits = await client.start_workflow("Wait", id="waits", task_queue="workflows")
    async with asyncio.timeout(30):
        while (await waits.describe()).history_length < 4:  # noqa: ASYNC110 - begun by the worker
            await asyncio.sleep(0.05)
    await running.stop()

    good = (checkout / "worker.py").read_text()
    (checkout / "worker.py").write_text(good + "# another build; the gate replays with workflows that know no Wait\n")
    refused = Running(folder, checkout)
    await asyncio.wait({refused.task})
    with pytest.raises(PartFailedError, match=r"(?s)the replay gate failed.*waits: .*not registered.*workflow.patched"):
        refused.task.result()
    await refused.stack.stop()

    (checkout / "worker.py").write_text(good)
    again = Running(folder, checkout)
    await again.until(folder.stack.exists)
    with psycopg.connect(again.file.database_url) as connection:  # the refused code has not migrated it
        assert connection.execute("SELECT count(*) FROM migrated").fetchone() == (2,)
    handle = (await Client.connect(again.file.temporal_address)).get_workflow_handle("waits")
    await handle.signal("go_on")
    assert await handle.result() == "went on"
    await again.stop()


async def test_a_worker_that_is_started_again_leaves_a_build_current_that_was_rolled_out_meanwhile(
    running: Running, checkout: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = await Client.connect(running.file.temporal_address)
    newer = WorkerDeploymentConfig(WorkerDeploymentVersion(DEPLOYMENT, "newer"), True, VersioningBehavior.AUTO_UPGRADE)
    async with Worker(client, task_queue="workflows", workflows=[Greet], deployment_config=newer):
        async with asyncio.timeout(20):
            while not await CurrentVersion("newer").ensure(client, 0):  # noqa: ASYNC110 - happens in the server
                await asyncio.sleep(0.1)
        os.kill(running.pid("worker"), signal.SIGKILL)
        await running.until(lambda: any(text.startswith("worker is ready again") for text in running.said))
        assert (await Routing(client, DEPLOYMENT).look()).current == "newer"
        assert superseded(build_id(checkout), "newer") in caplog.text
        assert await greet(running.file, "rolled out") == "hello from newer"


async def test_a_worker_that_keeps_dying_does_not_keep_the_api_away(
    folder: Folder, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.stack.READY_TIMEOUT", 2.0)
    good = (checkout / "worker.py").read_text()
    (checkout / "worker.py").write_text("raise SystemExit('no such key')")
    running = Running(folder, checkout)
    await running.until(folder.stack.exists)
    assert "worker is not ready after 2 s" in running.said[-1]
    assert get(running.file.api_url)
    (checkout / "worker.py").write_text(good)
    await running.until(lambda: any(text.startswith("worker is ready") for text in running.said))
    assert await greet(running.file, "late") == "hello"
    await running.stop()


async def test_a_stop_while_it_starts_leaves_nothing(
    folder: Folder, checkout: Path, alive: Callable[[int], bool]
) -> None:
    running = Running(folder, checkout)
    await running.until(lambda: any(text.startswith("temporal is ready") for text in running.said))
    await running.stop()
    assert not folder.stack.exists()
    assert not (folder.postgres / "postmaster.pid").exists()


def test_every_part_is_stopped_and_those_that_use_others_first() -> None:
    assert STOP_ORDER == ("api", "worker", "model", "temporal", "postgres")
