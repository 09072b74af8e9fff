"""What the tests of the stack share: a checkout whose api and worker are a few lines each, real servers beside them."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.folder import Folder

API = """
import os

def create():
    async def app(scope, receive, send):
        if scope["type"] == "http":
            body = os.environ["SKILL_FLEET_DATABASE_URL"].rpartition("@")[2].encode()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": body})
    return app
"""

WORKER = """
import asyncio, os
from datetime import timedelta
from temporalio import workflow
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig

@workflow.defn
class Greet:
    @workflow.run
    async def run(self) -> str:
        return "hello"

@workflow.defn
class Wait:
    def __init__(self) -> None:
        self.may = False
    @workflow.signal
    def go_on(self) -> None:
        self.may = True
    @workflow.run
    async def run(self) -> str:
        await workflow.wait_condition(lambda: self.may)
        return "went on"

async def main():
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"], namespace=os.environ["TEMPORAL_NAMESPACE"])
    version = WorkerDeploymentVersion(os.environ["TEMPORAL_DEPLOYMENT_NAME"], os.environ["TEMPORAL_WORKER_BUILD_ID"])
    config = WorkerDeploymentConfig(version, True, VersioningBehavior.AUTO_UPGRADE)
    worker = Worker(client, task_queue="workflows", workflows=[Greet, Wait], deployment_config=config)
    await worker.run()

if __name__ == "__main__":
    asyncio.run(main())
"""

MIGRATION = """
import os
from pathlib import Path
import psycopg
with psycopg.connect(os.environ["SKILL_FLEET_DATABASE_URL"]) as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS migrated (at timestamptz DEFAULT now())")
    connection.execute("INSERT INTO migrated DEFAULT VALUES")
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with placeholders: what the stack starts, without what it does."""
    root = tmp_path / "checkout"
    migrations = root / "deploy" / "migrations"
    for folder in (root / "api", root / "workflows", migrations / "versions"):
        folder.mkdir(parents=True)
    (root / "api" / "__init__.py").touch()
    (root / "api" / "app.py").write_text(API)
    (root / "worker.py").write_text(WORKER)
    (migrations / "env.py").write_text(MIGRATION)
    (migrations / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\npath_separator = os\n")
    return root


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A data folder of its own."""
    made = Folder(tmp_path / "data")
    made.create()
    return made


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A living process that has nothing to do with the stack."""
    with subprocess.Popen((sys.executable, "-c", "import time; time.sleep(600)")) as process:
        yield process
        process.kill()


@pytest.fixture
def alive() -> Callable[[int], bool]:
    """Whether a process runs; one that has ended but was not waited for does not."""

    def ask(pid: int) -> bool:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return False
        return stat.rpartition(")")[2].split()[0] != "Z"

    return ask


@pytest.fixture
def until() -> Callable[[Callable[[], bool], float], float]:
    """Waits (blocking) for a condition and returns the seconds it took; fails the test when it never comes true."""

    def wait(condition: Callable[[], bool], within: float) -> float:
        began = time.monotonic()
        while not condition():
            assert time.monotonic() - began < within, f"not true within {within} s"
            time.sleep(0.01)
        return time.monotonic() - began

    return wait
