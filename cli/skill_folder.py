"""Skills on this disk as bytes: which folders hold one, and what is in them. Reads regular files only.

A link is never followed and a device or pipe never opened; that they are there is a finding. Must not judge a skill.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cli.problems import CliError
from domain.rule_list import FILE_HARD_LINK, FILE_LINK
from domain.skill import SKILL_FILE, Finding, SkillFileEntry

MAX_FILES = 2_000
MAX_BYTES = 64 * 1024 * 1024
"""A folder with more is no skill; it is not read to its end."""
DEEPEST = 6
"""Folders below the one that was given in which skills are looked for, as the format's guide for clients has it."""
MOST_FOLDERS = 20_000
PASSED_BY = frozenset({".git", "node_modules", "__pycache__", ".venv"})
"""Never a place of skills; nor is what begins with `_` in a library: drafts and templates."""


class FolderRead(NamedTuple):
    """What a folder holds, and what was found while it was read."""

    entries: list[SkillFileEntry]
    findings: list[Finding]


def skills_below(top: Path) -> list[Path]:
    """The folder itself when it holds a SKILL.md, else every folder below that does, in order; empty for none."""
    if _holds_skill(top):
        return [top]
    return list(_found(top))


def _found(top: Path) -> Iterator[Path]:
    waiting, seen = [(top, 0)], 0
    while waiting:
        folder, depth = waiting.pop()
        seen += 1
        if seen > MOST_FOLDERS:
            raise _too_large(top)
        if depth and _holds_skill(folder):
            yield folder
        elif depth < DEEPEST:
            below = [Path(entry.path) for entry in _scanned(folder) if entry.is_dir(follow_symlinks=False)]
            waiting += [(path, depth + 1) for path in reversed(below) if _is_place(path.name)]


def _is_place(name: str) -> bool:
    return name not in PASSED_BY and not name.startswith("_")


def _holds_skill(folder: Path) -> bool:
    return any(entry.name.lower() == SKILL_FILE.lower() for entry in _scanned(folder))


def _scanned(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        raise _unreadable(folder, error) from error


def read(folder: Path) -> FolderRead:
    """Every regular file below the folder. Raises CliError for what cannot be read or is too large for a skill."""
    read = FolderRead([], [])
    size, waiting = 0, [folder]
    while waiting:
        for entry in _scanned(waiting.pop()):
            path = Path(entry.path).relative_to(folder).as_posix()
            if entry.is_dir(follow_symlinks=False):
                waiting += [Path(entry.path)] if entry.name not in PASSED_BY else []
                continue
            data = _bytes(entry, path, read.findings)
            if data is None:
                continue
            size += len(data)
            if size > MAX_BYTES or len(read.entries) >= MAX_FILES:
                raise _too_large(folder)
            read.entries.append(SkillFileEntry(path=path, data=data))
    read.entries.sort(key=lambda entry: entry.path)
    return read


def _bytes(entry: os.DirEntry[str], path: str, findings: list[Finding]) -> bytes | None:
    """The bytes of a regular file. Opened so that neither a link nor a pipe that comes in between can catch us."""
    try:
        about = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(about.st_mode):
            findings.append(FILE_LINK.found(f"This is {_kind(about.st_mode)}, which is not followed.", file=path))
            return None
        if about.st_nlink > 1:
            findings.append(FILE_HARD_LINK.found(f"This file has {about.st_nlink} names.", file=path))
        if about.st_size > MAX_BYTES:
            raise _too_large(Path(entry.path))
        handle = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            return file.read(MAX_BYTES + 1) if stat.S_ISREG(os.fstat(handle).st_mode) else None
    except OSError as error:
        raise _unreadable(Path(entry.path), error) from error


def _kind(mode: int) -> str:
    kinds = {stat.S_IFLNK: "a symbolic link", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _too_large(folder: Path) -> CliError:
    return CliError(
        f"{folder} is too large for a skill.",
        why=f"more than {MAX_FILES} files or {MAX_BYTES} bytes",
        next_step="give the folder that holds SKILL.md, not one above it",
    )


def _unreadable(path: Path, error: OSError) -> CliError:
    return CliError(f"{path} cannot be read.", why=error.strerror or str(error), next_step="check its permissions")
