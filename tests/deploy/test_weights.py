"""The local model's file is fetched once, vouched for by its hash, and never trusted because of its name."""

import os
import threading
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from deploy.weights import Shelf, Weights, WeightsUnavailable, default_cache_dir, default_sources, ensure
from deploy.weights_meter import Moved
from deploy.weights_sources import Source, SourceFailedError

BYTES = b"GGUF" + b"weights " * 50
SMALL = Weights(
    title="Small",
    repository="makers/small",
    file="small.gguf",
    sha256="d61b79eb8c70fb136836fd1981152206657cfa256ca9bff583e0b0143b5365ff",
    size=len(BYTES),
    license="Apache-2.0",
)


class Given(Source):
    """Delivers the bytes it was made with, or fails for the reason it was made with, and counts."""

    name = "a test source"

    def __init__(self, delivers: bytes | str = BYTES) -> None:
        self.delivers, self.asked = delivers, 0

    def fetch(self, work: Path, target: Path, moved: Moved) -> None:
        self.asked += 1
        if isinstance(self.delivers, str):
            raise SourceFailedError(self.delivers)
        (work / "piece").write_bytes(b"piece")
        target.write_bytes(self.delivers)
        moved(len(self.delivers))


class Slow(Given):
    """Delivers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go = threading.Event(), threading.Event()

    def fetch(self, work: Path, target: Path, moved: Moved) -> None:
        self.begun.set()
        assert self.go.wait(10)
        super().fetch(work, target, moved)


class Told(StringIO):
    """Says when a text was written to it."""

    def __init__(self, awaited: str) -> None:
        super().__init__()
        self._awaited, self.heard = awaited, threading.Event()

    def write(self, text: str, /) -> int:
        if self._awaited in text:
            self.heard.set()
        return super().write(text)


@pytest.fixture
def said() -> StringIO:
    return StringIO()


@pytest.fixture
def console(said: StringIO) -> Console:
    return Console(file=said, width=500)


def fetch(cache: Path, *sources: Source, console: Console | None = None, free: int = 1 << 40) -> Path:
    quiet = console or Console(file=StringIO())
    return ensure(cache, weights=SMALL, sources=sources, console=quiet, free=lambda _: free)


def test_the_first_start_fetches_and_the_second_reads_nothing(tmp_path: Path) -> None:
    source = Given()
    path = fetch(tmp_path, source)
    assert path.read_bytes() == BYTES
    before = path.stat()
    path.write_bytes(bytes(len(BYTES)))  # hashing would see this; size and time do not
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert fetch(tmp_path, source) == path
    assert source.asked == 1


def test_the_licence_and_who_made_it_lie_beside_the_weights_and_nothing_half_done(tmp_path: Path) -> None:
    folder = fetch(tmp_path, Given()).parent
    assert "Apache License" in (folder / "Apache-2.0.txt").read_text()
    assert "Alibaba Cloud" in (folder / "Qwen2.5-Coder-1.5B-Instruct.md").read_text()
    assert not (folder / "small.gguf.partial").exists()


def test_size_place_licence_and_the_alternative_are_said_before_anything_is_fetched(
    tmp_path: Path, said: StringIO, console: Console
) -> None:
    with pytest.raises(WeightsUnavailable):
        fetch(tmp_path, Given("down"), console=console)
    first, second = said.getvalue().splitlines()[:2]
    assert "0.00 GB" in first and "Apache-2.0" in first and str(tmp_path) in first
    assert "SKILL_FLEET_MODEL and SKILL_FLEET_MODEL_API_KEY" in second


def test_the_next_source_is_asked_when_one_fails_or_delivers_other_bytes(
    tmp_path: Path, said: StringIO, console: Console
) -> None:
    path = fetch(tmp_path, Given("no route"), Given(b"GGUF but evil"), Given(), console=console)
    assert path.read_bytes() == BYTES
    assert "no route" in said.getvalue()
    assert "SHA-256 differs" in said.getvalue()


def test_other_bytes_are_never_put_in_place(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailable) as caught:
        fetch(tmp_path, Given(b"GGUF but evil"))
    assert not (tmp_path / "models" / SMALL.file).exists()
    assert not list((tmp_path / "models" / f"{SMALL.file}.partial").iterdir())
    assert "SHA-256 differs" in caught.value.why


def test_when_all_fail_each_reason_and_three_ways_out_are_told(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailable) as caught:
        fetch(tmp_path, Given("no route"), Given("index is down"))
    assert "no route" in str(caught.value) and "index is down" in str(caught.value)
    for way in ("Try again", "SKILL_FLEET_LOCAL_MODEL_FILE", "SKILL_FLEET_MODEL_API_KEY"):
        assert way in caught.value.remedy


def test_a_changed_file_is_hashed_again_and_kept_when_it_is_right(tmp_path: Path) -> None:
    path = fetch(tmp_path, Given())
    os.utime(path, ns=(1, 1))
    source = Given()
    assert fetch(tmp_path, source) == path
    assert source.asked == 0
    assert Shelf(path.parent, SMALL, Console()).is_verified()


def test_a_changed_file_is_fetched_again_when_it_is_wrong(tmp_path: Path) -> None:
    path = fetch(tmp_path, Given())
    path.write_bytes(BYTES[:-1] + b"!")
    os.utime(path, ns=(1, 1))
    assert fetch(tmp_path, Given()).read_bytes() == BYTES


def test_a_file_copied_into_the_cache_by_hand_is_checked_and_used(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / SMALL.file).write_bytes(BYTES)
    source = Given()
    fetch(tmp_path, source)
    assert source.asked == 0


@pytest.mark.parametrize("marker", [b"", b"not json", b'{"sha256": "00", "size": 1, "mtime_ns": 1}'])
def test_a_marker_that_says_nothing_about_the_file_is_not_believed(tmp_path: Path, marker: bytes) -> None:
    path = fetch(tmp_path, Given())
    path.write_bytes(b"GGUF but evil")
    (path.parent / f"{SMALL.file}.verified.json").write_bytes(marker)
    assert fetch(tmp_path, Given()).read_bytes() == BYTES


def test_a_full_disk_is_told_before_the_download_begins(tmp_path: Path) -> None:
    source = Given()
    with pytest.raises(WeightsUnavailable, match=r"0\.0 GB free and 0\.1 GB are needed.*Make room"):
        fetch(tmp_path, source, free=1000)
    assert source.asked == 0


def test_what_is_already_there_counts_against_the_room_that_is_needed(tmp_path: Path) -> None:
    partial = tmp_path / "models" / f"{SMALL.file}.partial"
    partial.mkdir(parents=True)
    (partial / "part").write_bytes(bytes(len(BYTES)))
    fetch(tmp_path, Given(), free=(64 << 20) + len(BYTES))


def test_a_disk_that_fills_up_on_the_way_is_a_sentence_not_a_traceback(tmp_path: Path) -> None:
    class Full(Given):
        def fetch(self, work: Path, target: Path, moved: Moved) -> None:
            raise OSError(28, "No space left on device")

    with pytest.raises(WeightsUnavailable, match=r"could not be stored.*No space left.*finished parts are kept"):
        fetch(tmp_path, Full())


def test_the_second_of_two_waits_and_takes_what_the_first_fetched(tmp_path: Path) -> None:
    slow, unused, told = Slow(), Given(), Told("waiting for it")
    first = threading.Thread(target=fetch, args=(tmp_path, slow))
    second = threading.Thread(target=fetch, args=(tmp_path, unused), kwargs={"console": Console(file=told, width=500)})
    first.start()
    assert slow.begun.wait(10)
    second.start()
    assert told.heard.wait(10)
    slow.go.set()
    first.join(10)
    second.join(10)
    assert (slow.asked, unused.asked) == (1, 0)


def test_a_file_named_by_setting_is_used_as_it_is(tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF of my own")
    assert ensure(tmp_path / "cache", own) == own
    assert not (tmp_path / "cache").exists()


def test_a_file_named_by_setting_that_is_missing_is_an_error_that_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailable, match=r"gone\.gguf: No such file.*SKILL_FLEET_LOCAL_MODEL_FILE"):
        ensure(tmp_path, tmp_path / "gone.gguf")


def test_a_file_named_by_setting_that_holds_no_weights_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_bytes(b"<html>")
    with pytest.raises(WeightsUnavailable, match="not a GGUF file"):
        ensure(tmp_path, page)


def test_the_cache_follows_the_persons_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / "skill-fleet"


def test_the_makers_file_is_asked_for_before_the_packages() -> None:
    assert [source.name for source in default_sources()] == ["the model hub", "the data packages"]
