"""Whether the format's reference library can read a skill: one that it cannot read breaks its index of all others.

Must not judge anything else; what a skill says is for `domain/validation.py`.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import skills_ref

from domain.skill import SKILL_FILE, SkillFileEntry


def unreadable(files: Sequence[SkillFileEntry], name: str) -> str | None:
    """What the reference library says when it cannot read the SKILL.md; None when it can, and reads this name."""
    data = next((file.data for file in files if file.path == SKILL_FILE), b"")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / SKILL_FILE).write_bytes(data)
        try:
            read = skills_ref.read_properties(Path(folder))
        except Exception as error:  # noqa: BLE001 - a stranger's text in a parser that is not ours: whatever it raises is its no
            return (str(error).splitlines() or [type(error).__name__])[0][:200]
    return None if read.name == name else f"it reads the name {str(read.name)[:80]!r}"
