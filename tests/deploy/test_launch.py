"""A part's life is bound to its supervisor's, and root is shed for good."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.process import LAUNCH

SHOW = (
    "import os; print(os.getpid(), os.getuid(), os.getgid(), os.getgroups()); print(open('/proc/self/status').read())"
)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
PARENT = """
import os, subprocess, sys
command = (sys.executable, sys.argv[1], str(os.getpid()), "9", "-", "sleep", "600")
child = subprocess.Popen(command, start_new_session=True)
print(child.pid, flush=True)
child.wait()
"""


def launch(identity: str, *program: str, parent: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run the launcher to its end."""
    arguments = (sys.executable, "-I", "-S", str(LAUNCH), str(parent or os.getpid()), "9", identity, *program)
    return subprocess.run(arguments, capture_output=True, text=True, check=False)


def test_the_program_takes_the_place_of_the_launcher() -> None:
    with subprocess.Popen(
        (sys.executable, str(LAUNCH), str(os.getpid()), "9", "-", sys.executable, "-c", SHOW), stdout=subprocess.PIPE
    ) as process:
        output, _ = process.communicate()
    assert int(output.split()[0]) == process.pid


def test_a_part_dies_with_a_parent_that_is_killed(until: Callable[..., float], alive: Callable[[int], bool]) -> None:
    with subprocess.Popen((sys.executable, "-c", PARENT, str(LAUNCH)), stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        until(lambda: Path(f"/proc/{child}/comm").read_text().strip() == "sleep", 5)
        parent.send_signal(signal.SIGKILL)
    until(lambda: not alive(child), 2)


def test_a_part_whose_parent_died_before_the_kernel_was_asked_does_not_start() -> None:
    result = launch("-", "echo", "started", parent=1)
    assert result.returncode == 1
    assert result.stdout == ""


@as_root
def test_root_is_shed_but_for_the_right_to_pass_closed_folders(tmp_path: Path) -> None:
    result = launch("65534:65534", sys.executable, "-I", "-S", "-c", SHOW)
    assert result.stdout.splitlines()[0].split()[1:] == ["65534", "65534", "[]"]
    status = dict(line.split(":\t", 1) for line in result.stdout.splitlines()[1:] if ":\t" in line)
    assert {int(status[key], 16) for key in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {1 << 2}
    assert status["NoNewPrivs"] == "1"


@as_root
def test_it_reads_through_a_closed_folder_and_writes_nothing_there(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "readable").write_text("text")
    assert launch("65534:65534", "cat", str(closed / "readable")).stdout == "text"
    assert launch("65534:65534", "touch", str(closed / "new")).returncode != 0


def test_a_program_that_does_not_exist_is_named() -> None:
    result = launch("-", "/no/such/program")
    assert result.returncode == 126
    assert "/no/such/program" in result.stderr
