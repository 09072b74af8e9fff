"""The files of a version as one file: `.skill`, `.zip` and `.tar.gz`, whose bytes depend on nothing but the files.

Nothing is compressed. What deflate writes differs between zlib, its successors and their versions, so a digest that an
index states for ever could not be made again elsewhere; skills are small texts, and HTTP may compress on its way. What
is left is fixed by the formats themselves: entries sorted by the bytes of their paths, one time, two modes, no owner,
no links, no extra fields. The zip records come from `zipfile`, told every field that it would else take from clock or
system; the tar is plain ustar, with a pax record only where a path is too long for it or not ASCII; the gzip frame is
written here, as stored blocks of a fixed size, because `gzip` would leave their size to zlib. A test pins the digests.

Must not read a disk, and must not judge the files; it refuses only paths that could not be unpacked safely.
"""

import io
import struct
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from zlib import crc32

from domain.errors import SkillFileError
from domain.library.package import path_problem
from domain.library.unpack import LITTER, SKIPPED
from domain.skill import METADATA_FILE, SKILL_FILE, SkillFileEntry

FILE_MODE, SCRIPT_MODE = 0o644, 0o755
SCRIPTS = "scripts/"
_REGULAR = 0o100000
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can name."""

_UNIX, _ZIP_VERSION = 3, 20
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""RFC 1952: deflate, no flags (so no name), no time, no level, unknown system."""

_BLOCK = 0xFFFF
"""Bytes of the longest stored block (RFC 1951, 3.2.4)."""

_NEVER = SKIPPED | LITTER
_EVALS = "evals/"


class ArchiveFormat(StrEnum):
    """`skill`: a zip with one folder of the skill's name; `zip` and `tar.gz` have SKILL.md at their root."""

    SKILL = "skill"
    ZIP = "zip"
    TAR_GZ = "tar.gz"


MEDIA_TYPES = {
    ArchiveFormat.SKILL: "application/zip",
    ArchiveFormat.ZIP: "application/zip",
    ArchiveFormat.TAR_GZ: "application/gzip",
}


def shipped(files: Sequence[SkillFileEntry]) -> list[SkillFileEntry]:
    """The files that go to users, sorted: no evaluations, and nothing that tools leave behind."""
    kept = [file for file in files if not file.path.startswith(_EVALS) and not _NEVER & set(file.path.split("/"))]
    return sorted(kept, key=lambda file: file.path.encode("utf-8", "replace"))


def is_lone(files: Sequence[SkillFileEntry]) -> bool:
    """Whether SKILL.md is all there is to ship, beside the generated `metadata.json`."""
    return [file.path for file in shipped(files) if file.path != METADATA_FILE] == [SKILL_FILE]


def mode_of(file: SkillFileEntry) -> int:
    """Permissions of a file: a script with a `#!` may be run, nothing else."""
    return SCRIPT_MODE if file.path.startswith(SCRIPTS) and file.data.startswith(b"#!") else FILE_MODE


def archive(name: str, files: Sequence[SkillFileEntry], form: ArchiveFormat) -> bytes:
    """The archive of a skill's shipped files. Raises SkillFileError (`unpackable`) for paths that may not be in one."""
    chosen = shipped(files)
    _check(chosen)
    if form is ArchiveFormat.TAR_GZ:
        return _gzipped(_tar(chosen))
    return _zip(chosen, f"{name}/" if form is ArchiveFormat.SKILL else "")


def check_paths(paths: Sequence[str]) -> None:
    """Raise SkillFileError (`unpackable`) unless these can lie beside each other in one folder, on every system."""
    wrong = next((path for path in paths if path_problem(path)), None)
    if wrong is not None:
        raise SkillFileError("unpackable", f"The path {wrong[:100]!r} may not be in an archive; rename the file.")
    folded = Counter(path.casefold() for path in paths)
    twice = next((path for path, number in folded.items() if number > 1), None)
    if twice is not None:
        raise SkillFileError("unpackable", f"Two files have the path {twice[:100]!r} when case does not count.")
    above = {"/".join(parts[:end]) for path in folded for parts in [path.split("/")] for end in range(1, len(parts))}
    both = next((path for path in folded if path in above), None)
    if both is not None:
        raise SkillFileError("unpackable", f"{both[:100]!r} is a file and a folder at once.")


def _check(files: Sequence[SkillFileEntry]) -> None:
    check_paths([file.path for file in files])
    if SKILL_FILE not in {file.path for file in files}:
        raise SkillFileError("unpackable", "There is no SKILL.md; without it this is no skill.")


def _zip(files: Sequence[SkillFileEntry], prefix: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as made:
        for file in files:
            entry = zipfile.ZipInfo(prefix + file.path, _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_STORED
            entry.create_system, entry.create_version, entry.extract_version = _UNIX, _ZIP_VERSION, _ZIP_VERSION
            entry.external_attr = (_REGULAR | mode_of(file)) << 16
            made.writestr(entry, file.data)
    return held.getvalue()


def _tar(files: Sequence[SkillFileEntry]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.PAX_FORMAT) as made:
        for file in files:
            entry = tarfile.TarInfo(file.path)
            entry.size, entry.mode, entry.mtime = len(file.data), mode_of(file), 0
            made.addfile(entry, io.BytesIO(file.data))
    return held.getvalue()


def _gzipped(data: bytes) -> bytes:
    return b"".join([_GZIP_HEADER, *_stored(data), struct.pack("<II", crc32(data), len(data) & 0xFFFFFFFF)])


def _stored(data: bytes) -> Iterator[bytes]:
    """The data as deflate's stored blocks: last or not, length, its complement, bytes."""
    for start in range(0, len(data) or 1, _BLOCK):
        block = data[start : start + _BLOCK]
        yield struct.pack("<BHH", start + _BLOCK >= len(data), len(block), len(block) ^ _BLOCK) + block
