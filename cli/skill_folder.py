"""Skills on this disk as bytes: which folders hold one, and what is in them. Reads regular files only.

A link is never followed and a device or pipe never opened; that they are there is a finding. Must not judge a skill.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cli.problems import CliError
from domain.rules.rule import Rule
from domain.rules.rule_list import FILE_HARD_LINK, FILE_LINK, MAIN_FOLDER, SKILL_TOO_LARGE, SKILL_UNREADABLE
from domain.skill import SKILL_FILE, Finding, SkillFileEntry

MAX_FILES = 2_000
MAX_BYTES = 64 * 1024 * 1024
"""A folder with more is no skill; it is not read to its end."""
DEEPEST = 6
"""Folders below the one that was given in which skills are looked for, as the format's guide for clients has it."""
MOST_FOLDERS = 20_000
PASSED_BY = frozenset({".git", "node_modules", "__pycache__", ".venv"})
"""Never a place of skills; nor is what begins with `.`, or with `_` in a library: drafts and templates."""


class FolderRead(NamedTuple):
    """What a folder holds, and what was found while it was read."""

    entries: list[SkillFileEntry]
    findings: list[Finding]


class FolderProblem(CliError):
    """A folder that cannot be read to its end. `finding`: the same, said of the one skill among many."""

    def __init__(self, rule: Rule, path: Path, *, message: str, why: str, next_step: str) -> None:
        super().__init__(message, why=why, next_step=next_step)
        self._rule, self._path, self._message = rule, path, f"{message.rstrip('.')}: {why}."

    def finding(self, folder: Path) -> Finding:
        """The finding on the skill in this folder, in strict severity."""
        file = readable(self._path.relative_to(folder)) if self._path != folder else SKILL_FILE
        return self._rule.found(self._message, file=file)


def readable(path: Path | str) -> str:
    """The path in POSIX writing for people and documents; bytes that are no UTF-8 are written as `\\xff`."""
    name = path.as_posix() if isinstance(path, Path) else path
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def skills_below(top: Path) -> list[Path]:
    """The folder itself when it holds a SKILL.md, else every folder below that does, in order; empty for none.

    A folder that may not be read is one of them: whoever reads it next says so, and the others are not lost.
    """
    found = list(_found(top))
    return [top] if top in found else found


def _found(top: Path) -> Iterator[Path]:
    waiting, seen = [(top, 0)], 0
    while waiting:
        folder, depth = waiting.pop()
        seen += 1
        if seen > MOST_FOLDERS:
            raise _too_large(top)
        try:
            entries = _scanned(folder)
        except FolderProblem:
            yield folder
            continue
        if any(entry.name.lower() == SKILL_FILE.lower() for entry in entries):
            yield folder
        elif depth < DEEPEST:
            below = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
            waiting += [(path, depth + 1) for path in reversed(below) if _is_place(path.name)]


def _is_place(name: str) -> bool:
    return name not in PASSED_BY and not name.startswith(("_", "."))


def _scanned(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        raise _unreadable(folder, error) from error


def read(folder: Path) -> FolderRead:
    """Every regular file below the folder. Raises FolderProblem for what cannot be read or is too large."""
    read = FolderRead([], [])
    size, waiting = 0, [folder]
    while waiting:
        for entry in _scanned(waiting.pop()):
            path = readable(Path(entry.path).relative_to(folder))
            if entry.is_dir(follow_symlinks=False):
                read.findings.extend([MAIN_FOLDER.found(MAIN_FOLDER.about)] if path == SKILL_FILE else [])
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


def _too_large(path: Path) -> FolderProblem:
    return FolderProblem(
        SKILL_TOO_LARGE,
        path,
        message=f"{readable(path)} is too large for a skill.",
        why=f"more than {MAX_FILES} files or {MAX_BYTES} bytes",
        next_step="give the folder that holds SKILL.md, not one above it",
    )


def _unreadable(path: Path, error: OSError) -> FolderProblem:
    return FolderProblem(
        SKILL_UNREADABLE,
        path,
        message=f"{readable(path)} cannot be read.",
        why=error.strerror or type(error).__name__,
        next_step="check its permissions",
    )
