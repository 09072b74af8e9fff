"""Which version comes next: the author's own number if they gave one, else by what changed. Rules only, no I/O."""

import re
from collections.abc import Sequence

from domain.errors import LibraryConflict, SkillFileError
from domain.library.semver import FIRST, Bump, Version
from domain.skill import METADATA_FILE, SKILL_FILE, Frontmatter, SkillFileEntry
from domain.skill_file import frontmatter_of, parse

VERSION_KEY = "version"
"""Key of the frontmatter's `metadata` under which an author names the version."""

_LOOSE = re.compile(r"v?([0-9]{1,9})(?:\.([0-9]{1,9}))?(?:\.([0-9]{1,9}))?", re.IGNORECASE)
"""A number as many write it: `1.0`, `2`, `v1.2`."""


def next_version(
    highest: str | None,
    old: Sequence[SkillFileEntry],
    new: Sequence[SkillFileEntry],
    wanted: Bump | None = None,
) -> str:
    """The number of the version that `new` becomes, after `highest`, the highest there is; `old` are its files.

    1.0.0 comes first. `metadata.version` of the frontmatter counts if it is higher, also as `1.2` or `v2`; if the
    author left it as it was, as in the old files, or wrote what is no number, it says nothing. Else `wanted`, or minor
    when description, tools or the set of files changed, and patch when only words did. Raises LibraryConflict when the
    author's number is three plain numbers and not higher.
    """
    before, after = front_of(old), front_of(new)
    text = after.metadata.get(VERSION_KEY, "") if after else ""
    untouched = before is not None and before.metadata.get(VERSION_KEY, "") == text
    standing = Version.parse(highest) if highest else None
    named = None if standing and untouched else _named(text.strip(), standing)
    if named is not None:
        return str(named)
    if standing is None:
        return str(FIRST)
    return str(standing.after(wanted or _bump(before, after, old, new)))


def front_of(files: Sequence[SkillFileEntry]) -> Frontmatter | None:
    """What a skill's files say of it; None when its SKILL.md is missing or cannot be read."""
    for file in files:
        if file.path == SKILL_FILE:
            try:
                return frontmatter_of(parse(file.data, lenient=True))
            except SkillFileError:
                return None
    return None


def _named(text: str, standing: Version | None) -> Version | None:
    """The author's number, if it says something. Only one that is clearly meant is refused for being too low."""
    version = Version.parse(text)
    if version is None:
        loose = _loose(text)
        return loose if loose and (standing is None or loose > standing) else None
    if standing is not None and version <= standing:
        raise LibraryConflict(
            f"`metadata.version` is {version}, and {standing} stands already: a version is never changed. Write a "
            f"higher one, such as {standing.after(Bump.MINOR)}, or leave it out."
        )
    return version


def _loose(text: str) -> Version | None:
    found = _LOOSE.fullmatch(text)
    return Version(major=int(found[1]), minor=int(found[2] or 0), patch=int(found[3] or 0)) if found else None


def _bump(
    before: Frontmatter | None,
    after: Frontmatter | None,
    old: Sequence[SkillFileEntry],
    new: Sequence[SkillFileEntry],
) -> Bump:
    told = [(front.description, front.allowed_tools) if front else None for front in (before, after)]
    return Bump.MINOR if told[0] != told[1] or _paths(old) != _paths(new) else Bump.PATCH


def _paths(files: Sequence[SkillFileEntry]) -> set[str]:
    return {file.path for file in files if file.path != METADATA_FILE}
