"""The skills in a heap of files: where each begins, which files are its own, and on which shelf it belongs.

A skill is a folder with a SKILL.md; a SKILL.md further inside belongs to the outer skill (templates and examples do).
Depth and number of folders are bounded as the format's guide for clients asks. Must not judge a skill.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from posixpath import basename, dirname

from domain.library.unpack import Refused
from domain.shape import Shape
from domain.skill import SKILL_FILE, SkillFileEntry
from domain.taxonomy import Taxonomy, place

MAX_DEPTH = 6
MAX_FOLDERS = 2_000
_OUTSIDE = frozenset({"path-absolute", "path-outside"})
"""Codes of paths that lead out of the archive: nothing of ours lies there."""

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
    mains = {dirname(file.path) for file in files if _is_main(file.path)}
    mains |= _lost_mains(refused, mains)
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
    skills = [
        FoundSkill(folder=folder, files=own[folder], refused=[*lost[folder], *_collisions(own[folder])])
        for folder in own
    ]
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


def _is_main(path: str) -> bool:
    return basename(path).lower() == SKILL_FILE.lower()


def _lost_mains(refused: Sequence[Refused], mains: set[str]) -> set[str]:
    """Folders whose SKILL.md was not taken: they were skills, too, unless they lie outside or above one that was."""
    lost = {dirname(one.path) for one in refused if _is_main(one.path) and one.code not in _OUTSIDE}
    taken = {above for folder in mains for above in (folder, *_above(folder))}
    return lost - taken


def _collisions(files: Sequence[SkillFileEntry]) -> list[Refused]:
    """Files of one skill that could not lie beside the others where case does not count."""
    places = Counter(file.path.casefold() for file in files)
    folders = {above for file in files for above in _above(file.path.casefold()) if above}
    clashing = [file.path for file in files if places[(own := file.path.casefold())] > 1 or own in folders]
    return [Refused(path=path, code="path-collision") for path in clashing]


def _above(folder: str) -> Iterator[str]:
    """The folders above this one, nearest first; the root is the empty text, also that of an absolute path."""
    at = folder.rfind("/")
    while at > 0:
        yield folder[:at]
        at = folder.rfind("/", 0, at)
    if folder:
        yield ""


def _root(path: str, roots: dict[str, list[SkillFileEntry]]) -> str | None:
    return next((folder for folder in _above(path) if folder in roots), None)
