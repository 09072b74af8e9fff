"""Whether the files of a checkout are those of its commit, by git's own index: no git is run, so no filter or hook is.

What cannot be proved counts as changed: an index of another form, a staged change, a file that git does not know.
"""

import os
import re
import zlib
from collections.abc import Iterator, Mapping
from hashlib import sha1, sha256
from pathlib import Path
from stat import S_ISLNK, S_ISREG
from typing import NamedTuple

from domain.library.unpack import MAX_TOTAL, wanted

MAX_INDEX = 64 * 1024 * 1024
"""Bytes of an index that are read; one of 100,000 files has some ten million."""

_FIXED = 40
"""Bytes of an entry before its digest: its mode stands in those from 24 on, its size in the last four."""

_KNOWN = (2, 3)
_SUBMODULE, _LINK = 0o160000, 0o120000


class _Entry(NamedTuple):
    """One file of the index."""

    mode: int
    size: int
    digest: bytes


class _Unknown(Exception):
    """The index cannot be read so that it proves anything; never leaves this module."""


def unchanged(git: Path, folder: Path, commit: str) -> bool:
    """Whether every file below the folder, which lies in the checkout of `git`, is as its commit has it."""
    root = git.parent
    prefix = "" if folder == root else f"{folder.relative_to(root).as_posix()}/"
    try:
        entries, tree = _entries(git / "index", len(commit) // 2)
        if tree != (_tree_of(git, commit) or tree):
            return False
    except (OSError, _Unknown, ValueError, zlib.error):
        return False
    below = {path: one for path, one in entries.items() if path.startswith(prefix) and one.mode != _SUBMODULE}
    if any(path.startswith("/") or ".." in path.split("/") for path in below):
        return False
    there = set(_there(folder, prefix))
    return there <= set(below) and _as_recorded(root, below)


def _there(folder: Path, prefix: str) -> Iterator[str]:
    """The files on the disk that an import would take, as the index names them."""
    for top, folders, files in os.walk(folder):
        place = "" if (inside := Path(top).relative_to(folder).as_posix()) == "." else f"{inside}/"
        links = [name for name in folders if (Path(top) / name).is_symlink()]
        folders[:] = [name for name in folders if name not in links and name != ".git" and wanted(f"{name}/x")]
        yield from (f"{prefix}{place}{name}" for name in [*files, *links] if name != ".git" and wanted(name))


def _as_recorded(root: Path, entries: Mapping[str, _Entry]) -> bool:
    if sum(entry.size for entry in entries.values()) > MAX_TOTAL:
        return False
    return all(_same(root / path, entry) for path, entry in entries.items())


def _same(path: Path, entry: _Entry) -> bool:
    try:
        about = path.lstat()
        kind = S_ISLNK if entry.mode == _LINK else S_ISREG
        if not kind(about.st_mode) or about.st_size != entry.size:
            return False
        data = str(path.readlink()).encode() if S_ISLNK(about.st_mode) else _bytes(path, entry.size)
    except OSError:
        return False
    made = sha1 if len(entry.digest) == 20 else sha256
    return made(b"blob %d\0" % len(data) + data).digest() == entry.digest


def _bytes(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size + 1)


def _tree_of(git: Path, commit: str) -> str | None:
    """The tree of a commit that lies in a file of its own; None when it lies in a pack, as after a clone."""
    place = git / "objects" / commit[:2] / commit[2:]
    if not place.is_file():
        return None
    with place.open("rb") as file:
        head = zlib.decompressobj().decompress(file.read(4096), 256)
    found = re.match(rb"commit [0-9]+\0tree ([0-9a-f]+)\n", head)
    return found[1].decode() if found else ""


def _entries(index: Path, width: int) -> tuple[dict[str, _Entry], str]:
    """The files by path, and the tree that they are; `width`: bytes of a digest. Raises _Unknown when something is
    staged, or may be."""
    with index.open("rb") as file:
        data = file.read(MAX_INDEX + 1)
    version, count = int.from_bytes(data[4:8]), int.from_bytes(data[8:12])
    if data[:4] != b"DIRC" or version not in _KNOWN or len(data) > MAX_INDEX:
        raise _Unknown
    found: dict[str, _Entry] = {}
    at = 12
    for _ in range(count):
        flags = int.from_bytes(data[at + _FIXED + width : at + _FIXED + width + 2])
        start = at + _FIXED + width + (4 if flags & 0x4000 else 2)
        end = data.index(b"\0", start)
        mode, size = int.from_bytes(data[at + 24 : at + 28]), int.from_bytes(data[at + 36 : at + 40])
        found[data[start:end].decode()] = _Entry(mode, size, data[at + _FIXED : at + _FIXED + width])
        at += (end - at) // 8 * 8 + 8
    return found, _tree(data[at : len(data) - width], width)


def _tree(extensions: bytes, width: int) -> str:
    """The tree that git noted the whole index to be, as it does for a commit and unnotes when a file is staged."""
    at = 0
    while at + 8 <= len(extensions):
        name, size = extensions[at : at + 4], int.from_bytes(extensions[at + 4 : at + 8])
        body = extensions[at + 8 : at + 8 + size]
        if name[:1].islower():
            raise _Unknown
        if name == b"TREE" and body[:1] == b"\0" and not body[1:].startswith(b"-1"):
            start = body.index(b"\n") + 1
            return body[start : start + width].hex()
        at += 8 + size
    raise _Unknown
