"""A worker that a rollout starts and leaves running, and the old one that it is told to stop.

Asks with SIGTERM and never kills: a worker that drains is handing steps back.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from deploy.errors import StackError
from deploy.process import last_lines, open_log

GOING = 30.0
"""Seconds in which a worker must be gone after SIGTERM; it drains for eight (worker.py)."""
POLL = 0.1

Say = Callable[[str], None]


class Handover:
    """A worker process of our own making."""

    def __init__(self, child: subprocess.Popen[bytes], log: Path) -> None:
        self._child = child
        self._log = log
        self.pid = child.pid

    @classmethod
    def start(cls, command: Sequence[str], deployment: str, build: str, log: Path) -> Self:
        """In a session of its own, so that it outlives this program; StackError when it cannot be run.

        `env` adds the two variables that Temporal's controller sets to whatever environment is there.
        """
        version = (f"TEMPORAL_DEPLOYMENT_NAME={deployment}", f"TEMPORAL_WORKER_BUILD_ID={build}")
        try:
            with open_log(log) as output:
                child = subprocess.Popen(
                    ("env", *version, *command),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            raise StackError(f"the worker cannot be started, or {log} not be written: {error}") from error
        return cls(child, log)

    def check(self) -> None:
        """StackError when it has ended."""
        code = self._child.poll()
        if code is not None:
            raise StackError(f"the worker ended (exit {code}); the end of {self._log}:\n{last_lines(self._log)}")

    async def stop(self, say: Say) -> None:
        """Take it back: its build was refused."""
        if self._child.poll() is not None:
            return
        say(f"stopping the worker that was started for it (process {self.pid})")
        self._child.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(self._child.wait, GOING)


async def stop(pid: int, say: Say) -> None:
    """Ask a process to end and wait until it has; StackError when it is not ours, or stays."""
    try:
        os.kill(pid, signal.SIGTERM)
    except PermissionError as error:
        raise StackError(
            f"process {pid} belongs to another user; stop it as them. The new build is current."
        ) from error
    except ProcessLookupError:
        pass
    end = time.monotonic() + GOING
    while not ended(pid):
        if time.monotonic() > end:
            raise StackError(f"process {pid} has not ended in {GOING:g} s after SIGTERM. The new build is current.")
        await asyncio.sleep(POLL)
    say(f"process {pid} has ended")


def ended(pid: int) -> bool:
    """Whether it is gone, or only its parent has not noticed yet (Linux; elsewhere that counts as alive)."""
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat").read_text()
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "Z"
