"""One child process: its own group, its log, its end. Knows nothing of parts, readiness or restarts.

Start children from the main thread only: the kernel's death signal is bound to the thread that spawned, not to the
process (see `deploy.launch`).
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from deploy.errors import PartFailedError

ASIDE = 3.0
"""Seconds a program that is run to its end gets to put things aside when it is not awaited any more."""
LAUNCH = Path(__file__).with_name("launch.py")


@dataclass(frozen=True)
class Identity:
    """The user a process becomes when we are root."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Command:
    """What to run: arguments, the whole environment, the folder, and how it dies when we do."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    death_signal: signal.Signals = signal.SIGKILL
    identity: Identity | None = None
    umask: int = -1


class Process:
    """A running child that leads a session and group of its own; `wait` ends when nothing of the group is left."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self.pid = child.pid
        self.started = time.monotonic()
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._reap, args=(child, loop), name=f"reap-{child.pid}", daemon=True).start()

    @classmethod
    def start(cls, command: Command, log: Path) -> Self:
        """Spawn with output appended to `log` (mode 0600); OSError when the system refuses."""
        identity = command.identity
        launcher = (sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), str(int(command.death_signal)))
        user = "-" if identity is None else f"{identity.uid}:{identity.gid}"
        with open_log(log) as output:
            child = subprocess.Popen(
                (*launcher, user, *command.arguments),
                env=dict(command.environment),
                cwd=command.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=command.umask,
            )
        return cls(child)

    @property
    def age(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    @property
    def alive(self) -> bool:
        """Whether the leader has not been reaped yet."""
        return not self._ended.done()

    async def wait(self) -> int:
        """The exit code (negative: the signal). Many may wait; a cancelled waiter harms nobody."""
        return await asyncio.shield(self._ended)

    def send(self, number: signal.Signals) -> None:
        """Signal the leader; nothing when it is gone."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def stop(self, number: signal.Signals, grace: float) -> None:
        """Ask with `number`, and kill the group after `grace` seconds."""
        self.send(number)
        try:
            await asyncio.wait_for(self.wait(), grace)
        except TimeoutError:
            kill_group(self.pid)
            await self.wait()

    def _reap(self, child: subprocess.Popen[bytes], loop: asyncio.AbstractEventLoop) -> None:
        code = child.wait()
        # What the leader left behind in its group must not hold a port or a file that its successor needs.
        kill_group(child.pid)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(self._ended.set_result, code)


def kill_group(leader: int) -> None:
    """SIGKILL every process of the group; nothing when it has none."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def open_log(path: Path) -> IO[bytes]:
    """Open for appending, readable by its owner only: parts may print what people wrote."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab")


def last_lines(log: Path, count: int = 8, size: int = 4096) -> str:
    """The last lines of a log, indented, at most `size` bytes; empty when there is none."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - size))
        lines = file.read().decode("utf-8", "replace").rstrip().splitlines()[-count:]
    return "\n".join(f"    {line}" for line in lines)


async def run(command: Command, log: Path, what: str, within: float) -> None:
    """Run to the end; PartFailedError with the last lines of its output unless it ends with 0 in time (seconds)."""
    process = Process.start(command, log)
    try:
        code = await asyncio.wait_for(process.wait(), within)
    except TimeoutError:
        raise PartFailedError(f"{what} did not end in {within:.0f} s. Its output is in {log}.") from None
    finally:
        if process.alive:
            # Asked first: `initdb` then ends with its present step, and its own server takes its shared memory along.
            await process.stop(signal.SIGTERM, ASIDE)
    if code != 0:
        raise PartFailedError(f"{what} failed (exit {code}); the end of {log}:\n{last_lines(log)}")
