"""The parts that are ours: api, worker and the server of the local model, each a Python program of this checkout."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
from temporalio.client import Client
from temporalio.service import RPCError

from deploy.part import Part
from deploy.ports import HOST
from deploy.process import Command
from deploy.temporal_server import NAMESPACE
from deploy.worker_version import CurrentVersion

STREAMS_END = "2"
"""Seconds the api gives open streams at its stop; a browser that watches a job would hold it for ever."""

DRAIN = "1.5"
"""Seconds the worker gives model calls at its stop. Who takes a whole stack down waits; a call that is cut off is paid
again, those of its step that had answered are not. A worker by itself drains for longer (`worker.py`)."""


async def answers(url: str) -> bool:
    """Whether a GET gets 200 within a second. Never through a proxy."""
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=1.0) as client:
            return (await client.get(url)).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


class Api(Part):
    """FastAPI under uvicorn, which also serves the page."""

    name = "api"
    stop_grace = 3.0

    def __init__(self, logs: Path, checkout: Path, port: int, environment: Mapping[str, str]) -> None:
        super().__init__(logs)
        self._checkout = checkout
        self._port = port
        self._environment = environment

    @property
    def url(self) -> str:
        """Page and API."""
        return f"http://{HOST}:{self._port}"

    def command(self) -> Command:
        """One process: several would each need a pool of database connections and a redelivery loop."""
        server = (sys.executable, "-m", "uvicorn", "api.app:create", "--factory")
        where = ("--host", HOST, "--port", str(self._port), "--timeout-graceful-shutdown", STREAMS_END)
        return Command((*server, *where), self._environment, self._checkout)

    async def ready(self) -> bool:
        """Whether it answers; whether the database and Temporal do is for its own health route."""
        return await answers(f"{self.url}/api/v1/health/live")


class Worker(Part):
    """The Temporal worker. Ready means: it polls, and its version gets the work, or another was made current since (its
    log says so)."""

    name = "worker"
    stop_grace = 3.5
    """`DRAIN`, and a moment to hand back what runs; all that `down` takes must stay within 15 s."""

    def __init__(self, logs: Path, checkout: Path, temporal: str, build: str, environment: Mapping[str, str]) -> None:
        super().__init__(logs)
        self._checkout = checkout
        self._temporal = temporal
        self._environment = environment
        self._version = CurrentVersion(build)
        self._since = time.time()

    async def prepare(self) -> None:
        """Polls before this moment are those of a predecessor."""
        self._since = time.time()

    def command(self) -> Command:
        """Run as a file, so that it is started the same way everywhere."""
        worker = (sys.executable, str(self._checkout / "worker.py"), "--drain", DRAIN)
        return Command(worker, self._environment, self._checkout)

    async def ready(self) -> bool:
        """Make its version current once it polls, at the first start."""
        try:
            client = await Client.connect(self._temporal, namespace=NAMESPACE)
            return await self._version.ensure(client, self._since)
        except (RPCError, RuntimeError):  # RuntimeError: what the client raises when nothing listens
            return False


class LocalModel(Part):
    """The server of the local model. Its key is in its environment: arguments are for all users to read."""

    name = "model"
    stop_grace = 1.0  # it holds nothing that could be lost

    def __init__(self, logs: Path, checkout: Path, weights: Path, port: int, environment: Mapping[str, str]) -> None:
        super().__init__(logs)
        self._checkout = checkout
        self._weights = weights
        self._port = port
        self._environment = environment

    def command(self) -> Command:
        """Loads the weights, then listens."""
        server = (sys.executable, "-m", "deploy.model_server")
        arguments = ("--weights", str(self._weights), "--port", str(self._port))
        return Command((*server, *arguments), self._environment, self._checkout)

    async def ready(self) -> bool:
        """Whether the weights are loaded."""
        return await answers(f"http://{HOST}:{self._port}/health")


def migrations(checkout: Path, environment: Mapping[str, str]) -> Command:
    """Bring the database's tables to what this code expects; the same again changes nothing."""
    configuration = checkout / "deploy" / "migrations" / "alembic.ini"
    arguments = (sys.executable, "-m", "alembic", "-c", str(configuration), "upgrade", "head")
    return Command(arguments, environment, checkout)


def replay_gate(checkout: Path, environment: Mapping[str, str]) -> Command:
    """Replay every job that runs with this code; changes nothing."""
    arguments = (sys.executable, "-m", "deploy.rollout", "gate", "--only-running")
    return Command(arguments, environment, checkout)
