"""A child process: its group, its log, its end."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.errors import PartFailedError
from deploy.process import Command, Process, last_lines, run

FAMILY = """
import subprocess, sys, time
child = subprocess.Popen(("sleep", "600"))
print(child.pid, flush=True)
time.sleep(float(sys.argv[1]))
"""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
)


def python(code: str, *arguments: str) -> Command:
    """A command that runs Python code."""
    return Command((sys.executable, "-I", "-c", code, *arguments), dict(os.environ), Path("/"))


async def test_it_leads_a_session_of_its_own(tmp_path: Path) -> None:
    process = Process.start(python("import time; time.sleep(600)"), tmp_path / "log")
    assert os.getsid(process.pid) == os.getpgid(process.pid) == process.pid
    await process.stop(signal.SIGTERM, 5)


async def test_what_it_leaves_in_its_group_dies_with_it(
    tmp_path: Path, until: Callable[..., float], alive: Callable[[int], bool]
) -> None:
    log = tmp_path / "log"
    process = Process.start(python(FAMILY, "0.1"), log)
    assert await process.wait() == 0
    child = int(log.read_text())
    until(lambda: not alive(child), 2)


async def test_one_that_does_not_stop_when_asked_is_killed_after_its_grace(
    tmp_path: Path, until: Callable[..., float]
) -> None:
    log = tmp_path / "log"
    process = Process.start(python(STUBBORN), log)
    until(lambda: log.read_text() == "deaf\n", 5)
    began = time.monotonic()
    await process.stop(signal.SIGTERM, 0.3)
    assert 0.3 <= time.monotonic() - began < 2
    assert await process.wait() == -signal.SIGKILL


async def test_stopping_one_that_is_gone_changes_nothing(tmp_path: Path) -> None:
    process = Process.start(python("pass"), tmp_path / "log")
    await process.wait()
    await process.stop(signal.SIGTERM, 5)
    assert not process.alive


async def test_its_log_is_appended_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "log"
    for word in ("one", "two"):
        await Process.start(python(f"print('{word}')"), log).wait()
    assert log.read_text() == "one\ntwo\n"
    assert log.stat().st_mode & 0o777 == 0o600


async def test_its_environment_is_what_was_given(tmp_path: Path) -> None:
    command = Command(("env",), {"PATH": "/usr/bin:/bin", "ONLY": "this"}, Path("/"))
    await Process.start(command, tmp_path / "log").wait()
    names = {line.partition("=")[0] for line in (tmp_path / "log").read_text().splitlines()}
    assert names - {"LC_CTYPE"} == {"PATH", "ONLY"}


async def test_a_run_that_fails_shows_the_end_of_its_output(tmp_path: Path) -> None:
    with pytest.raises(PartFailedError, match=r"(?s)migrating failed \(exit 3\).*no such table"):
        await run(python("print('no such table'); raise SystemExit(3)"), tmp_path / "log", "migrating", within=10)


async def test_a_run_that_does_not_end_is_ended(tmp_path: Path, alive: Callable[[int], bool]) -> None:
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    with pytest.raises(PartFailedError, match="did not end in 1 s"):
        await run(python(code), tmp_path / "log", "migrating", within=1)
    assert not alive(int((tmp_path / "log").read_text()))


def test_the_last_lines_of_a_log_are_few_and_of_a_missing_one_none(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert last_lines(log) == ""
    log.write_text("".join(f"line {n}\n" for n in range(5000)))
    assert last_lines(log, count=2) == "    line 4998\n    line 4999"
