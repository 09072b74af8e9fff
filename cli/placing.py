"""Skills on a disk: what lies in a folder, whether somebody changed it, and replacing it as a whole.

A folder is written beside its place and renamed into it, so that an agent sees the old skill or the new one. Must not
fetch anything, and must not follow a link out of a project.
"""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from pathlib import Path, PurePosixPath

from cli.lock import Locked, Place
from cli.problems import CliError
from domain.library.archive import mode_of
from domain.skill import SkillFileEntry

FOLDER_MODE = 0o755
LINK = "link"
"""Stands for the digest of what is a link or a device: no file of ours has it."""


class Found(StrEnum):
    """What lies where a skill is to be, beside what was recorded and what is to come."""

    NOTHING = "nothing"
    SAME = "same"
    OURS = "ours"
    CHANGED = "changed"


def target(place: Place, folder: PurePosixPath, name: str) -> Path:
    """Where a skill lies. Raises CliError when a link leads out of the project."""
    parent = place.root / folder
    if place.project and not parent.resolve().is_relative_to(place.root):
        raise CliError(
            f"{parent} leads out of the project.",
            why=f"it is {parent.resolve()}",
            next_step="replace the link by a folder",
        )
    return parent / name


def found_at(path: Path, coming: Mapping[str, str], locked: Locked | None) -> Found:
    """What lies there. Whatever nobody recorded counts as changed by hand."""
    if not path.exists() and not path.is_symlink():
        return Found.NOTHING
    there = sums(path)
    if there == dict(coming):
        return Found.SAME
    return Found.OURS if locked is not None and there == locked.files else Found.CHANGED


def sums(path: Path) -> dict[str, str]:
    """SHA-256 of each file below a folder by its path; what is no plain file has no digest of one."""
    if path.is_symlink() or not path.is_dir():
        return {"": LINK}
    return {
        file.relative_to(path).as_posix(): _sum(file)
        for file in path.rglob("*")
        if file.is_symlink() or not file.is_dir()
    }


def _sum(file: Path) -> str:
    if file.is_symlink() or not file.is_file():
        return LINK
    with file.open("rb") as stream:
        digest = sha256()
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def put(path: Path, files: Sequence[SkillFileEntry]) -> None:
    """Make a folder these files and nothing else; what lay there is gone. Raises CliError, and then it is as before."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        try:
            write(staged / "new", files)
            _swap(staged, path)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    except OSError as error:
        raise CliError(f"{path} cannot be written.", why=str(error), next_step="mend the folder") from error


def take_away(path: Path) -> None:
    """Remove a skill's folder, or the link in its place; one that is gone is fine. Raises CliError."""
    try:
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.exists():
            staged = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
            path.rename(staged / "old")
            shutil.rmtree(staged)
    except OSError as error:
        raise CliError(f"{path} cannot be removed.", why=str(error), next_step="mend the folder") from error


def write(folder: Path, files: Sequence[SkillFileEntry]) -> None:
    """A new folder with these files; scripts may be run. Raises OSError."""
    folder.mkdir(parents=True)
    for file in files:
        path = folder.joinpath(*file.path.split("/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
        path.chmod(mode_of(file))
    folder.chmod(FOLDER_MODE)


def _swap(staged: Path, path: Path) -> None:
    """Between the two renames nothing lies there; a crash then leaves the old one in the staged folder beside it."""
    old = staged / "old"
    if path.is_symlink() or path.exists():
        path.rename(old)
    try:
        (staged / "new").rename(path)
    except OSError:
        if old.is_symlink() or old.exists():
            old.rename(path)
        raise
