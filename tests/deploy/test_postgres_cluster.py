"""The cluster on disk: made whole, opened with what made it, cleared of what a killed server left."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.errors import StackError
from deploy.folder import Folder
from deploy.postgres_cluster import FOLDERS, Cluster, clear_leftovers, create, ensure, hint, identity_for, locate
from deploy.process import Identity

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def test_a_new_cluster_gets_the_newest_version_and_an_old_one_keeps_its_own(folder: Folder) -> None:
    assert locate(folder).binaries.parent.name == FOLDERS["18"]
    folder.postgres.mkdir()
    (folder.postgres / "PG_VERSION").write_text("16\n")
    assert locate(folder).binaries.parent.name == FOLDERS["16"]


def test_a_cluster_of_an_unknown_version_is_refused(folder: Folder) -> None:
    folder.postgres.mkdir()
    (folder.postgres / "PG_VERSION").write_text("12\n")
    with pytest.raises(StackError, match=r"PostgreSQL 12.*--data-dir"):
        locate(folder)


@as_root
def test_root_runs_the_server_as_nobody_or_as_the_owner_of_what_is_there(tmp_path: Path) -> None:
    assert identity_for(tmp_path / "none") == Identity(65534, 65534)
    os.chown(tmp_path, 1234, 1235)
    assert identity_for(tmp_path) == Identity(1234, 1235)


async def test_an_interrupted_creation_is_begun_anew(folder: Folder) -> None:
    half = folder.postgres.with_name("postgres.new")
    half.mkdir()
    (half / "PG_VERSION").write_text("18")
    flush = await ensure(locate(folder))
    assert flush is not None
    await flush
    assert not half.exists()
    assert (folder.postgres / "PG_VERSION").exists()
    assert await ensure(locate(folder)) is None
    assert folder.password.stat().st_mode & 0o777 == 0o600


async def test_a_cluster_whose_password_is_lost_is_refused(folder: Folder) -> None:
    folder.postgres.mkdir()
    (folder.postgres / "PG_VERSION").write_text("18")
    with pytest.raises(StackError, match="postgres-password is missing"):
        await ensure(locate(folder))


async def test_a_creation_that_fails_says_why_and_what_to_do(folder: Folder, tmp_path: Path) -> None:
    broken = Cluster(folder, tmp_path / "no-binaries", None)
    with pytest.raises(StackError, match=r"(?s)making the PostgreSQL cluster failed.*disk is not full"):
        await create(broken)
    assert "DAC_READ_SEARCH" in hint(Cluster(folder, tmp_path, Identity(65534, 65534)))


def test_a_pid_file_that_names_a_stranger_does_not_block_and_the_stranger_lives(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    (tmp_path / "postmaster.pid").write_text(f"{stranger.pid}\n")
    clear_leftovers(tmp_path)
    assert not (tmp_path / "postmaster.pid").exists()
    assert stranger.poll() is None


def test_processes_named_postgres_are_ended_only_in_this_cluster(tmp_path: Path, until: Callable[..., float]) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "theirs").mkdir()
    program = tmp_path / "postgres"
    shutil.copy(shutil.which("sleep") or sys.executable, program)
    with (
        subprocess.Popen((program, "600"), cwd=tmp_path / "ours") as ours,
        subprocess.Popen((program, "600"), cwd=tmp_path / "theirs") as theirs,
    ):
        clear_leftovers(tmp_path / "ours")
        until(lambda: ours.poll() is not None, 2)
        assert theirs.poll() is None
        theirs.kill()
