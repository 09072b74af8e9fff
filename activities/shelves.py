"""Folders of skills on a disk: written beside their place, synced, then renamed, so that readers see whole ones only.

Knows nothing of jobs or rows. Paths are POSIX and relative to the library's root, and never leave it.
"""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from activities import drafts_folder, folders
from activities.exchange import exchange
from activities.folders import Lying
from domain.errors import LibraryConflict
from domain.skill import DRAFTS, SKILL_FILE, SkillFileEntry
from domain.skill_file import digest
from domain.taxonomy import default_taxonomy

TAXONOMY = "taxonomy.yaml"

HIDDEN = "._"
"""What begins with one of these is no shelf and no skill: drafts, templates, what was set aside or is half-written."""


EDITED = "_edited"
"""Where folders go that people edited by hand."""


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
            if file.parent.parent.name[0] not in HIDDEN and file.parent.name[0] not in HIDDEN
        }

    def lying(self, path: str) -> Lying | None:
        """What lies at this place, or None."""
        folder = self._inside(path)
        return folders.read(folder) if folder.is_dir() else None

    def digest_at(self, path: str) -> str | None:
        """The digest of the skill that lies at this place, or None. A link in it is never the file that it names."""
        found = self.lying(path)
        return None if found is None else digest(_entries(found))

    def draft_digest(self, job_id: UUID) -> str | None:
        """The digest of what lies in a job's folder of drafts, None when there is none; several skills have one too."""
        named = self._drafts_of(job_id)
        return self.digest_at(named[0]) if len(named) == 1 else digest([]) if named else None

    def draft(self, job_id: UUID) -> Lying | None:
        """What lies in a job's folder of drafts, None when that is not one skill."""
        named = self._drafts_of(job_id)
        return self.lying(named[0]) if len(named) == 1 else None

    def _drafts_of(self, job_id: UUID) -> list[str]:
        folder = self._inside(f"{DRAFTS}/{job_id}")
        named = sorted(each.name for each in folder.iterdir() if each.name[0] != ".") if folder.is_dir() else []
        return [f"{DRAFTS}/{job_id}/{name}" for name in named]

    def add(self, path: str, files: Sequence[SkillFileEntry], wanted: str) -> None:
        """Put a skill at a free place. The same skill there already is fine; another one is a LibraryConflict."""
        standing = self.digest_at(path)
        if standing == wanted:
            return
        if standing is not None:
            raise LibraryConflict(f"{path} is taken by another skill. Promote under another category or name.")
        self.put(path, self.stage(path, files))

    def replace(self, path: str, files: Sequence[SkillFileEntry]) -> None:
        """Put a skill at a place, instead of what lies there."""
        if self.digest_at(path) != digest(files):
            self.put(path, self.stage(path, files))

    def stage(self, path: str, files: Sequence[SkillFileEntry]) -> Path:
        """Write a skill beside its place; nobody sees it before it is `put` there."""
        return folders.stage(self._inside(path), files)

    def put(self, path: str, staged: Path) -> None:
        """Put a staged skill at its place, in one step."""
        folders.swap(staged, self._inside(path))

    def rewrite(self, path: str, file: SkillFileEntry) -> None:
        """Put one file of a skill into its folder, in one step; the others stay untouched, with their modes."""
        folders.rewrite(self._inside(path), file)

    def holds(self, path: str, files: Sequence[SkillFileEntry]) -> bool:
        """Whether these files lie at this place and nothing else does, `metadata.json` compared like any other."""
        found = self.lying(path)
        if found is None or found.odd:
            return False
        return {file.path: file.data for file in found.files} == {file.path: file.data for file in files}

    def places(self) -> list[str]:
        """Every folder on a shelf, as `<category>/<name>`, but those of ours; links are none."""
        return [_posix(entry, self.root) for entry in self._on_shelves() if entry.is_dir() and not entry.is_symlink()]

    def links(self) -> list[str]:
        """Links where a shelf or a folder should be, also those that lead nowhere or in a circle."""
        shelves = [entry for entry in _visible(self.root) if entry.is_symlink()]
        return [_posix(entry, self.root) for entry in (*shelves, *self._on_shelves()) if entry.is_symlink()]

    def leftovers(self) -> list[Path]:
        """What crashes left on the shelves, beside the folders of drafts and in them."""
        drafts = self.root / DRAFTS
        parents = [*self._shelves(), drafts, *(drafts / name for name in self.draft_folders())]
        return [left for parent in parents for left in folders.leftovers(parent)]

    def draft_folders(self) -> list[str]:
        """The names of the folders of drafts: ids of jobs, if nobody meddled. What is being removed is none any more:
        a promotion that died left it under a name of `leftovers`, retention under its own, and takes it up again."""
        drafts = self.root / DRAFTS
        if not drafts.is_dir():
            return []
        left = {entry.name for entry in folders.leftovers(drafts)}
        there = {entry.name for entry in drafts.iterdir() if entry.is_dir()}
        return sorted(name for name in there - left if not drafts_folder.going(name))

    def _shelves(self) -> list[Path]:
        return [entry for entry in _visible(self.root) if entry.is_dir() and not entry.is_symlink()]

    def _on_shelves(self) -> list[Path]:
        return [entry for shelf in self._shelves() for entry in _visible(shelf)]

    def elsewhere(self, name: str, than: str) -> list[str]:
        """Other shelves on which a skill of this name lies."""
        found = (folder.parent.name for folder in self.root.glob(f"*/{name}") if folder.is_dir())
        return sorted(f"{shelf}/{name}" for shelf in found if shelf[0] not in HIDDEN and f"{shelf}/{name}" != than)

    def set_aside(self, path: str) -> str:
        """Move a folder that people edited to `_edited/<name>-<digest8>`, in one step; returns where it lies now."""
        folder = self._inside(path)
        return self._keep(folder, folder.name)

    def bring_back(self, path: str, files: Sequence[SkillFileEntry]) -> str:
        """Put a version back in one step, and keep what people made of it; returns where that lies now."""
        folder = self._inside(path)
        waiting = folders.stage(folder, files, folders.KEPT)
        exchange(waiting, folder)
        return self._keep(waiting, folder.name)

    def keep_leftover(self, left: Path) -> str:
        """Keep what a repair that died had taken out of its place; returns where it lies now."""
        return self._keep(left, folders.owner(left))

    def _keep(self, folder: Path, name: str) -> str:
        kept = self.root / EDITED / f"{name}-{digest(_entries(folders.read(folder)))[:8]}"
        kept.parent.mkdir(exist_ok=True)
        while kept.exists():
            kept = kept.with_name(f"{kept.name}-again")
        folder.rename(kept)
        folders.sync(kept.parent)
        folders.sync(folder.parent)
        return kept.relative_to(self.root).as_posix()

    def take_back(self, path: str, wanted: str) -> None:
        """Remove a skill if it is still the one that was put there."""
        if self.digest_at(path) == wanted:
            self.remove(path)

    def remove(self, path: str) -> None:
        """Remove a folder; one that is gone already is fine. Readers find all of it or nothing."""
        folders.discard(self._inside(path))

    def _inside(self, path: str) -> Path:
        root = self.root.resolve()
        place = (root / path).resolve()
        if place == root or not place.is_relative_to(root):
            raise LibraryConflict(f"{path!r} does not lie inside the library.")
        if place != root / path:
            raise LibraryConflict(f"{path!r} is a link, or lies under one. Put a folder there.")
        return place


def _entries(found: Lying) -> list[SkillFileEntry]:
    """All that lies there, so that what is no plain file changes the digest too."""
    odd = [SkillFileEntry(path=path, data=f"\0{why}".encode()) for path, why in found.odd.items()]
    return [*found.files, *odd]


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if entry.name[0] not in HIDDEN)


def _posix(entry: Path, root: Path) -> str:
    return entry.relative_to(root).as_posix()
