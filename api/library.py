"""The published library as files: taxonomy, texts, and the XML that agents read. Reads a disk, never writes one."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from domain.errors import NotFound
from domain.skill import SKILL_FILE, SkillSummary
from domain.skill_file import MAX_FILE
from domain.taxonomy import Taxonomy, check_path, default_taxonomy, parse_taxonomy

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 does not allow, not even escaped."""


@dataclass(frozen=True)
class LibraryFolder:
    """The root of the library. Its methods read files: call them in a thread."""

    root: Path

    def taxonomy(self) -> Taxonomy:
        """The shelves, as the file says now; the default ones while there is none. Raises SkillFileError."""
        file = self.root / "taxonomy.yaml"
        return _parsed(file.read_bytes() if file.is_file() else default_taxonomy())

    def text(self, path: str) -> str:
        """The SKILL.md of `category/name`. Raises NotFound, InvalidAnswer for a path that is none."""
        file = self._folder(path) / SKILL_FILE
        if not file.is_file() or file.stat().st_size > MAX_FILE:
            raise NotFound(f"The files of {path} are not in the library's folder any more; publish the skill again.")
        return file.read_text(encoding="utf-8", errors="replace")

    def files(self, path: str) -> list[str]:
        """The paths of a skill's files, relative to its folder."""
        folder = self._folder(path)
        return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())

    def location(self, path: str) -> str:
        """Where the SKILL.md of `category/name` lies, absolute."""
        return str(self.root.resolve() / check_path(path) / SKILL_FILE)

    def _folder(self, path: str) -> Path:
        root = self.root.resolve()
        folder = (root / check_path(path)).resolve()
        if not folder.is_relative_to(root):
            raise NotFound(f"{path} does not lie inside the library.")
        return folder


@lru_cache(maxsize=4)
def _parsed(data: bytes) -> Taxonomy:
    """Remembered by its bytes: reading the YAML takes 5 ms, every page asks, and the file hardly ever changes."""
    return parse_taxonomy(data)


def available_skills(skills: Sequence[SkillSummary], library: LibraryFolder) -> str:
    """`<available_skills>`, byte for byte as the format's reference library (`skills_ref.to_prompt`) writes it.

    It leaves locations as they are; ours escape what would break the document, so the two differ only for a path with
    `&`, `<` or `>` in it, and for characters that no XML may hold, which are replaced.
    """
    lines = ["<available_skills>"]
    for skill in skills:
        lines.append("<skill>")
        for tag, text in (
            ("name", html.escape(skill.name)),
            ("description", html.escape(skill.description)),
            ("location", html.escape(library.location(skill.path), quote=False)),
        ):
            lines += [f"<{tag}>", NOT_XML.sub("\ufffd", text), f"</{tag}>"]
        lines.append("</skill>")
    lines.append("</available_skills>")
    return "\n".join(lines)
