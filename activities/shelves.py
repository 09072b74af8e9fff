"""Folders of skills on a disk: written beside their place, synced, then renamed, so that readers see whole ones only.

Knows nothing of jobs or rows. Paths are POSIX and relative to the library's root, and never leave it.
"""

import os
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.errors import LibraryConflict
from domain.skill import DRAFTS, SKILL_FILE, SkillFileEntry
from domain.skill_file import digest
from domain.taxonomy import default_taxonomy

TAXONOMY = "taxonomy.yaml"


@dataclass(frozen=True)
class Shelves:
    """The library's root folder."""

    root: Path

    def prepare(self) -> bytes:
        """Make the root with a default taxonomy if they are missing; returns the taxonomy's bytes."""
        self.root.mkdir(parents=True, exist_ok=True)
        file = self.root / TAXONOMY
        if not file.exists():
            whole = file.with_name(f".{TAXONOMY}.{os.getpid()}")
            whole.write_bytes(default_taxonomy())
            whole.replace(file)  # who is killed amid the writing leaves no half of it
        return file.read_bytes()

    def names(self) -> Collection[str]:
        """The names of all published skills that lie here, whoever put them there."""
        found = self.root.glob(f"*/*/{SKILL_FILE}")
        return {
            file.parent.name
            for file in found
            if file.parent.parent.name != DRAFTS and not file.parent.name.startswith(".")
        }

    def digest_at(self, path: str) -> str | None:
        """The digest of the skill that lies at this place, or None."""
        folder = self._inside(path)
        if not folder.is_dir():
            return None
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        return digest([SkillFileEntry(path=_posix(file, folder), data=file.read_bytes()) for file in files])

    def add(self, path: str, files: Sequence[SkillFileEntry], wanted: str) -> None:
        """Put a skill at a free place. The same skill there already is fine; another one is a LibraryConflict."""
        standing = self.digest_at(path)
        if standing == wanted:
            return
        if standing is not None:
            raise LibraryConflict(f"{path} is taken by another skill. Promote under another category or name.")
        self._write(path, files)

    def replace(self, path: str, files: Sequence[SkillFileEntry]) -> None:
        """Put a skill at a place, instead of what lies there."""
        if self.digest_at(path) != digest(files):
            self._write(path, files)

    def take_back(self, path: str, wanted: str) -> None:
        """Remove a skill if it is still the one that was put there."""
        if self.digest_at(path) == wanted:
            self.remove(path)

    def remove(self, path: str) -> None:
        """Remove a folder; one that is gone already is fine."""
        folder = self._inside(path)
        if folder.exists():
            shutil.rmtree(folder)

    def _write(self, path: str, files: Sequence[SkillFileEntry]) -> None:
        target = self._inside(path)
        waiting = target.parent / f".{target.name}.new"
        for file in files:
            if not (waiting / file.path).resolve().is_relative_to(waiting.resolve()):
                raise LibraryConflict(f"{file.path!r} does not lie inside its skill.")
        shutil.rmtree(waiting, ignore_errors=True)
        for file in files:
            place = waiting / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as out:
                out.write(file.data)
                out.flush()
                os.fsync(out.fileno())
        old = target.parent / f".{target.name}.old"
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.rename(old)
        waiting.rename(target)
        _sync(target.parent)
        shutil.rmtree(old, ignore_errors=True)

    def _inside(self, path: str) -> Path:
        root = self.root.resolve()
        place = (root / path).resolve()
        if place == root or not place.is_relative_to(root):
            raise LibraryConflict(f"{path!r} does not lie inside the library.")
        return place


def _posix(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
