"""What skills require of each other: read from `requires`, checked against the library, and put into an order.

A requirement is `name`, `name>=1.2.0`, `name==1.2.0` or `name^1.2` (at least that, below the next major version). It is
held against the version that agents read now, because that is the one they get. Must not read a database or a disk.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from domain.library.semver import Version
from domain.names import LEGAL, MAX_NAME
from domain.shape import Shape
from domain.skill import Finding, Severity, SkillStatus

FIELD = "metadata.requires"
MOST = 20
"""Requirements of one skill; one that needs more is several skills, or a whole library."""

LONGEST_SHOWN = 80

_FORM = re.compile(r"([^<>=^~!\s]+)(?:(>=|==|\^)([0-9]{1,9})(?:\.([0-9]{1,9}))?(?:\.([0-9]{1,9}))?)?")


class Relation(StrEnum):
    """How a version must stand to the one that is named."""

    ANY = ""
    AT_LEAST = ">="
    EXACTLY = "=="
    COMPATIBLE = "^"


class Requirement(Shape):
    """One skill that another needs; `version` counts only with a relation."""

    name: str
    relation: Relation = Relation.ANY
    version: Version = Version(major=0)

    def __str__(self) -> str:
        """As it is written, with all three numbers."""
        return f"{self.name}{self.relation}{self.version}" if self.relation else self.name

    def met_by(self, version: Version) -> bool:
        """Whether this version will do. Below 1.0.0 a rising minor number may break, as semantic versioning says."""
        if self.relation is Relation.EXACTLY:
            return version == self.version
        if self.relation is Relation.COMPATIBLE:
            breaking = (version.major, version.minor if version.major == 0 else 0)
            asked = (self.version.major, self.version.minor if self.version.major == 0 else 0)
            return breaking == asked and version >= self.version
        return version >= self.version


class Entry(Shape):
    """A published skill, as requirements see it."""

    name: str
    version: str
    status: SkillStatus = SkillStatus.ACTIVE
    requires: list[str] = []
    replaced_by: str | None = None


Catalogue = Mapping[str, Entry]
"""The published skills by name."""


def requirement(text: str) -> Requirement | None:
    """What a text asks for, or None when it is no requirement."""
    found = _FORM.fullmatch(text.strip())
    if found is None or not LEGAL.fullmatch(found[1]) or len(found[1]) > MAX_NAME:
        return None
    numbers = Version(major=int(found[3] or 0), minor=int(found[4] or 0), patch=int(found[5] or 0))
    return Requirement(name=found[1], relation=Relation(found[2] or ""), version=numbers)


def required(requires: Iterable[str]) -> list[str]:
    """The names of what is required, once each, in their order; what cannot be read is left out."""
    return list(dict.fromkeys(one.name for one in map(requirement, requires) if one is not None))


def problems(name: str, requires: Sequence[str], catalogue: Catalogue) -> list[Finding]:
    """What is wrong with what a skill requires, or would be if it were published so; errors must stop it."""
    found = [finding for text in requires[:MOST] for finding in _wrong(name, text, catalogue)]
    if len(requires) > MOST:
        told = f"{name} requires {len(requires)} skills; at most {MOST} are read."
        found.append(_finding("requires-many", told, "Require the few that it cannot do without."))
    path = cycle(name, requires, catalogue)
    if path:
        told = f"What {name} requires leads back to it: {' → '.join(path)}."
        found.append(_finding("requires-cycle", told, "Drop one of these requirements; put what both need in a third."))
    return found


def cycle(name: str, requires: Sequence[str], catalogue: Catalogue) -> list[str]:
    """The shortest way from a skill back to itself, both ends named; empty when there is none.

    A skill that requires itself outright is no cycle here; `problems` says so in plainer words.
    """
    came_from = {first: name for first in required(requires) if first != name}
    waiting = list(came_from)
    for at in waiting:  # grows while it is read: breadth first, so that the way found is the shortest
        for following in required(_requires(at, catalogue)):
            if following == name:
                return [name, *reversed([*_back(at, name, came_from)]), name]
            if following not in came_from:
                came_from[following] = at
                waiting.append(following)
    return []


def order(name: str, requires: Sequence[str], catalogue: Catalogue) -> list[str]:
    """Everything that a skill needs and the library has, each after what it needs itself; the skill comes last.

    Alike for the same library. In a cycle, whoever is met first comes last.
    """
    done: dict[str, None] = {}
    entered = {name}
    stack: list[tuple[str, Iterator[str]]] = [(name, iter(required(requires)))]
    while stack:
        at, following = stack[-1]
        step = next((one for one in following if one not in entered and one in catalogue), None)
        if step is None:
            done[at] = None
            stack.pop()
        else:
            entered.add(step)
            stack.append((step, iter(required(_requires(step, catalogue)))))
    return list(done)


def required_by(name: str, catalogue: Catalogue) -> list[str]:
    """The skills that require this one themselves, by name."""
    return sorted(other.name for other in catalogue.values() if name in required(other.requires))


def _back(at: str, start: str, came_from: Mapping[str, str]) -> Iterator[str]:
    while at != start:
        yield at
        at = came_from[at]


def _requires(name: str, catalogue: Catalogue) -> list[str]:
    entry = catalogue.get(name)
    return entry.requires if entry else []


def _wrong(name: str, text: str, catalogue: Catalogue) -> Iterator[Finding]:
    shown = text[:LONGEST_SHOWN]
    asked = requirement(text)
    if asked is None:
        told = f"{shown!r} is no requirement."
        yield _finding("requires-form", told, "Write `name`, `name>=1.2.0`, `name==1.2.0` or `name^1.2`.")
    elif asked.name == name:
        yield _finding("requires-itself", f"{name} requires itself.", "Drop this requirement.")
    elif asked.name not in catalogue:
        told = f"{asked.name} is not in the library."
        yield _finding("requires-unknown", told, "Publish it first, or correct its name.")
    else:
        yield from _unusable(asked, catalogue[asked.name])


def _unusable(asked: Requirement, entry: Entry) -> Iterator[Finding]:
    instead = f"Require {entry.replaced_by} instead." if entry.replaced_by else "Do without it, or require another."
    if entry.status is SkillStatus.YANKED:
        yield _finding("requires-yanked", f"{asked.name} was withdrawn from the library.", instead)
    if entry.status is SkillStatus.DEPRECATED:
        told = f"{asked.name} should no longer be used."
        yield _finding("requires-deprecated", told, instead, Severity.WARNING)
    version = Version.parse(entry.version)
    if version is None or not asked.met_by(version):
        told = f"{asked} is required, and the library has {asked.name} {entry.version}."
        yield _finding("requires-version", told, "Require a version that there is, or publish the one it needs.")


def _finding(code: str, message: str, fix: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(code=code, severity=severity, message=message, field=FIELD, fix=fix)
