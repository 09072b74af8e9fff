"""What all developer tools (soak, load, drill, chaos, bench) share: their numbers, their folder, and how they end.

A CI job ends a tool with SIGTERM, a person with Ctrl-C. Either unwinds the tool's context managers, which stop the
detached stack: nothing else would.
"""

import argparse
import asyncio
import math
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, TypeVar

Number = TypeVar("Number", int, float)
Work = Callable[[Path], Coroutine[None, None, int]]
"""What a tool does in a folder of its own; gives the exit code."""


def positive_int(text: str) -> int:
    """For `type=` of argparse. ArgumentTypeError says what is allowed."""
    return _positive(int, text, "a whole number of 1 or more")


def positive_float(text: str) -> float:
    """For `type=` of argparse; neither `inf` nor `nan`. ArgumentTypeError says what is allowed."""
    return _positive(float, text, "a finite number above 0")


def _positive(kind: Callable[[str], Number], text: str, allowed: str) -> Number:
    with suppress(ValueError):
        if 0 < (number := kind(text)) < math.inf:
            return number
    raise argparse.ArgumentTypeError(f"{text!r} is not {allowed}")


def run(name: str, work: Work) -> NoReturn:
    """Do the work in a new temporary folder, and leave the process with its exit code.

    130 after Ctrl-C, 143 after SIGTERM. The folder goes when the code is 0; otherwise it stays for its logs, and stderr
    says where. An exception goes on to the caller.
    """
    folder, code = Path(tempfile.mkdtemp(prefix=f"skill-fleet-{name}-")), 1
    try:
        code = asyncio.run(_interruptible(work(folder)))
    except KeyboardInterrupt:  # the second one: the person insists
        code = 128 + signal.SIGINT
    finally:
        _tidy(folder, code)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a process that was only a client of Temporal can abort in the interpreter's end (sdk-python#300)


async def _interruptible(work: Coroutine[None, None, int]) -> int:
    """Its exit code, or that of the first signal, which cancels it.

    A SIGTERM after that does nothing, so that the stack is stopped whole: `timeout` sends two of them, and some CI
    systems one after a SIGINT.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    came: list[int] = []

    def stop(number: int) -> None:
        came.append(number)
        loop.remove_signal_handler(signal.SIGINT)
        loop.add_signal_handler(signal.SIGTERM, lambda: None)  # SIG_IGN would be inherited by `skill-fleet down`
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    try:
        return await work
    except asyncio.CancelledError:
        if not came:
            raise
        return 128 + came[0]


def _tidy(folder: Path, code: int) -> None:
    if code == 0:
        shutil.rmtree(folder)
    else:
        sys.stderr.write(f"exit code {code}; its files and logs are kept in {folder}\n")
