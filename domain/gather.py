"""The skills in a heap of files: where each begins, which files are its own, and on which shelf it belongs.

A skill is a folder with a SKILL.md; a SKILL.md further inside belongs to the outer skill (templates and examples do).
Depth and number of folders are bounded as the format's guide for clients asks. Must not judge a skill.
"""

from collections.abc import Sequence
from posixpath import basename, dirname

from domain.shape import Shape
from domain.skill import SKILL_FILE, SkillFileEntry
from domain.taxonomy import Taxonomy, place
from domain.unpack import Refused

MAX_DEPTH = 6
MAX_FOLDERS = 2_000
_SHELF = "category"
"""Key of the frontmatter's `metadata` that names a shelf."""


class FoundSkill(Shape):
    """A skill as it lay there. `refused`: files of its folder that were not taken, so that it is not whole."""

    folder: str
    files: list[SkillFileEntry]
    refused: list[Refused] = []

    def name(self, archive: str) -> str:
        """The name of its folder; of the archive when it lies at the root of one."""
        return basename(self.folder) or archive


class Gathered(Shape):
    """The skills by folder; `beyond`: folders with a SKILL.md that lie too deep, or too many."""

    skills: list[FoundSkill]
    beyond: list[Refused] = []


def gather(files: Sequence[SkillFileEntry], refused: Sequence[Refused] = ()) -> Gathered:
    """The skills among these files."""
    mains = {dirname(file.path) for file in files if basename(file.path).lower() == SKILL_FILE.lower()}
    roots = {folder for folder in mains if not any(above in mains for above in _above(folder))}
    deep = {folder for folder in roots if folder.count("/") >= MAX_DEPTH}
    kept = sorted(roots - deep)
    own: dict[str, list[SkillFileEntry]] = {folder: [] for folder in kept[:MAX_FOLDERS]}
    for file in files:
        root = _root(file.path, own)
        if root is not None:
            inside = file.path.removeprefix(f"{root}/") if root else file.path
            own[root].append(SkillFileEntry(path=inside, data=file.data))
    lost: dict[str, list[Refused]] = {folder: [] for folder in own}
    for one in refused:
        root = _root(one.path, own)
        if root is not None:
            lost[root].append(one)
    skills = [FoundSkill(folder=folder, files=own[folder], refused=lost[folder]) for folder in own]
    beyond = [Refused(path=folder, code="too-deep") for folder in sorted(deep)]
    beyond += [Refused(path=folder, code="too-many") for folder in kept[MAX_FOLDERS:]]
    return Gathered(skills=skills, beyond=beyond)


def shelf(found: FoundSkill, metadata: dict[str, str], taxonomy: Taxonomy) -> str:
    """The category: what the skill itself says, else the nearest folder above it that is a shelf, else the rule."""
    said = metadata.get(_SHELF)
    above = [basename(folder) for folder in _above(found.folder) if folder]
    for word in (said, *above):
        known = taxonomy.find(word) if word else None
        if known:
            return known
    return place(None, taxonomy)


def _above(folder: str) -> list[str]:
    """The folders above this one, nearest first; the root is the empty text."""
    found = []
    while folder:
        folder = dirname(folder)
        found.append(folder)
    return found


def _root(path: str, roots: dict[str, list[SkillFileEntry]]) -> str | None:
    return next((folder for folder in _above(path) if folder in roots), None)
