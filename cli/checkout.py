"""Which commit a folder of this disk is at, read from git's own files: no git is run, so no hook is, either."""

import re
from pathlib import Path

from cli.git_index import unchanged
from domain.library.importing import Checkout, without_login

MAX_FILE = 1024 * 1024
"""Bytes of a file of git's that are read; `packed-refs` of a large repository has some hundred KB."""

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def checkout_of(folder: Path) -> Checkout | None:
    """HEAD's commit, if the folder's files are as it has them, and the remote `origin` of the checkout that holds this
    folder; None when there is none. A submodule or linked worktree is none."""
    for place in (folder, *folder.parents):
        git = place / ".git"
        if git.is_dir() and not git.is_symlink():
            commit, remote = _commit(git), _remote(git)
            path = "" if folder == place else folder.relative_to(place).as_posix()[:1000]
            dirty = commit is not None and not unchanged(git, folder, commit)
            known = Checkout(commit=None if dirty else commit, remote=remote, path=path, dirty=dirty)
            return known if commit or remote else None
        if git.exists():
            return None
    return None


def _commit(git: Path) -> str | None:
    head = _text(git / "HEAD").strip()
    if not head.startswith("ref: "):
        return head if _COMMIT.fullmatch(head) else None
    name = head.removeprefix("ref: ").strip()
    if not name.startswith("refs/") or ".." in name:
        return None
    loose = _text(git / name).strip()
    if _COMMIT.fullmatch(loose):
        return loose
    packed = (line.split(" ", 1) for line in _text(git / "packed-refs").splitlines() if " " in line)
    return next((commit for commit, ref in packed if ref.strip() == name and _COMMIT.fullmatch(commit)), None)


def _remote(git: Path) -> str | None:
    """The address of `origin`, without a name or password in it."""
    section = ""
    for line in _text(git / "config").splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line
        elif section == '[remote "origin"]' and line.replace(" ", "").startswith("url="):
            return without_login(line.partition("=")[2].strip())[:500] or None
    return None


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_FILE).decode("utf-8", "replace")
    except OSError:
        return ""
