"""A library on this disk, as what a skill is compared with: the other skills' names and descriptions, and templates.

Found by its `taxonomy.yaml`. Reads SKILL.md files alone; one that cannot be read is no neighbour. Must not judge.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from cli.problems import CliError, UsageProblem
from cli.skill_folder import readable, skills_below
from domain.errors import SkillFileError
from domain.library.metadata import words_of
from domain.library.templates import Template, parse_template
from domain.rules.neighbours import Neighbour
from domain.skill import DRAFTS, SKILL_FILE
from domain.skill_file import MAX_FILE, frontmatter_of, parse

TAXONOMY = "taxonomy.yaml"
TEMPLATES = "_templates"
ALIASES = "aliases"
"""Key of a skill's `metadata` with the other names that lead to it."""


class LibraryFolder:
    """One library. Its skills are read once, when they are first asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def _neighbours(self) -> Mapping[Path, Neighbour]:
        read = ((folder, _neighbour(folder)) for folder in skills_below(self.root))
        return {folder: neighbour for folder, neighbour in read if neighbour is not None}

    @cached_property
    def _templates(self) -> Mapping[str, Template]:
        folders = sorted((self.root / TEMPLATES).glob("*/"))
        texts = ((folder.name, _text(folder / SKILL_FILE)) for folder in folders)
        return {name: parse_template(name, text) for name, text in texts if text}

    def neighbours(self, folder: Path) -> Sequence[Neighbour]:
        """Every skill of the library but the one in this folder; for a draft, but the one that it is a draft of."""
        own = folder.name if self.root / DRAFTS in folder.parents else None
        return [one for place, one in self._neighbours.items() if place != folder and one.name != own]

    def template(self, folder: Path) -> Template | None:
        """The template of the category in which a folder lies, if it lies in one that has a template."""
        return self._templates.get(self.category(folder) or "")

    def category(self, folder: Path) -> str | None:
        """The category in which a folder lies: `<library>/<category>/<name>`, nothing else."""
        shelved = folder.parent.parent == self.root and not folder.parent.name.startswith("_")
        return folder.parent.name if shelved else None


def library_above(path: Path, given: Path | None) -> LibraryFolder | None:
    """The library that was named, or the one in which the path lies. Raises UsageProblem for a name without one."""
    if given is not None:
        if not (given / TAXONOMY).is_file():
            raise UsageProblem(
                f"{readable(given)} is no library.",
                why=f"it has no {TAXONOMY}",
                next_step=f"give the folder that holds {TAXONOMY}",
            )
        return LibraryFolder(given.resolve())
    root = next((folder for folder in (path, *path.parents) if (folder / TAXONOMY).is_file()), None)
    return LibraryFolder(root) if root else None


def _neighbour(folder: Path) -> Neighbour | None:
    try:
        text = _text(folder / SKILL_FILE)
        front = frontmatter_of(parse(text.encode(), lenient=True)) if text is not None else None
    except (CliError, SkillFileError):
        return None
    if front is None:
        return None
    return Neighbour(name=front.name, description=front.description, aliases=tuple(words_of(front, ALIASES)))


def _text(file: Path) -> str | None:
    """The text of a regular file of at most 256 KiB, else None. Raises CliError when it may not be read."""
    try:
        if file.is_symlink() or not file.is_file() or file.stat().st_size > MAX_FILE:
            return None
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None
    except OSError as error:
        raise CliError(
            f"{readable(file)} cannot be read.", why=error.strerror or "", next_step="check its permissions"
        ) from error
