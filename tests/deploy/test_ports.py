"""Free ports, the same as last time where possible."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.errors import StackError
from deploy.ports import HOST, RANGE, Ports, choose, is_free, recall


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """A port that another program listens on."""
    with socket.create_server((HOST, 0)) as server:
        yield server


def test_all_are_free_and_different_and_below_the_ephemeral_range(tmp_path: Path) -> None:
    ports = choose(tmp_path / "ports.json")
    numbers = set(ports.model_dump().values())
    assert len(numbers) == len(Ports.model_fields)
    assert all(number in RANGE and is_free(number) for number in numbers)


def test_the_next_run_gets_the_same(tmp_path: Path) -> None:
    assert choose(tmp_path / "ports.json") == choose(tmp_path / "ports.json")


def test_a_port_that_was_taken_meanwhile_is_replaced_and_the_others_stay(tmp_path: Path, taken: socket.socket) -> None:
    first = choose(tmp_path / "ports.json")
    last = first.model_copy(update={"temporal": taken.getsockname()[1]})
    (tmp_path / "ports.json").write_text(last.model_dump_json())
    second = choose(tmp_path / "ports.json")
    assert second.temporal != last.temporal
    assert second.model_copy(update={"temporal": first.temporal}) == first
    assert recall(tmp_path / "ports.json") == second


def test_the_port_that_was_asked_for_is_used(tmp_path: Path) -> None:
    wanted = choose(tmp_path / "other.json").postgres
    (tmp_path / "ports.json").write_text((tmp_path / "other.json").read_text())
    ports = choose(tmp_path / "ports.json", api=wanted)
    assert ports.api == wanted
    assert ports.postgres != wanted


def test_a_port_that_was_asked_for_but_is_taken_is_an_error(tmp_path: Path, taken: socket.socket) -> None:
    with pytest.raises(StackError, match=r"taken by another program.*--port"):
        choose(tmp_path / "ports.json", api=taken.getsockname()[1])


def test_after_a_kill_it_waits_for_the_old_ports(tmp_path: Path, taken: socket.socket) -> None:
    last = choose(tmp_path / "ports.json").model_copy(update={"api": taken.getsockname()[1]})
    (tmp_path / "ports.json").write_text(last.model_dump_json())
    threading.Timer(0.2, taken.close).start()
    began = time.monotonic()
    assert choose(tmp_path / "ports.json", patience=5) == last
    assert time.monotonic() - began < 2


def test_a_damaged_memory_is_no_memory(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text("{")
    assert recall(tmp_path / "ports.json") is None
    assert choose(tmp_path / "ports.json")
