"""The skills of one import as they come in together: in which order, in which form, and what they need of each other.

Whose folder has its own name comes first, so that none of a borrowed name takes it. Must not read a disk or a database.
"""

from collections.abc import Mapping, Sequence

from domain.errors import LibraryConflict, SkillFileError
from domain.library.dependencies import Catalogue, Entry, problems
from domain.library.gather import FoundSkill
from domain.library.metadata import REQUIRES, words_of
from domain.library.migration import migrate
from domain.library.next_version import next_version
from domain.shape import Shape
from domain.skill import SKILL_FILE, Finding, Frontmatter, Severity, SkillStatus
from domain.skill_file import digest, frontmatter_of, parse

STOPPING = frozenset({"requires-form", "requires-itself", "requires-cycle", "requires-many"})
"""Codes of requirements that no later publication could meet; the others may come true, and are warnings."""


class Arrival(Shape):
    """One skill as it shall come in. `name`: of its folder; `front` is None when it cannot be read even leniently.

    `changes`: what the migration did to its files; `original_digest`: of the files as they were, when it did anything.
    """

    found: FoundSkill
    name: str
    front: Frontmatter | None
    changes: list[str] = []
    original_digest: str | None = None


def arrivals(skills: Sequence[FoundSkill], archive: str, *, migrated: bool = False) -> list[Arrival]:
    """The skills in the order in which they come in, always the same for the same archive; `archive`: its name."""
    arriving = [_migrated(found, archive) if migrated else _as_it_is(found, archive) for found in skills]
    return sorted(arriving, key=lambda one: (one.front is None or one.front.name != one.name, one.found.folder))


def entries(arriving: Sequence[Arrival], standing: Catalogue) -> dict[str, Entry]:
    """What the whole skills of an import would be in the library, by name; of two with one name, the first."""
    known: dict[str, Entry] = {}
    for one in arriving:
        if one.front is not None and not one.found.refused and one.front.name not in known:
            stands = standing.get(one.front.name)
            if stands is None or stands.status is not SkillStatus.YANKED:
                known[one.front.name] = _entry(one, one.front, stands)
    return known


def lacking(front: Frontmatter, standing: Catalogue, arriving: Mapping[str, Entry]) -> list[Finding]:
    """What is wrong with what a skill requires, beside the library and the other skills of its import."""
    found = problems(front.name, words_of(front, REQUIRES), {**standing, **arriving})
    return [one if one.code in STOPPING else one.model_copy(update={"severity": Severity.WARNING}) for one in found]


def _as_it_is(found: FoundSkill, archive: str) -> Arrival:
    return Arrival(found=found, name=found.name(archive), front=_front(found))


def _migrated(found: FoundSkill, archive: str) -> Arrival:
    if found.refused:
        return _as_it_is(found, archive)
    done = migrate(found.files, found.name(archive))
    if done.files == found.files:
        return _as_it_is(found, archive)
    mended = found.model_copy(update={"files": done.files})
    return Arrival(
        found=mended,
        name=done.folder,
        front=_front(mended),
        changes=done.changes,
        original_digest=digest(found.files),
    )


def _front(found: FoundSkill) -> Frontmatter | None:
    main = next((file for file in found.files if file.path.lower() == SKILL_FILE.lower()), None)
    try:
        return frontmatter_of(parse(main.data, lenient=True)) if main is not None else None
    except SkillFileError:
        return None


def _entry(one: Arrival, front: Frontmatter, stands: Entry | None) -> Entry:
    try:
        version = next_version(stands.version if stands else None, [], one.found.files)
    except LibraryConflict:
        version = stands.version if stands else ""
    return Entry(name=front.name, version=version, requires=words_of(front, REQUIRES))
