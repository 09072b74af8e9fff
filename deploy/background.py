"""The stack in the background: `up -d`, `down` and `status`, all by way of the data folder's lock and `stack.json`."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from deploy import stack_file
from deploy.errors import AlreadyRunningError, StackError
from deploy.folder import Folder, describe, holder
from deploy.logs import rotate
from deploy.process import open_log
from deploy.stack_file import Stack

STOP_TIMEOUT = 20.0
"""Seconds `down` waits; the parts have 15 s in all."""
POLL = 0.1

Say = Callable[[str], None]


class PartStatus(BaseModel):
    """One part: its process, and whether it lives and (if it listens) takes connections."""

    model_config = ConfigDict(frozen=True)

    name: str
    pid: int
    healthy: bool


class Status(BaseModel):
    """What `status` reports. `state` is `starting` until `stack.json` is there."""

    model_config = ConfigDict(frozen=True)

    state: str
    data_dir: str
    supervisor: int | None = None
    api_url: str | None = None
    temporal_address: str | None = None
    temporal_ui_url: str | None = None
    parts: tuple[PartStatus, ...] = ()

    @property
    def healthy(self) -> bool:
        """Whether everything runs."""
        return self.state == "running" and all(part.healthy for part in self.parts)


def refuse_second(folder: Folder) -> None:
    """AlreadyRunningError when a stack runs here."""
    if (who := holder(folder)) is not None:
        raise AlreadyRunningError(describe(folder, who))


def start(folder: Folder, arguments: Sequence[str], say: Say) -> bool:
    """Run `python -m deploy.local ARGUMENTS` in a session of its own, show what it prints, return once it is up.

    False when it ended instead. An interrupt while it starts ends it too.
    """
    log = folder.logs / "up.log"
    rotate(log)
    with open_log(log) as output:
        child = subprocess.Popen(
            (sys.executable, "-P", "-m", "deploy.local", *arguments),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        with log.open(encoding="utf-8", errors="replace") as shown:
            return follow(folder, child, lambda: say_new(shown.read(), say))
    except KeyboardInterrupt:
        child.send_signal(signal.SIGTERM)
        child.wait()
        raise


def follow(folder: Folder, child: subprocess.Popen[bytes], show: Callable[[], None]) -> bool:
    """Until the child has written `stack.json` or ended. The last it prints comes before that file."""
    while True:
        up = is_up(folder, child.pid)
        ended = child.poll() is not None
        show()
        if up or ended:
            return up
        time.sleep(POLL)


def is_up(folder: Folder, pid: int) -> bool:
    """Whether this very process runs the folder and has told where."""
    who = holder(folder)
    return who is not None and who.pid == pid and folder.stack.exists()


def say_new(text: str, say: Say) -> None:
    """Pass on what was printed since."""
    if text:
        say(text.removesuffix("\n"))


def stop(folder: Folder, say: Say) -> bool:
    """Ask the supervisor to stop and wait until it has; True also when nothing runs."""
    who = holder(folder)
    if who is None:
        say(f"nothing runs in {folder.root}")
        return True
    if who.pid == 0:
        raise StackError(describe(folder, who))
    terminate(folder, who.pid)
    if wait_gone(folder):
        say(f"stopped the stack in {folder.root}")
        return True
    say(f"process {who.pid} has not stopped in {STOP_TIMEOUT:.0f} s. To end it and all its parts: kill -9 {who.pid}")
    return False


def terminate(folder: Folder, pid: int) -> None:
    """SIGTERM; StackError when the stack is another user's."""
    with contextlib.suppress(ProcessLookupError):
        try:
            os.kill(pid, signal.SIGTERM)
        except PermissionError as error:
            raise StackError(
                f"the stack in {folder.root} (process {pid}) belongs to another user; stop it as them."
            ) from error


def wait_gone(folder: Folder) -> bool:
    """Whether the folder's lock is given back in time."""
    end = time.monotonic() + STOP_TIMEOUT
    while holder(folder) is not None:
        if time.monotonic() > end:
            return False
        time.sleep(POLL)
    return True


def status(folder: Folder) -> Status:
    """How the stack of this folder is now."""
    who = holder(folder)
    if who is None:
        return Status(state="stopped", data_dir=str(folder.root))
    stack = stack_file.read(folder.stack)
    if stack is None:
        return Status(state="starting", data_dir=str(folder.root), supervisor=who.pid)
    return Status(
        state="running",
        data_dir=str(folder.root),
        supervisor=who.pid,
        api_url=stack.api_url,
        temporal_address=stack.temporal_address,
        temporal_ui_url=stack.temporal_ui_url,
        parts=tuple(parts(stack)),
    )


def parts(stack: Stack) -> list[PartStatus]:
    """Each part of the stack file, looked at."""
    addresses = {
        "api": urlsplit(stack.api_url).netloc,
        "temporal": stack.temporal_address,
        "postgres": urlsplit(stack.database_url).netloc.rpartition("@")[2],
    }
    pids: dict[str, int | None] = stack.pids.model_dump()
    return [
        PartStatus(name=name, pid=pid, healthy=lives(pid) and listens(addresses.get(name)))
        for name, pid in pids.items()
        if pid is not None
    ]


def lives(pid: int) -> bool:
    """Whether the process exists, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def listens(address: str | None) -> bool:
    """Whether a connection is taken at `host:port`; True for a part without an address."""
    if address is None:
        return True
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1.0).close()
    except OSError:
        return False
    return True


def told(report: Status) -> str:
    """The report for a person."""
    rows = {
        "page and API": report.api_url,
        "Temporal Web UI": report.temporal_ui_url,
        "Temporal": report.temporal_address,
        "supervisor": report.supervisor,
    }
    lines = [f"{report.state}: {report.data_dir}"]
    lines += [f"  {name:<16} {value}" for name, value in rows.items() if value is not None]
    lines += [
        f"  {part.name:<16} {'healthy' if part.healthy else 'not healthy'} (process {part.pid})"
        for part in report.parts
    ]
    return "\n".join(lines)
