"""`stack.json`: where the running stack is, for the command line and for programs. Written by `up`, read by anybody
who may read the data folder. It carries the database's password, so it is readable by its owner only.
"""

import os
import tempfile
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class Pids(BaseModel):
    """The processes themselves, not wrappers; None: this stack has no such part."""

    model_config = ConfigDict(frozen=True)

    api: int | None = None
    worker: int | None = None
    temporal: int | None = None
    postgres: int | None = None
    model: int | None = None


class Stack(BaseModel):
    """The content of `stack.json`."""

    model_config = ConfigDict(frozen=True)

    api_url: str
    temporal_address: str
    temporal_ui_url: str
    database_url: str = Field(repr=False)
    pids: Pids


def write_private(path: Path, text: str) -> None:
    """Replace a file at once, so that a reader sees the old text or the new one; mode 0600."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def write(path: Path, stack: Stack) -> None:
    """Replace the stack file."""
    write_private(path, stack.model_dump_json(indent=2) + "\n")


def read(path: Path) -> Stack | None:
    """The stack file, or None when there is none (or one that is not ours)."""
    try:
        return Stack.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
