"""The last event of each job that this person's terminal has shown, kept across runs. Must not talk to the api.

It is written after an event was shown: a kill in between shows one event again, and never leaves one out.
"""

import contextlib
import os
import tempfile
from pathlib import Path
from uuid import UUID

from platformdirs import user_state_path

KEPT = 1_000
"""Jobs remembered; the ones looked at longest ago are forgotten."""


class Seen:
    """One small file a job. A folder that cannot be written only means that a story is told from its beginning."""

    def __init__(self, folder: Path | None = None) -> None:
        """By default in the folder where this system keeps such things."""
        self._folder = folder or user_state_path("skill-fleet", appauthor=False) / "seen"

    def last(self, job_id: UUID) -> int:
        """The number of the last event shown; 0 when none was."""
        try:
            return max(int(self._file(job_id).read_text(encoding="ascii")), 0)
        except (OSError, ValueError):
            return 0

    def keep(self, job_id: UUID, seq: int) -> None:
        """This event was shown. The number never falls: another terminal may be further."""
        if seq <= self.last(job_id):
            return
        with contextlib.suppress(OSError):
            self._make_room(job_id)
            handle, name = tempfile.mkstemp(dir=self._folder, prefix=".")
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(str(seq))
            Path(name).replace(self._file(job_id))

    def _make_room(self, job_id: UUID) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._file(job_id).exists():
            return
        known = sorted(self._folder.iterdir(), key=lambda file: file.stat().st_mtime, reverse=True)
        for file in known[KEPT - 1 :]:
            file.unlink()

    def _file(self, job_id: UUID) -> Path:
        return self._folder / str(job_id)
