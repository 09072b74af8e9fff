"""The published library as files: taxonomy, texts, and the XML that agents read. Reads a disk, never writes one."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.errors import NotFound
from domain.skill import SKILL_FILE, SkillSummary
from domain.skill_file import MAX_FILE
from domain.taxonomy import Taxonomy, check_path, default_taxonomy, parse_taxonomy


@dataclass(frozen=True)
class LibraryFolder:
    """The root of the library. Its methods read files: call them in a thread."""

    root: Path

    def taxonomy(self) -> Taxonomy:
        """The shelves, as the file says now; the default ones while there is none. Raises SkillFileError."""
        file = self.root / "taxonomy.yaml"
        return parse_taxonomy(file.read_bytes() if file.is_file() else default_taxonomy())

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


def available_skills(skills: Sequence[SkillSummary], library: LibraryFolder) -> str:
    """`<available_skills>` as the format's reference library writes it; every text is escaped."""
    lines = ["<available_skills>"]
    for skill in skills:
        lines.append("<skill>")
        for tag, text in (
            ("name", skill.name),
            ("description", skill.description),
            ("location", library.location(skill.path)),
        ):
            lines += [f"<{tag}>", html.escape(text), f"</{tag}>"]
        lines.append("</skill>")
    lines.append("</available_skills>")
    return "\n".join(lines)
