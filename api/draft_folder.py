"""The folder of a job's draft, as it lies on this machine: has anybody edited it? Reads, follows no link."""

from hashlib import sha256
from pathlib import Path
from uuid import UUID

from domain.skill import DRAFTS, SkillFileEntry
from domain.skill_file import digest

MOST = 64 * 1024 * 1024
"""Bytes of a draft that are read; what is larger was not written by us."""


def digest_of_draft(library: Path, job_id: UUID) -> str | None:
    """The digest of the skill in a job's folder of drafts. None when there is no folder, or it is on another machine.

    A link, a file that cannot be read, two skills or too many bytes have a digest that no revision has.
    """
    folder = library / DRAFTS / str(job_id)
    try:
        named = [item for item in folder.iterdir() if not item.name.startswith(".")]
        return digest(_files(named[0])) if len(named) == 1 else None if not named else _odd(str(folder))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return _odd(str(error))


def _files(folder: Path) -> list[SkillFileEntry]:
    """Every file, in order. Raises OSError for what is no plain file."""
    found: list[SkillFileEntry] = []
    room = MOST
    for place in sorted(folder.rglob("*")):
        if place.is_symlink() or not (place.is_file() or place.is_dir()):
            raise OSError(f"{place} is no plain file")
        if place.is_file():
            room -= place.stat().st_size
            if room < 0:
                raise OSError(f"{folder} holds more than {MOST} bytes")
            found.append(SkillFileEntry(path=place.relative_to(folder).as_posix(), data=place.read_bytes()))
    return found


def _odd(why: str) -> str:
    return sha256(b"no skill: " + why.encode("utf-8", "replace")).hexdigest()
