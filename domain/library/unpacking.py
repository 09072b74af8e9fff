"""The files of an archive of ours, opened elsewhere: all of them or none. Must not write to a disk.

`domain/library/unpack.py` has the caps and refuses what is no plain file in its place; there the rest of an import goes
on without it, here nothing is left out: what was reviewed must be what is installed.
"""

import io

from domain.errors import SkillFileError
from domain.library.archive import ArchiveFormat, check_paths
from domain.library.unpack import unpack
from domain.skill import SKILL_FILE, SkillFileEntry
from domain.sniff import Medium


def unpacked(data: bytes, form: ArchiveFormat, *, folder: str = "") -> list[SkillFileEntry]:
    """The files by path; `folder`: the one folder that a `.skill` wraps them in.

    Raises SkillFileError (`unpackable`), UnsafeArchive.
    """
    medium = Medium.TAR_GZ if form is ArchiveFormat.TAR_GZ else Medium.ZIP
    found = unpack(io.BytesIO(data), medium, len(data))
    if found.refused or found.skipped:
        why = (
            ", ".join(f"{one.path!r}: {one.code}" for one in found.refused[:5])
            or "it holds what no archive of ours has"
        )
        raise SkillFileError("unpackable", f"The archive is refused; {why}.")
    files = [_inside(file, f"{folder}/") for file in found.files] if form is ArchiveFormat.SKILL else found.files
    check_paths([file.path for file in files])
    if SKILL_FILE not in {file.path for file in files}:
        raise SkillFileError("unpackable", "There is no SKILL.md at the root of the archive.")
    return sorted(files, key=lambda file: file.path.encode("utf-8", "replace"))


def _inside(file: SkillFileEntry, folder: str) -> SkillFileEntry:
    if not file.path.startswith(folder):
        raise SkillFileError("unpackable", f"{file.path[:100]!r} does not lie in {folder}; the archive is refused.")
    return SkillFileEntry(path=file.path.removeprefix(folder), data=file.data)
