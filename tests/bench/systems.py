"""The systems under test, each driven from outside in the same way: over HTTP, by process id, from its database.

`Ours` is the installed product with all its processes. A `Peer` is one process of `tests/bench/peers`.
"""

import asyncio
import os
import signal
import sys
import time
from abc import ABC, abstractmethod
from asyncio.subprocess import DEVNULL
from pathlib import Path

import httpx
import psutil
import psycopg
from temporalio.client import Client

from tests.bench.peers.job import SHAPES, Name
from tests.bench.watch import Asked, Watch
from tests.support.terminal import ROOT, Terminal

POLL = 0.02


class System(ABC):
    """One durable engine with the job on it. Jobs are known by a name that stands in the text of their model calls."""

    title: str
    database: str
    """URL of the PostgreSQL database that is this system's alone."""
    recovers = True
    """Whether it takes up by itself what a killed process has left."""

    @property
    def slug(self) -> str:
        """The title as part of a job's name."""
        return self.title.split()[0].lower()

    @abstractmethod
    async def start(self, name: str, shape: Name) -> None:
        """Start a job; returns when it was accepted."""

    @abstractmethod
    async def until_waiting(self, name: str) -> None:
        """Return when the job waits for a person."""

    @abstractmethod
    async def answer(self, name: str) -> None:
        """Answer as a person does; returns when the answer was acknowledged."""

    @abstractmethod
    async def until_done(self, name: str) -> None:
        """Return when the job has ended well."""

    @abstractmethod
    async def steps(self, name: str) -> int:
        """How many durable steps the job took: units that are stored when they are done, and never done again."""

    @abstractmethod
    async def history(self, name: str) -> int | None:
        """Bytes of the job's Temporal history; None where there is none."""

    @abstractmethod
    def pid(self) -> int:
        """The process that does the work."""

    @abstractmethod
    async def kill_and_answer(self, name: str | None) -> float:
        """kill -9 the process that does the work; answer a job while it is dead; start it again.

        Returns when the new process was started (seconds since the epoch).
        """

    def memory(self) -> float:
        """Resident memory of the process that does the work, in MB."""
        return float(psutil.Process(self.pid()).memory_info().rss) / 1e6


class Ours(System):
    """The product: supervisor, PostgreSQL, Temporal, api and worker, as `skill-fleet up` starts them."""

    title = "Skill Fleet"

    def __init__(self, terminal: Terminal, http: httpx.AsyncClient, temporal: Client, watch: Watch) -> None:
        self.terminal = terminal
        self.database = terminal.stack.database_url
        self._http = http
        self._temporal = temporal
        self._watch = watch
        self._asked: dict[str, Asked] = {}
        self.ids: dict[str, str] = {}

    async def start(self, name: str, shape: Name) -> None:
        options = {"max_questions": 2} if shape == "parked" else {"max_questions": 0, "promote": True}
        task = f"Write release notes for the Acme CLI, {name}, from merged pull requests"
        response = await self._http.post("/skills", json={"task_description": task, "options": options})
        self.ids[name] = str(response.raise_for_status().json()["job_id"])

    async def until_waiting(self, name: str) -> None:
        self._asked[name] = await self._watch.until_open(self.ids[name])

    async def answer(self, name: str) -> None:
        """The prompt is at hand, as it is with a person who reads it: looking for it is none of the answer's time."""
        asked = self._asked.pop(name)
        body: dict[str, object] = {"interaction_id": asked.interaction, "action": "proceed"}
        if asked.questions:
            body["answers"] = dict.fromkeys(asked.questions, "you decide")
        response = await self._http.post(f"/hitl/{self.ids[name]}/response", json=body)
        assert response.status_code == httpx.codes.ACCEPTED, response.text

    async def until_done(self, name: str) -> None:
        await self._watch.until_ended(self.ids[name])

    async def steps(self, name: str) -> int:
        """Activities, and the model answers that they store one by one."""
        activities = [await self._activities(workflow) for workflow in self._workflows(name)]
        return sum(activities) + await self._watch.stored_answers(self.ids[name])

    async def history(self, name: str) -> int | None:
        described = [await self._temporal.get_workflow_handle(one).describe() for one in self._workflows(name)]
        return sum(one.raw_description.workflow_execution_info.history_size_bytes for one in described)

    def pid(self) -> int:
        found = self.terminal.stack.pids.worker
        assert found is not None
        return found

    async def kill_and_answer(self, name: str | None) -> float:
        old = self.pid()
        os.kill(old, signal.SIGKILL)
        if name is not None:
            await self.answer(name)
        while self.pid() == old:  # noqa: ASYNC110 - the supervisor, another process, starts it again
            await asyncio.sleep(POLL)
        return psutil.Process(self.pid()).create_time()

    async def next_step(self, name: str, phase: str) -> float:
        """When the job told of this phase, which the first step of the phase does (seconds since the epoch)."""
        return await self._watch.phase(self.ids[name], phase)

    async def cancel(self, name: str) -> None:
        """End a job that has served its purpose."""
        await self._http.post(f"/jobs/{self.ids[name]}/cancel", json={"reason": "measured"})

    def _workflows(self, name: str) -> list[str]:
        return [f"{kind}:{self.ids[name]}" for kind in ("create-skill", "promote-skill")]

    async def _activities(self, workflow: str) -> int:
        history = await self._temporal.get_workflow_handle(workflow).fetch_history()
        scheduled = [event.HasField("activity_task_scheduled_event_attributes") for event in history.events]
        local = [event.marker_recorded_event_attributes.marker_name for event in history.events]
        return sum(scheduled) + local.count("core_local_activity")


class Peer(System):
    """One process of `tests/bench/peers`, started and killed here."""

    def __init__(self, module: str, title: str, arguments: dict[str, str], temporal: Client, log: Path) -> None:
        self.title = title
        self.database = arguments["database"]
        self._module = module
        self._arguments = [word for key, value in arguments.items() for word in (f"--{key}", value)]
        self._temporal = temporal
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        # Servers close what idles for 5 s, and a request that comes in that moment fails.
        limits = httpx.Limits(max_connections=None, keepalive_expiry=2)
        self._http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{arguments['port']}", timeout=600, limits=limits)
        self.recovers = module != "langgraph_peer"

    async def up(self) -> float:
        """Start it and wait until it answers; seconds that took."""
        began = time.perf_counter()
        self._process = await self._spawn()
        while True:
            try:
                await self._http.get("/live")
            except httpx.TransportError:
                assert self._process.returncode is None, self._log.read_text()
                await asyncio.sleep(POLL)
            else:
                return time.perf_counter() - began

    async def down(self) -> None:
        """kill -9."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def start(self, name: str, shape: Name) -> None:
        (await self._http.post(f"/jobs/{name}", params={"shape": shape})).raise_for_status()

    async def until_waiting(self, name: str) -> None:
        (await self._http.get(f"/jobs/{name}/waiting")).raise_for_status()

    async def answer(self, name: str) -> None:
        (await self._http.post(f"/jobs/{name}/answer")).raise_for_status()

    async def until_done(self, name: str) -> None:
        (await self._http.get(f"/jobs/{name}/done")).raise_for_status()

    async def steps(self, name: str) -> int:
        return SHAPES["whole"].calls

    async def history(self, name: str) -> int | None:
        if self._module != "temporal_raw":
            return None
        described = await self._temporal.get_workflow_handle(f"raw-{name}").describe()
        return described.raw_description.workflow_execution_info.history_size_bytes

    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def kill_and_answer(self, name: str | None) -> float:
        await self.down()
        if name is not None:
            sender = await self._spawn("--answer", name)
            assert await sender.wait() == 0, self._log.read_text()
        began = time.time()
        await self.up()
        return began

    async def _spawn(self, *more: str) -> asyncio.subprocess.Process:
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *[sys.executable, "-m", f"tests.bench.peers.{self._module}", *self._arguments, *more],
                cwd=ROOT,
                env={"PATH": os.defpath, "HOME": str(self._log.parent)},
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
            )


async def rows_and_bytes(url: str) -> tuple[int, int]:
    """Rows of all tables of a database, and bytes of the database with its indexes."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        found = await connection.execute(
            "SELECT format('%I.%I', schemaname, relname) FROM pg_stat_user_tables ORDER BY 1"
        )
        rows = 0
        for (table,) in await found.fetchall():
            [(count,)] = await (await connection.execute(f"SELECT count(*) FROM {table}")).fetchall()
            rows += count
        [(size,)] = await (await connection.execute("SELECT pg_database_size(current_database())")).fetchall()
        return rows, size
