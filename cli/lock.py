"""What was installed where, so that it can be compared, brought up to date and taken away again.

One file for a project, to be committed with it, and one for a person's home. Other installers keep a `skills-lock.json`
of their own in a project; this one has another name, so that neither overwrites the other's.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from platformdirs import user_state_path
from pydantic import ValidationError

from cli.agents import Agent
from cli.problems import CliError
from domain.shape import Shape

PROJECT_FILE = "skill-fleet.lock.json"

PATIENCE = 60.0
"""Seconds to wait for another install into the same place; everything is fetched before, so it only writes files."""


class Locked(Shape):
    """An installed skill. `digest`: of the version's files in the library; `archive`: of what was fetched; `files`: the
    SHA-256 of each file by its path; `folders` are relative to the project or home; `asked`: by a person, not only as
    something that another skill requires."""

    version: str
    digest: str
    archive: str
    source: str
    agents: list[Agent]
    folders: list[str]
    files: dict[str, str]
    requires: list[str] = []
    asked: bool = True


class Lock(Shape):
    """The whole file; skills by name."""

    version: Literal[1] = 1
    skills: dict[str, Locked] = {}

    def having(self, name: str, skill: Locked) -> "Lock":
        """The lock with this skill."""
        return Lock(skills=dict(sorted({**self.skills, name: skill}.items())))

    def without(self, name: str) -> "Lock":
        """The lock without this skill."""
        return Lock(skills={known: skill for known, skill in self.skills.items() if known != name})


class Place:
    """A project's folder, or the home: where skills are installed and recorded."""

    def __init__(self, project: Path | None) -> None:
        """Raises CliError for a project that is no folder."""
        if project is not None and not project.is_dir():
            raise CliError(f"{project} is no folder.", next_step="name the project's folder with --dir")
        self.project = project is not None
        self.root = (project or Path.home()).resolve()
        state = user_state_path("skill-fleet", appauthor=False) / "installed.lock.json"
        self.file = self.root / PROJECT_FILE if self.project else state

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One process at a time from reading the file to writing it; whoever dies holds it no longer. Raises CliError.

        The file that is locked lies beside it and is removed by who holds it: a waiter that had it open sees that it
        is gone and begins anew.
        """
        beside = self.file.with_name(f".{self.file.name}.lock")
        lock = FileLock(beside)
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=PATIENCE)
        except Timeout as error:
            raise CliError(
                f"Another skill-fleet is at work in {self.root}.",
                why=f"it has held {beside} for {PATIENCE:.0f} seconds",
                next_step="let it finish, then run this again",
            ) from error
        except OSError as error:
            raise CliError(f"{beside} cannot be locked.", why=str(error), next_step="mend the folder") from error
        try:
            yield
        finally:
            with suppress(OSError):
                beside.unlink()
            lock.release()

    def read(self) -> Lock:
        """What is recorded; nothing when there is no file. Raises CliError for one that cannot be read."""
        try:
            return Lock.model_validate_json(self.file.read_bytes())
        except FileNotFoundError:
            return Lock()
        except (OSError, ValidationError) as error:
            raise CliError(
                f"{self.file} cannot be read.",
                why=str(error).splitlines()[0],
                next_step="mend it, or restore it from version control",
            ) from error

    def write(self, lock: Lock) -> None:
        """Replace the file as a whole. Raises CliError."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.file.parent, prefix=f".{self.file.name}.")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(lock.model_dump_json(indent=2) + "\n")
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(self.file)
        except OSError as error:
            raise CliError(f"{self.file} cannot be written.", why=str(error), next_step="mend the folder") from error
