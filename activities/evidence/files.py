"""Evidence beside the library: `_evidence/<name>/<version>/`, outside of every published folder and archive.

What a publication proved is `evaluation.json` and `evidence.md`; a later evaluation has its agent's model in the names.
All of it can be made again from the rows. Knows nothing of jobs or rows.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from domain.errors import LibraryConflict
from domain.evidence.report import EvaluationReport, as_json
from domain.evidence.report_text import markdown

EVIDENCE = "_evidence"
"""The folder; what begins with `_` is no shelf."""

_ODD = re.compile(r"[^A-Za-z0-9.-]+")
MOST_NAME = 80
"""Characters of a model in the name of a file."""


@dataclass(frozen=True)
class EvidenceFiles:
    """The library's root folder."""

    root: Path

    def write(self, report: EvaluationReport) -> str:
        """Write both files of a report on a published version, each whole or not at all; the same report twice is the
        same files. Returns where, relative to the library. Raises OSError, LibraryConflict."""
        folder = self._folder(report.name, report.version)
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in zip(
            names(report.reason, report.models.agent), (as_json(report), markdown(report)), strict=True
        ):
            _put(folder / name, text.encode("utf-8", "replace"))
        return folder.relative_to(self.root.resolve()).as_posix()

    def missing(self, name: str, version: str, reason: str, model: str) -> list[str]:
        """Files of a report that are not there, relative to the library. Raises LibraryConflict."""
        folder = self._folder(name, version)
        lost = [folder / file for file in names(reason, model) if not (folder / file).is_file()]
        return [file.relative_to(self.root.resolve()).as_posix() for file in lost]

    def _folder(self, name: str, version: str) -> Path:
        place = self.root.resolve() / EVIDENCE / name / version
        if not (name and version) or place.resolve() != place or place.parent.parent.name != EVIDENCE:
            raise LibraryConflict(f"{EVIDENCE}/{name[:80]}/{version[:40]} is a link, or lies under one. Move it away.")
        return place


def names(reason: str | None, model: str) -> tuple[str, str]:
    """The names of the JSON and of the text."""
    own = _ODD.sub("-", model)[:MOST_NAME].strip("-.") or "unknown"
    mark = "" if reason == "publication" else f"-{own}"
    return f"evaluation{mark}.json", f"evidence{mark}.md"


def _put(place: Path, data: bytes) -> None:
    """Beside its place first; a crash leaves a file that begins with a dot, and the next writing replaces it."""
    if place.is_symlink():
        raise LibraryConflict(f"{place.name} is a link. Remove it.")
    whole = place.with_name(f".{place.name}.{os.getpid()}")
    with whole.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    whole.replace(place)
