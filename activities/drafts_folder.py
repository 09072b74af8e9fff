"""The folder of drafts as retention sees it: which jobs have something there, and removing what one job has.

Follows no link, leaves the folder of drafts never, and touches nothing that is not named for a job. A folder is renamed
before it is emptied: readers see it whole or not at all, and what a crash leaves behind is found again.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from domain.skill import DRAFTS

GONE = ".gone"
"""Ends the name of a folder that is being emptied; a dot begins it."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def jobs_in(library: Path, after: str, limit: int) -> list[str]:
    """Ids of jobs that have something in the folder of drafts, in order, at most `limit` of those beyond `after`.

    Raises OSError, also when the folder of drafts is a link.
    """
    try:
        with _drafts(library) as drafts:
            named = {job for name in _names(drafts) if (job := _job_of(name)) is not None}
    except FileNotFoundError:
        return []
    return sorted(job for job in named if job > after)[:limit]


def going(name: str) -> bool:
    """Whether this is the name of a job's folder that is being emptied: nobody else may touch it."""
    return name.startswith(".") and name.endswith(GONE) and _job_of(name) is not None


def remove(library: Path, job: str) -> None:
    """Remove what a job has there. Raises OSError: also NotADirectoryError for a link or a file under its name."""
    with _drafts(library) as drafts:
        _empty(drafts, f".{job}{GONE}")
        try:
            kind = os.stat(job, dir_fd=drafts, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISDIR(kind):
            raise NotADirectoryError(f"{DRAFTS}/{job} is no folder: look what it is, and remove it by hand")
        os.rename(job, f".{job}{GONE}", src_dir_fd=drafts, dst_dir_fd=drafts)
        os.fsync(drafts)
        _empty(drafts, f".{job}{GONE}")


def _empty(drafts: int, name: str) -> None:
    """Remove a folder and all below it, if it is there; links in it go, not what they lead to."""
    if name in _names(drafts):
        shutil.rmtree(name, dir_fd=drafts)


def _names(drafts: int) -> list[str]:
    with os.scandir(drafts) as entries:
        return [entry.name for entry in entries]


@contextmanager
def _drafts(library: Path) -> Iterator[int]:
    """The folder of drafts, opened, so that what is done in it is done nowhere else."""
    root = os.open(library, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        drafts = os.open(DRAFTS, _FOLDER, dir_fd=root)
    finally:
        os.close(root)
    try:
        yield drafts
    finally:
        os.close(drafts)


def _job_of(name: str) -> str | None:
    """The id of the job that a name is for; None for any other name."""
    job = name.removeprefix(".").removesuffix(GONE) if name.startswith(".") else name
    try:
        return job if str(UUID(job)) == job else None
    except ValueError:
        return None
