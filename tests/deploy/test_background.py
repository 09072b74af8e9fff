"""Asking about and ending a stack by way of its data folder."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import background, stack_file
from deploy.errors import AlreadyRunningError, StackError
from deploy.folder import Folder, FolderLock, open_locked
from deploy.stack_file import Pids, Stack

ENDS = "import sys; print('port 1 is taken'); sys.exit(1)"


def stack(address: str, **pids: int) -> Stack:
    """A stack whose every listener is one address."""
    return Stack(
        api_url=f"http://{address}",
        temporal_address=address,
        temporal_ui_url=f"http://{address}",
        database_url=f"postgresql://u:p@{address}/d",
        pids=Pids(**pids),
    )


def test_nothing_running_is_stopped_and_not_healthy(folder: Folder) -> None:
    report = background.status(folder)
    assert (report.state, report.healthy) == ("stopped", False)


def test_one_that_has_not_told_its_addresses_is_starting(folder: Folder) -> None:
    lock = FolderLock.acquire(folder)
    report = background.status(folder)
    lock.release()
    assert (report.state, report.supervisor, report.healthy) == ("starting", os.getpid(), False)


def test_a_part_is_healthy_when_its_process_lives_and_takes_connections(folder: Folder) -> None:
    lock = FolderLock.acquire(folder)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        stack_file.write(folder.stack, stack(address, api=os.getpid(), worker=os.getpid(), postgres=os.getpid()))
        assert background.status(folder).healthy
    report = background.status(folder)
    lock.release()
    assert {part.name: part.healthy for part in report.parts} == {"api": False, "worker": True, "postgres": False}
    told = background.told(report)
    assert "api              not healthy" in told
    assert "u:p@" not in told


def test_a_part_whose_process_is_gone_is_not_healthy() -> None:
    with subprocess.Popen(("true",)) as ended:
        ended.wait()
    assert not background.lives(ended.pid)
    assert background.lives(1)


def test_a_second_start_is_refused(folder: Folder) -> None:
    background.refuse_second(folder)
    lock = FolderLock.acquire(folder)
    with pytest.raises(AlreadyRunningError):
        background.refuse_second(folder)
    lock.release()


def test_a_start_that_ends_is_shown_to_its_last_word(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    with subprocess.Popen((sys.executable, "-c", ENDS), stdout=subprocess.PIPE, text=True) as child:
        child.wait()
        output = child.stdout
        assert output is not None
        text = output.read()
        assert not background.follow(folder, child, lambda: background.say_new(text, said.append))  # type: ignore[arg-type]
    assert said == ["port 1 is taken"]


def test_one_that_is_just_starting_or_ending_is_not_signalled(folder: Folder) -> None:
    descriptor = open_locked(folder.lock)
    assert descriptor is not None
    with pytest.raises(StackError, match="Try again"):
        background.stop(folder, lambda _: None)
    os.close(descriptor)


def test_one_that_does_not_stop_is_told_with_what_to_do(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "STOP_TIMEOUT", 0.3)
    old = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    lock, said = FolderLock.acquire(folder), list[str]()
    assert not background.stop(folder, said.append)
    lock.release()
    signal.signal(signal.SIGTERM, old)
    assert f"kill -9 {os.getpid()}" in said[0]


def test_a_part_without_an_address_is_not_asked(tmp_path: Path) -> None:
    assert background.listens(None)
    assert not background.listens("127.0.0.1:1")
