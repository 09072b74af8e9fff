"""The stack of one machine: which parts, in which order they start and stop, and what is written about them."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from temporalio.client import Client

from deploy import environment, postgres_cluster, stack_file
from deploy.application import Api, LocalModel, Worker, migrations, replay_gate
from deploy.errors import PartFailedError
from deploy.folder import Folder
from deploy.logs import rotate
from deploy.ports import Ports
from deploy.postgres_server import PostgresServer
from deploy.process import last_lines, run
from deploy.stack_file import Pids, Stack
from deploy.supervisor import Supervisor, cancelled
from deploy.temporal_server import NAMESPACE, TemporalServer
from deploy.worker_version import build_id, jobs_that_change_builds

STOP_ORDER = ("api", "worker", "model", "temporal", "postgres")
"""Who uses another stops before it. The grace of all adds up to 15 s (`Part.stop_grace`)."""
FOUNDATION_TIMEOUT = 60.0
"""Seconds for PostgreSQL and Temporal; without them nothing else can start, so then `up` fails."""
GATE_TIMEOUT = 1800.0
"""Seconds to replay the jobs that run, when the code has changed (measured: forty a second that wait at their first
prompt, seven a second at their last)."""
READY_TIMEOUT = 60.0
"""Seconds for the others; after that the stack is shown as it is, and they are tried on."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What `up` was asked for, settled: nothing is chosen or looked up after this."""

    folder: Folder
    checkout: Path
    library: Path
    ports: Ports
    around: environment.Surroundings
    weights: Path | None
    """The local model's weights; None when a provider writes, or nobody."""
    writer: str
    """Which model writes, for the person."""


class LocalStack:
    """Starts the parts in order, keeps `stack.json`, stops them in order."""

    def __init__(self, plan: Plan, say: Say) -> None:
        self._plan = plan
        self._say = say
        self._key = secrets.token_urlsafe(24)
        self._supervisor = Supervisor(say, self._started_part)
        self._announced = False

    async def run(self) -> None:
        """Bring everything up, write `stack.json` and keep it up until cancelled; call `stop` however this ends.

        PartFailedError when PostgreSQL, Temporal or the migrations fail at the start.
        """
        await self._start()
        await self._supervisor.broken

    async def _start(self) -> None:
        for name in STOP_ORDER:
            rotate(self._plan.folder.logs / f"{name}.log")
        self._supervisor.start(self._temporal)
        if self._plan.weights is not None:
            self._supervisor.start(self._model(self._plan.weights))
        flush = await postgres_cluster.ensure(self._cluster)
        try:
            await self._start_foundation()
            late = await self._start_application()
            if flush is not None:
                await flush
        finally:
            await cancelled([flush] if flush else [])
        self._say(self._block(late))
        self._announced = True
        self._write()

    async def stop(self) -> None:
        """Stop every part; leaves no process, and no `stack.json`."""
        self._announced = False
        self._plan.folder.stack.unlink(missing_ok=True)
        await self._supervisor.stop(STOP_ORDER)

    async def _start_foundation(self) -> None:
        self._supervisor.start(self._postgres)
        missing = await self._supervisor.wait_ready(("postgres", "temporal"), FOUNDATION_TIMEOUT)
        for name, log in self._logs(missing):
            raise PartFailedError(
                f"{name} did not come up in {FOUNDATION_TIMEOUT:.0f} s; the end of {log}:\n{last_lines(log)}"
            )
        await self._gate()
        log = self._plan.folder.logs / "migrations.log"
        rotate(log)
        await run(migrations(self._plan.checkout, self._application), log, "migrating the database", within=120)
        self._say("the database is up to date")

    async def _gate(self) -> None:
        """Jobs that run must go on with this code. Asked before the database is changed: older code starts on it still.

        PartFailedError names the jobs that would not, and says what to do.
        """
        client = await Client.connect(self._temporal.address, namespace=NAMESPACE)
        running = await jobs_that_change_builds(client, self._build)
        if running:
            self._say(f"another build of the worker: {running} running jobs are replayed with it")
            log = self._plan.folder.logs / "gate.log"
            rotate(log)
            await run(replay_gate(self._plan.checkout, self._application), log, "the replay gate", within=GATE_TIMEOUT)

    async def _start_application(self) -> set[str]:
        """Start api and worker; returns the parts that are not ready yet."""
        self._supervisor.start(self._api)
        self._supervisor.start(self._worker())
        names = {"api", "worker"} | ({"model"} if self._plan.weights else set())
        return await self._supervisor.wait_ready(names, READY_TIMEOUT)

    @cached_property
    def _cluster(self) -> postgres_cluster.Cluster:
        return postgres_cluster.locate(self._plan.folder)

    @cached_property
    def _postgres(self) -> PostgresServer:
        return PostgresServer(self._plan.folder.logs, self._cluster, self._plan.ports.postgres)

    @cached_property
    def _temporal(self) -> TemporalServer:
        plan = self._plan
        ports = plan.ports
        return TemporalServer(
            plan.folder.logs, plan.folder.temporal, ports.temporal, ports.temporal_ui, plan.around.base
        )

    @cached_property
    def _api(self) -> Api:
        plan = self._plan
        return Api(plan.folder.logs, plan.checkout, plan.ports.api, self._application)

    @cached_property
    def _build(self) -> str:
        return build_id(self._plan.checkout)

    def _worker(self) -> Worker:
        plan = self._plan
        model = environment.local_model(plan.ports.model, self._key) if plan.weights else {}
        own = environment.worker(self._application, self._build, model)
        return Worker(plan.folder.logs, plan.checkout, self._temporal.address, self._build, own)

    def _model(self, weights: Path) -> LocalModel:
        plan = self._plan
        own = environment.model_server(plan.around, self._key)
        return LocalModel(plan.folder.logs, plan.checkout, weights, plan.ports.model, own)

    @cached_property
    def _application(self) -> environment.Variables:
        plan = self._plan
        temporal = self._temporal
        where = environment.Addresses(
            self._postgres.url, temporal.address, temporal.ui_url, plan.library, plan.folder.root
        )
        return environment.application(plan.around, where)

    def _started_part(self) -> None:
        """A part has a new process: tell, if anybody reads yet, before it serves."""
        if self._announced:
            try:
                self._write()
            except OSError as error:
                self._say(f"cannot write {self._plan.folder.stack}: {error}. Its process ids are out of date.")

    def _write(self) -> None:
        pids = Pids(**{name: self._supervisor.pid(name) for name in STOP_ORDER})
        stack = Stack(
            api_url=self._api.url,
            temporal_address=self._temporal.address,
            temporal_ui_url=self._temporal.ui_url,
            database_url=self._postgres.url,
            pids=pids,
        )
        stack_file.write(self._plan.folder.stack, stack)

    def _block(self, late: set[str]) -> str:
        folder = self._plan.folder
        rows = {
            "page and API": self._api.url,
            "Temporal Web UI": self._temporal.ui_url,
            "data": str(folder.root),
            "logs": str(folder.logs),
            "who writes": self._plan.writer,
            "stop": f"skill-fleet down {folder.option} (or Ctrl-C where it runs)",
        }
        lines = [f"  {name:<16} {value}" for name, value in rows.items()]
        title = f"Skill Fleet is up, but without {' and '.join(sorted(late))}:" if late else "Skill Fleet is up."
        waiting = [
            f"  {name} is not ready after {READY_TIMEOUT:.0f} s and is tried on; see {log}"
            for name, log in self._logs(late)
        ]
        return "\n".join(["", title, *waiting, *lines, ""])

    def _logs(self, names: set[str]) -> list[tuple[str, Path]]:
        return [(name, self._plan.folder.logs / f"{name}.log") for name in sorted(names)]
