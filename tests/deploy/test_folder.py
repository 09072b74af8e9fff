"""The data folder belongs to one stack at a time, and is given back however that ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy import stack_file
from deploy.errors import AlreadyRunningError, StackError
from deploy.folder import Folder, FolderLock, Holder, describe, holder, open_locked, user_name
from deploy.stack_file import Pids, Stack

HOLD = """
import sys, time
from pathlib import Path
from deploy.folder import Folder, FolderLock
lock = FolderLock.acquire(Folder(Path(sys.argv[1])))
print("held", flush=True)
time.sleep(600)
"""


def test_a_new_folder_is_closed_to_others(tmp_path: Path) -> None:
    made = Folder(tmp_path / "deep" / "data")
    made.create()
    assert made.root.stat().st_mode & 0o777 == 0o700
    assert made.logs.is_dir()


def test_a_folder_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match=r"cannot use the data folder .*--data-dir"):
        Folder(tmp_path / "file" / "data").create()


def test_a_second_taker_is_told_who_has_it_where_and_what_to_do(folder: Folder) -> None:
    lock = FolderLock.acquire(folder)
    pids = Pids(api=1)
    stack_file.write(
        folder.stack,
        Stack(api_url="http://127.0.0.1:1234", temporal_address="a", temporal_ui_url="b", database_url="c", pids=pids),
    )
    with pytest.raises(AlreadyRunningError) as error:
        FolderLock.acquire(folder)
    lock.release()
    for part in (str(os.getpid()), user_name(os.getuid()), "http://127.0.0.1:1234", "skill-fleet down", "--data-dir"):
        assert part in str(error.value)


def test_after_release_nothing_is_left_and_another_may_have_it(folder: Folder) -> None:
    FolderLock.acquire(folder).release()
    assert not folder.lock.exists()
    assert holder(folder) is None
    lock = FolderLock.acquire(folder)
    assert not lock.after_kill
    lock.release()


def test_a_killed_holder_does_not_keep_it(folder: Folder, until: Callable[..., float]) -> None:
    with subprocess.Popen((sys.executable, "-c", HOLD, str(folder.root)), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        who = holder(folder)
        assert who is not None
        assert who.pid == process.pid
        process.send_signal(signal.SIGKILL)
    assert folder.lock.exists()
    assert holder(folder) is None
    lock = FolderLock.acquire(folder)
    assert lock.after_kill
    lock.release()


def test_asking_who_holds_it_leaves_no_file(folder: Folder) -> None:
    assert holder(folder) is None
    assert not folder.lock.exists()


def test_the_lock_is_not_inherited_by_parts(folder: Folder) -> None:
    descriptor = open_locked(folder.lock)
    assert descriptor is not None
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)


def test_a_holder_that_has_not_named_itself_yet_is_busy(folder: Folder) -> None:
    descriptor = open_locked(folder.lock)
    assert descriptor is not None
    who = holder(folder)
    os.close(descriptor)
    assert who is not None
    assert who.pid == 0
    assert "Try again" in describe(folder, who)


def test_one_that_is_still_starting_has_no_address_yet(folder: Folder) -> None:
    assert "still starting" in describe(folder, Holder(pid=7, user="ada", since=0))


def test_a_user_without_a_name_is_a_number() -> None:
    assert user_name(4_000_000) == "4000000"
