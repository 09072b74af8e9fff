"""The api behind a real port: in this process, or as a process of its own that a test may kill."""

import asyncio
import os
import socket
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI

from tests.support.quick_server import QuickServer

ROOT = Path(__file__).resolve().parents[2]


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[int]:
    """Serve the application in this loop; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = QuickServer(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        running = asyncio.create_task(server.serve(sockets=[listening]))
        port: int = listening.getsockname()[1]
        try:
            await until_live(port)
            yield port
        finally:
            server.should_exit = True
            await running


class ApiProcess:
    """`uvicorn api.app:create` as operators run it, on one port across its lives."""

    def __init__(self, environment: dict[str, str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "uvicorn", "api.app:create", "--factory", "--port", str(self.port)],
            cwd=ROOT,
            env={"PATH": os.defpath, "SKILL_FLEET_EVIDENCE_POLICY": "warn", **self._environment},
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
        await until_live(self.port)

    async def kill(self) -> None:
        """kill -9, if it runs."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()


async def until_live(port: int, within: float = 60) -> None:
    """Wait until the api at this port answers."""
    async with asyncio.timeout(within), httpx.AsyncClient() as client:
        while True:
            try:
                if (await client.get(f"http://127.0.0.1:{port}/api/v1/health/live")).is_success:
                    return
            except httpx.TransportError:
                pass  # it does not listen yet
            await asyncio.sleep(0.05)
