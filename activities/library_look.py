"""On what rows and files of the library do not agree. Reads both, changes neither.

Whoever publishes meanwhile makes both differ for a moment: a difference counts when it is still there under the claim.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from activities import folders
from activities.registering import found_version, is_skill
from activities.shelves import Shelves
from domain.errors import LibraryConflict
from domain.library.curation import Difference
from domain.library.metadata import SkillMetadata
from domain.skill import DRAFTS, METADATA_FILE, SKILL_FILE, SkillStatus
from domain.skill_file import digest
from store import aliases, jobs, publications, search, skills, versions
from store.library_tables import Skill, SkillVersion
from store.session import Database

BY_HAND = "Rename the folder, or move it away, by hand."
VALIDATE = "Mend it (`skill-fleet validate PATH` says more), or move it away; then check again."
NAMED = 5
"""Files that a message names."""


@dataclass(frozen=True)
class Look:
    """The library as it is now."""

    database: Database
    shelves: Shelves

    async def at_skill(self, name: str) -> list[Difference]:
        """A published skill: its row, its version and its folder must say the same."""
        async with self.database.transaction() as session:
            row = await skills.get(session, name)
            if row is None or row.status == SkillStatus.DRAFT:
                return []
            version = await versions.get(session, name, row.version)
            if version is None:
                why, step = "the row names a version that was never kept", f"Publish {name} again."
                return [_differs("no-version", row, why, step)]
            found = _row(row, version, await versions.described(session, version))
            if name in await search.unindexed(session):
                found.append(_differs("index", row, "search does not know it"))
            current = await versions.current(session, name)
        if current is not None:
            return [*found, *await self._files(row, current)]
        if await asyncio.to_thread(self.shelves.digest_at, f"{row.category}/{name}") is not None:
            found.append(_differs("withdrawn", row, "the skill is yanked, and its files lie there"))
        return found

    async def at_folder(self, path: str, by: str, *, rows: bool = True) -> list[Difference]:
        """A folder: it must belong to a row. `rows`: also tell of folders whose name has one."""
        shelf, _, name = path.rpartition("/")
        async with self.database.transaction() as session:
            row = await skills.get(session, name)
            alias = await aliases.get(session, name)
        if row is None and alias is None:
            return await self._without_row(path, by)
        if not rows:
            return []
        if row is None and alias is not None:
            why = f"it has no row, and {name} is another name of {alias.name}"
            return [Difference(code="unlisted", path=path, message=why, next_step=BY_HAND)]
        assert row is not None
        if row.status == SkillStatus.DRAFT:
            why = f"it has no row, and the name is taken by the draft of job {row.job_id}"
            return [Difference(code="unlisted", path=path, message=why, next_step=BY_HAND)]
        if row.category != shelf:
            return [Difference(code="misplaced", path=path, message=f"the skill of this name is on {row.category}")]
        return []

    async def at_leftovers(self) -> list[Difference]:
        """What crashes left beside the folders, but what somebody may be writing just now."""
        found = []
        for left in await asyncio.to_thread(self.shelves.leftovers):
            async with self.database.transaction() as session:
                busy = await publications.get(session, folders.owner(left))
            if busy is None:
                path = left.relative_to(self.shelves.root).as_posix()
                found.append(Difference(code="leftover", path=path, message="half of something that died"))
        return found

    async def at_links(self) -> list[Difference]:
        """Links where folders should be: nothing is read or written through them."""
        step = "Put a folder there."
        return [
            Difference(code="link", path=path, message="it is a link, and is not followed", next_step=step)
            for path in await asyncio.to_thread(self.shelves.links)
        ]

    async def at_drafts(self) -> list[Difference]:
        """Folders of drafts whose job nobody knows."""
        found = []
        for name in await asyncio.to_thread(self.shelves.draft_folders):
            job_id = _uuid(name)
            async with self.database.transaction() as session:
                known = job_id is not None and await jobs.get(session, job_id) is not None
            if not known:
                why = "no job with this id is known"
                found.append(Difference(code="draft-without-job", path=f"{DRAFTS}/{name}", message=why))
        return found

    async def _files(self, row: Skill, current: versions.Current) -> list[Difference]:
        try:
            lying = await asyncio.to_thread(self.shelves.lying, current.path)
        except (OSError, LibraryConflict) as error:
            return [_differs("unreadable", row, str(error), "Make it a readable folder, or remove it, by hand.")]
        told = differing(lying, current)
        if told is None:
            return []
        if digest(current.files) != current.digest:
            step = f"Publish {row.name} again: the database holds no files of this version."
            return [_differs("not-kept", row, told[1], step)]
        return [_differs(told[0], row, told[1])]

    async def _without_row(self, path: str, by: str) -> list[Difference]:
        try:
            lying = await asyncio.to_thread(self.shelves.lying, path)
            if lying is None or not is_skill(lying):
                step = "Move it away, or write one."
                return [Difference(code="no-skill", path=path, message=f"it has no {SKILL_FILE}", next_step=step)]
            await asyncio.to_thread(found_version, path, lying, by, "")
        except (OSError, LibraryConflict) as why:
            said = f"it has no row, and cannot get one: {why}"
            return [Difference(code="unlisted", path=path, message=said, next_step=VALIDATE)]
        return [Difference(code="unlisted", path=path, message="it has no row")]


def differing(lying: folders.Lying | None, current: versions.Current) -> tuple[str, str] | None:
    """How a folder differs from its version: a code and words; None when it does not."""
    if lying is None:
        return "missing", f"{current.version} is not there"
    there = {file.path: file.data for file in lying.files}
    must = {file.path: file.data for file in current.files}
    told = {
        "changed": sorted(path for path in must if path in there and there[path] != must[path]),
        "missing": sorted(path for path in must if path not in there and path not in lying.odd),
        "not of the version": sorted({*there, *lying.odd} - {*must}),
        "no plain file": sorted(path for path in must if path in lying.odd),
    }
    paths = {path for each in told.values() for path in each}
    if not paths:
        return None
    message = "; ".join(f"{word}: {', '.join(each[:NAMED])}" for word, each in told.items() if each)
    return ("metadata" if paths == {METADATA_FILE} else "edited"), message


def wrong_fields(row: Skill, version: SkillVersion, said: SkillMetadata) -> list[str]:
    """What a row says otherwise than its version."""
    same: dict[str, Callable[[], bool]] = {
        "digest": lambda: row.digest == version.digest,
        "description": lambda: row.description == said.description,
        "tags": lambda: [*row.tags] == said.tags,
        "requires": lambda: [*row.requires] == said.requires,
    }
    return [field for field, holds in same.items() if not holds()]


def _row(row: Skill, version: SkillVersion, said: SkillMetadata) -> list[Difference]:
    wrong = wrong_fields(row, version, said)
    message = f"{', '.join(wrong)} of the row are not those of version {row.version}"
    return [_differs("row", row, message)] if wrong else []


def _differs(code: str, row: Skill, message: str, next_step: str = "") -> Difference:
    return Difference(code=code, path=f"{row.category}/{row.name}", message=message, next_step=next_step)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
