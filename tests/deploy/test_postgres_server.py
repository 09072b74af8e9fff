"""PostgreSQL under supervision: as root below closed folders, as an ordinary user, at long paths, and after kill -9.

Run as a file with a data folder, it does its round there: that is how the test becomes an ordinary user.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from deploy.folder import Folder
from deploy.ports import choose
from deploy.postgres_cluster import ensure, locate
from deploy.postgres_server import PostgresServer
from deploy.process import LAUNCH
from deploy.supervisor import Supervisor

FOREVER = "SELECT sum(sqrt(n)) FROM generate_series(1, 1000000000000) AS n"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


class Running:
    """A supervised server in a data folder."""

    def __init__(self, folder: Folder) -> None:
        self.server = PostgresServer(folder.logs, locate(folder), choose(folder.ports).postgres)
        self.supervisor = Supervisor(lambda _: None, lambda: None)

    @property
    def pid(self) -> int:
        """The postmaster."""
        return self.supervisor.pid("postgres") or 0

    async def start(self) -> None:
        """Start and wait until it answers."""
        self.supervisor.start(self.server)
        assert await self.supervisor.wait_ready(("postgres",), 30) == set()

    async def survive(self) -> None:
        """Be killed, and wait until it answers again."""
        old = self.pid
        os.kill(old, signal.SIGKILL)
        async with asyncio.timeout(20):
            while self.pid == old or not await self.server.ready():  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def value(self, query: str) -> object:
        """The first column of the first row, if any, as the application's role."""
        async with await psycopg.AsyncConnection.connect(self.server.url) as connection:
            cursor = await connection.execute(query.encode())
            row = await cursor.fetchone() if cursor.description else None
            return None if row is None else row[0]


async def round_trip(root: Path) -> None:
    """Make a cluster, write, be killed while a query computes, find what was written, stop, start again."""
    folder = Folder(root)
    folder.create()
    flush = await ensure(locate(folder))
    running = Running(folder)
    await running.start()
    if flush:
        await flush
    assert (folder.postgres.stat().st_uid != 0, running.server.url.split(":")[0]) == (True, "postgresql")
    await running.value("CREATE TABLE kept AS SELECT 42 AS answer")
    busy = asyncio.create_task(running.value(FOREVER))
    await running.survive()
    with contextlib.suppress(psycopg.OperationalError):
        await busy
    assert await running.value("SELECT answer FROM kept") == 42
    await running.supervisor.stop(("postgres",))
    again = Running(folder)
    assert again.server.url == running.server.url
    await again.start()
    assert await again.value("SELECT answer FROM kept") == 42
    await again.supervisor.stop(("postgres",))
    assert not (folder.postgres / "postmaster.pid").exists()


async def test_it_survives_kill_9_below_a_closed_folder_at_a_long_path(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    root = closed / ("long " * 20).strip() / ("path" * 20)
    assert len(str(root)) > 180
    await round_trip(root)


@as_root
def test_it_survives_kill_9_as_an_ordinary_user(tmp_path: Path) -> None:
    root = tmp_path / "home" / "data"
    root.parent.mkdir(mode=0o700)
    os.chown(root.parent, 65534, 65534)
    me = (sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), "9", "65534:65534")
    result = subprocess.run((*me, sys.executable, __file__, str(root)), capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert (root / "postgres").stat().st_uid == (root / "lock").parent.stat().st_uid == 65534


async def test_it_is_set_up_as_the_application_needs_it(folder: Folder) -> None:
    flush = await ensure(locate(folder))
    running = Running(folder)
    await running.start()
    assert await running.value("SHOW max_connections") == "300"
    assert await running.value("SHOW server_encoding") == "UTF8"
    assert {"listen_addresses=127.0.0.1", "unix_socket_directories="} <= set(running.server.command().arguments)
    assert await running.value("SHOW fsync") == "on"
    assert await running.value("SELECT lower('ÄÖ')") == "äö"
    assert await running.value("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    assert await running.value("SELECT current_database()") == "skill_fleet"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        await psycopg.AsyncConnection.connect(running.server.url.replace(":", ":x", 2).replace("x//", "//"))
    await running.supervisor.stop(("postgres",))
    if flush:
        await flush


def test_its_password_is_in_no_argument(folder: Folder) -> None:
    folder.password.write_text("secret")
    server = PostgresServer(folder.logs, locate(folder), 1)
    assert "secret" in server.url
    assert not any("secret" in word for word in server.command().arguments)
    assert "SKILL_FLEET" not in "".join(server.command().environment)


if __name__ == "__main__":
    asyncio.run(round_trip(Path(sys.argv[1])))
