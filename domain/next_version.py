"""Which version comes next: the author's own number if they gave one, else by what changed. Rules only, no I/O."""

from collections.abc import Sequence

from domain.errors import LibraryConflict, SkillFileError
from domain.semver import FIRST, Bump, Version
from domain.skill import METADATA_FILE, SKILL_FILE, Frontmatter, SkillFileEntry
from domain.skill_file import frontmatter_of, parse

VERSION_KEY = "version"
"""Key of the frontmatter's `metadata` under which an author names the version."""


def next_version(
    highest: str | None,
    old: Sequence[SkillFileEntry],
    new: Sequence[SkillFileEntry],
    wanted: Bump | None = None,
) -> str:
    """The number of the version that `new` becomes, after `highest`, the highest there is; `old` are its files.

    1.0.0 comes first. `metadata.version` of the frontmatter counts if it is higher; if the author left it as it was,
    as in the old files, it says nothing. Else `wanted`, or minor when description, tools or the set of files changed,
    and patch when only words did. Raises LibraryConflict when the author's number is no version or not higher.
    """
    before, after = front_of(old), front_of(new)
    named = after.metadata.get(VERSION_KEY, "") if after else ""
    untouched = before is not None and before.metadata.get(VERSION_KEY, "") == named
    standing = Version.parse(highest) if highest else None
    if named and not (standing and untouched):
        return _named(named, standing)
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


def _named(named: str, standing: Version | None) -> str:
    version = Version.parse(named)
    if version is None:
        raise LibraryConflict(
            f"`metadata.version` is {named!r}, which is no version: write three numbers such as 1.2.0, or leave it out."
        )
    if standing is not None and version <= standing:
        raise LibraryConflict(
            f"`metadata.version` is {version}, and {standing} stands already: a version is never changed. Write a "
            f"higher one, such as {standing.after(Bump.MINOR)}, or leave it out."
        )
    return str(version)


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
