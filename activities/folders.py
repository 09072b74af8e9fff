"""One folder of files: written beside its place, synced, then exchanged in one step; taken away in one; read whole.

Names that begin with a dot belong to who writes: what a crash leaves under them is nobody's skill, and the next writer
of that name removes it. Knows nothing of libraries, jobs or rows.
"""

import errno
import os
import re
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from secrets import token_hex

from activities.exchange import exchange
from domain.errors import LibraryConflict
from domain.shape import Shape
from domain.skill import SkillFileEntry

NEW, OLD, KEPT = "new", "old", "kept"
"""How the names end of what is not a skill yet, of what is none any more, and of what people may want to have back."""

_LEFT = re.compile(r"\.(?P<name>[^.]+)(\.[0-9a-f]{8})?\.(?P<end>new|old|kept)(\.aside)?")

LARGEST = 64 * 1024 * 1024
"""Bytes of a file that is read; a larger one is reported instead."""


class Lying(Shape):
    """What lies in a folder: its files by path, and what is no plain readable file, with why."""

    files: list[SkillFileEntry] = []
    odd: dict[str, str] = {}


def stage(target: Path, files: Sequence[SkillFileEntry], end: str = NEW) -> Path:
    """Write a folder beside its place, whole and synced; `swap` puts it there. `end`: what its name ends with.

    Raises LibraryConflict when a file's path leaves the folder, OSError when the disk refuses; nothing is left then.
    """
    _make(target.parent)
    for left in leftovers(target.parent, target.name):
        if not may_matter(left):
            discard(left)
    waiting = _beside(target, end)
    waiting.mkdir()
    try:
        for file in files:
            _write(waiting, file)
        for folder, _, _ in os.walk(waiting, topdown=False):
            sync(Path(folder))
    except BaseException:
        discard(waiting)
        raise
    return waiting


def swap(waiting: Path, target: Path) -> None:
    """Put a staged folder at its place, in one step: readers find the old folder or the new one."""
    if target.exists():
        exchange(waiting, target)
        sync(target.parent)
        discard(waiting)
        return
    waiting.rename(target)
    sync(target.parent)


def may_matter(left: Path) -> bool:
    """Whether people may want to have back what a crash left."""
    found = _LEFT.fullmatch(left.name)
    return found is not None and found["end"] == KEPT


def owner(left: Path) -> str:
    """The name of the skill that a leftover belonged to."""
    found = _LEFT.fullmatch(left.name)
    return found["name"] if found else left.name


def discard(folder: Path) -> None:
    """Take a folder away in one step, then remove it; one that is gone already is fine.

    It is renamed first: of two that remove it, or one that removes and one that uses it, only one has it.
    """
    gone = _beside(folder.with_name(owner(folder)), OLD)
    try:
        folder.rename(gone)
    except FileNotFoundError:
        return
    sync(folder.parent)
    shutil.rmtree(gone, ignore_errors=True)


def rewrite(folder: Path, file: SkillFileEntry) -> None:
    """Put one file into a folder that stays, in one step."""
    waiting = _beside(folder, NEW)
    waiting.mkdir()
    try:
        _write(waiting, file)
        (waiting / file.path).replace(folder / file.path)
        sync(folder)
    finally:
        discard(waiting)


def read(folder: Path) -> Lying:
    """What lies in a folder; links are never followed. Raises OSError when it cannot be listed at all."""
    files: list[SkillFileEntry] = []
    odd: dict[str, str] = {}
    for place in _entries(folder):
        path = place.relative_to(folder).as_posix()
        if why := _odd(place):
            odd[path] = why
            continue
        try:
            files.append(SkillFileEntry(path=path, data=place.read_bytes()))
        except OSError as error:
            odd[path] = f"cannot be read: {error.strerror}"
    return Lying(files=files, odd=odd)


def leftovers(parent: Path, name: str | None = None) -> list[Path]:
    """What crashes left in a folder, of all names or of one."""
    try:
        found = [(entry, _LEFT.fullmatch(entry.name)) for entry in parent.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(entry for entry, left in found if left and name in (None, left["name"]))


def sync(folder: Path) -> None:
    """See to it that the names in a folder outlive a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _beside(target: Path, end: str) -> Path:
    return target.parent / f".{target.name}.{token_hex(4)}.{end}"


def _make(folder: Path) -> None:
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for place in missing:
        sync(place.parent)


def _write(folder: Path, file: SkillFileEntry) -> None:
    place = folder / file.path
    if not place.resolve().is_relative_to(folder.resolve()):
        raise LibraryConflict(f"{file.path!r} does not lie inside its skill.")
    place.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o777 if file.data.startswith(b"#!") else 0o666  # what begins so is run, not read
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as out:
        out.write(file.data)
        out.flush()
        os.fsync(out.fileno())


def _entries(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder, onerror=_raise):
        folders.sort()
        yield from (Path(here, name) for name in folders if Path(here, name).is_symlink())
        yield from (Path(here, name) for name in sorted(files))


def _raise(error: OSError) -> None:
    if error.errno != errno.ENOENT:
        raise error


def _odd(place: Path) -> str | None:
    try:
        found = place.lstat()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if stat.S_ISLNK(found.st_mode):
        return f"is a link to {place.readlink()}"
    if not stat.S_ISREG(found.st_mode):
        return "is no plain file"
    return f"has {found.st_size:,} bytes, more than {LARGEST:,}" if found.st_size > LARGEST else None
