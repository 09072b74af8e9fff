"""The log files of the parts: one of this run, one of the run before. Bounded, because a part may die in a loop."""

from pathlib import Path

LIMIT = 20_000_000
"""Bytes after which a restarted part begins a new file: a loop of two tracebacks a second writes 30 MB in an hour."""


def rotate(log: Path) -> None:
    """Keep the log of the run before as `<name>.1`, and only that."""
    if log.exists():
        log.replace(log.with_name(log.name + ".1"))


def trim(log: Path, limit: int = LIMIT) -> None:
    """Rotate a log that has grown over `limit` bytes; the writer must not be running."""
    if log.exists() and log.stat().st_size > limit:
        rotate(log)
