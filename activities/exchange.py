"""Two names of a folder change places in one step, so that nobody ever finds neither of them.

Linux has a call for it (`renameat2` with RENAME_EXCHANGE; ext4, xfs, btrfs, tmpfs and overlayfs take it). Where the
kernel or the file system has none, the old folder is renamed away first: then the name is free for an instant.
"""

import ctypes
import errno
import os
from pathlib import Path

EXCHANGE = 2
"""RENAME_EXCHANGE of `linux/fs.h`."""
AT_FDCWD = -100
"""Paths are taken as they are."""

WITHOUT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}
"""What a kernel or a file system says that has no such call."""


def exchange(new: Path, standing: Path) -> bool:
    """Exchange what lies at two places of one file system; both must exist.

    True when it was one step; False when it took two renames. Raises OSError, with both as they were.
    """
    try:
        _at_once(new, standing)
    except OSError as refused:
        if refused.errno not in WITHOUT:
            raise
        _one_after_the_other(new, standing)
        return False
    return True


def _at_once(new: Path, standing: Path) -> None:
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if call(AT_FDCWD, os.fsencode(new), AT_FDCWD, os.fsencode(standing), EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(standing))


def _one_after_the_other(new: Path, standing: Path) -> None:
    aside = new.with_name(f"{new.name}.aside")
    standing.rename(aside)
    try:
        new.rename(standing)
    except OSError:
        aside.rename(standing)
        raise
    aside.rename(new)
