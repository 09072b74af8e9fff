"""A folder of this disk as one archive: the same files give the same bytes, links are never followed, limits hold.

Says what was left out. A whole folder has a mark where a file could not be taken, so that nobody takes its skill for
whole. Must not talk to the api.
"""

import gzip
import io
import os
import stat
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from cli.problems import CliError
from domain.library.package import MAX_ENTRY
from domain.library.unpack import MAX_MEMBERS, MAX_TOTAL, wanted
from domain.sniff import Medium, Sniffer, UnsupportedFile

PIECE = 256 * 1024
IN_MEMORY = 8 * 1024 * 1024
"""Bytes of an archive that are held; a larger one goes through a temporary file."""


@dataclass
class Packed:
    """An archive that can be read from its beginning as often as needed; `left_out`: files and why."""

    filename: str
    size: int
    file: IO[bytes]
    left_out: list[str] = field(default_factory=list)
    taken: int = 0

    def pieces(self) -> Iterator[bytes]:
        """Its bytes from the beginning."""
        self.file.seek(0)
        while piece := self.file.read(PIECE):
            yield piece


def pack(folder: Path, *, texts_only: bool) -> Packed:
    """All files below a folder, or only those that are text. Raises CliError for what is too large or unreadable."""
    # Who takes the archive closes its file.
    packed = Packed(filename=f"{folder.name or 'folder'}.tar.gz", size=0, file=SpooledTemporaryFile(max_size=IN_MEMORY))  # noqa: SIM115 - see above
    try:
        _fill(packed, folder, texts_only)
    except BaseException:
        packed.file.close()
        raise
    packed.size = packed.file.tell()
    return packed


def _fill(packed: Packed, folder: Path, texts_only: bool) -> None:
    total = 0
    with (
        gzip.GzipFile(fileobj=packed.file, mode="wb", filename="", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in _files(folder, packed):
            info = tarfile.TarInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}")
            data = _read(path, packed, texts_only)
            if data is None:
                if not texts_only and wanted(path.name):
                    info.type = tarfile.SYMTYPE if path.is_symlink() else tarfile.FIFOTYPE
                    archive.addfile(info)
                continue
            total += len(data)
            packed.taken += 1
            if total > MAX_TOTAL or packed.taken > MAX_MEMBERS:
                raise CliError(
                    f"{folder} is too large.",
                    why=f"more than {MAX_TOTAL // 2**20} MiB or {MAX_MEMBERS} files",
                    next_step="give its parts one by one",
                )
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def _files(folder: Path, packed: Packed) -> Iterator[Path]:
    """Everything but folders, in the order of their paths; folders of tools are left out."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        packed.left_out.append(f"{folder}: {error.strerror}")
        return
    for entry in entries:
        path = folder / entry.name
        if entry.name == ".git":
            continue
        if not entry.is_dir(follow_symlinks=False):
            yield path
        elif wanted(f"{entry.name}/x"):
            yield from _files(path, packed)
        else:
            packed.left_out.append(f"{path}: folder of a tool")


def _read(path: Path, packed: Packed, texts_only: bool) -> bytes | None:
    """Its bytes, or None when it is left out."""
    try:
        about = path.lstat()
        if not stat.S_ISREG(about.st_mode):
            packed.left_out.append(f"{path}: {'a link' if stat.S_ISLNK(about.st_mode) else 'no regular file'}")
            return None
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            data = file.read(MAX_ENTRY + 1)
    except OSError as error:
        packed.left_out.append(f"{path}: {error.strerror}")
        return None
    why = _unwanted(path, data, texts_only)
    if why:
        packed.left_out.append(f"{path}: {why}")
        return None
    return data


def _unwanted(path: Path, data: bytes, texts_only: bool) -> str:
    if not wanted(path.name):
        return "litter of a system"
    if len(data) > MAX_ENTRY:
        return f"larger than {MAX_ENTRY // 2**20} MiB"
    return "no text" if texts_only and not is_text(path.name, data) else ""


def is_text(name: str, data: bytes) -> bool:
    """Whether these bytes are a text that the api takes."""
    try:
        return medium(name, [data]) in (Medium.TEXT, Medium.UTF16)
    except UnsupportedFile:
        return False


def medium(name: str, pieces: Iterable[bytes]) -> Medium | None:
    """What the api will take a file for. Raises UnsupportedFile for what it refuses."""
    sniffer = Sniffer(name)
    for piece in pieces:
        sniffer.feed(piece)
    sniffer.finish()
    return sniffer.medium
