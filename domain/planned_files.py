"""Which files a plan may ask for beside SKILL.md. A path from a model is a stranger's: legal, or dropped."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from domain.brief import PlannedFile
from domain.names import is_device
from domain.text import clipped

MOST_FILES = 4
"""Files of one plan. An agent reads none it is not pointed to, and SKILL.md has room to point to a few."""

MOST_PATH = 80

_LEGAL = re.compile(r"references/[a-z0-9]+(?:-[a-z0-9]+)*\.md|scripts/[a-z0-9]+(?:[-_][a-z0-9]+)*\.(?:py|sh)")


def planned_file(path: str, purpose: str) -> PlannedFile | None:
    """The file, its kind by its folder; None where the path is not one of ours or nothing is said of its purpose."""
    plain = path.strip().removeprefix("./")
    said = " ".join(purpose.split())
    if len(plain) > MOST_PATH or not _LEGAL.fullmatch(plain) or not said or is_device(PurePosixPath(plain).stem):
        return None
    kind = "reference" if plain.startswith("references/") else "script"
    return PlannedFile.model_validate({"path": plain, "kind": kind, "purpose": clipped(said, 200)})


def distinct_files(files: Iterable[PlannedFile | None], most: int = MOST_FILES) -> list[PlannedFile]:
    """The legal ones, each place once, at most `most`."""
    found: dict[str, PlannedFile] = {}
    for file in files:
        if file is not None:
            found.setdefault(file.path, file)
    return list(found.values())[:most]
