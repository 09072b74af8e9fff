"""Brings files of the library to what the rows say, one difference at a time. Loses nothing that people wrote.

What people made of a version is moved to `_edited/`, never removed. The caller holds the claim on the skill.
"""

import asyncio
from dataclasses import dataclass

from activities import folders
from activities.publishing import Publisher
from activities.registering import found_version
from domain.errors import LibraryConflict
from domain.library.curation import Difference
from domain.skill import METADATA_FILE, SKILL_FILE
from store import search, skills, versions


@dataclass(frozen=True)
class Mend:
    """Who mends: `by` is the person on record, `token` the workflow that holds the claims."""

    publisher: Publisher
    by: str
    token: str

    async def mend(self, found: Difference) -> str:
        """Mend one; returns what was done, empty when only a person can. Raises LibraryConflict, OSError."""
        by_code = {
            "row": self._row,
            "index": self._row,
            "metadata": self._metadata,
            "missing": self._files,
            "edited": self._files,
            "withdrawn": self._leave,
            "misplaced": self._leave,
            "unlisted": self._list,
            "leftover": self._leftover,
            "draft-without-job": self._set_aside,
        }
        mends = by_code.get(found.code)
        return "" if mends is None or found.next_step else await mends(found.path)

    async def _row(self, path: str) -> str:
        name = _name(path)
        async with self.publisher.database.transaction() as session:
            row = await skills.get(session, name, lock=True)
            version = await versions.get(session, name, row.version) if row is not None else None
            if row is None or version is None:
                return ""
            said = await versions.described(session, version)
            row.digest, row.description = version.digest, said.description
            row.tags, row.requires = [*said.tags], [*said.requires]
            kept = await versions.files(session, name, row.version)
            text = next((file.data for file in kept if file.path == SKILL_FILE), b"")
            await search.index(session, name, text.decode("utf-8", "replace"))
        return "set to what the version says, and indexed"

    async def _metadata(self, path: str) -> str:
        current = await self._current(path)
        made = next(file for file in current.files if file.path == METADATA_FILE)
        await asyncio.to_thread(self.publisher.shelves.rewrite, path, made)
        return "written anew"

    async def _files(self, path: str) -> str:
        current, shelves = await self._current(path), self.publisher.shelves
        if await self._may_go(path):
            staged = await asyncio.to_thread(shelves.stage, path, current.files)
            await asyncio.to_thread(shelves.put, path, staged)
            return f"{current.version} is back"
        kept = await asyncio.to_thread(shelves.bring_back, path, current.files)
        return f"{current.version} is back; what was there is kept as {kept}"

    async def _leave(self, path: str) -> str:
        if await self._may_go(path):
            await asyncio.to_thread(self.publisher.shelves.remove, path)
            return "removed: the version is in the database"
        return await self._set_aside(path)

    async def _set_aside(self, path: str) -> str:
        return f"kept as {await asyncio.to_thread(self.publisher.shelves.set_aside, path)}"

    async def _list(self, path: str) -> str:
        lying = await asyncio.to_thread(self.publisher.shelves.lying, path)
        if lying is None:
            return "gone meanwhile"
        wanted = await asyncio.to_thread(found_version, path, lying, self.by, self.token)
        held = await self.publisher.claim(wanted)
        if held is None:
            return "listed meanwhile"
        try:
            await self.publisher.put(held)
            await self.publisher.complete(held)
        except LibraryConflict:
            await self.publisher.forgo(held.token, held.metadata.name)
            raise
        return f"listed as {held.metadata.version}"

    async def _leftover(self, path: str) -> str:
        left = self.publisher.shelves.root / path
        if folders.may_matter(left):
            return f"kept as {await asyncio.to_thread(self.publisher.shelves.keep_leftover, left)}"
        await asyncio.to_thread(folders.discard, left)
        return "removed"

    async def _may_go(self, path: str) -> bool:
        """Whether nothing of people lies there: nothing at all, or a version with at most another `metadata.json`."""
        there = await asyncio.to_thread(self.publisher.shelves.digest_at, path)
        if there is None:
            return True
        async with self.publisher.database.transaction() as session:
            return await versions.of_digest(session, _name(path), there) is not None

    async def _current(self, path: str) -> versions.Current:
        async with self.publisher.database.transaction() as session:
            current = await versions.current(session, _name(path))
        if current is None:
            raise LibraryConflict(f"{path} was withdrawn meanwhile.")
        return current


def _name(path: str) -> str:
    return path.rpartition("/")[2]
