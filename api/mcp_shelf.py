"""What the MCP server has at hand: the catalog as it is now, and files whose digests were checked, kept for a while.

Must not know MCP.
"""

import asyncio
from collections import OrderedDict
from hashlib import sha256

from api.mcp_client import Line
from domain.errors import NotFound
from domain.library.catalog import Catalog, ServedSkill, checked, read_uri
from domain.library.metadata import FileRecord

MOST_KEPT = 32
"""Versions whose files are kept; they never change, only which one is current does."""


class Shelf:
    """The served skills of one person, or of everybody when `everything`."""

    def __init__(self, line: Line, *, everything: bool) -> None:
        self.line = line
        self.everything = everything
        self._files: OrderedDict[tuple[str, str, str], dict[str, bytes]] = OrderedDict()
        self._known: str | None = None
        self._busy = asyncio.Lock()

    async def catalog(self) -> Catalog:
        """The catalog as it is now. Raises ApiAway, ApiRefused."""
        return await self.line.catalog(mounted=not self.everything)

    def has_changed(self, catalog: Catalog) -> bool:
        """Whether it differs from the one asked about before; the first never does."""
        before, self._known = self._known, sha256(catalog.model_dump_json().encode()).hexdigest()
        return before not in (None, self._known)

    def find(self, catalog: Catalog, word: str) -> ServedSkill:
        """The skill of a name or path. Raises NotFound."""
        skill = catalog.find(word)
        if skill is None:
            where = "the library" if self.everything else "what is mounted for this person"
            raise NotFound(f"There is no skill {word[:140]!r} in {where}. search_skills finds what there is.")
        return skill

    async def files(self, skill: ServedSkill) -> dict[str, bytes]:
        """All files of a skill, checked against its digests. Raises ApiAway, ApiRefused, Altered."""
        key = (skill.name, skill.version, skill.digest)
        async with self._busy:
            if key not in self._files:
                answer = await self.line.files(skill.name, skill.version)
                self._files[key] = checked(skill, answer.unpacked())
                while len(self._files) > MOST_KEPT:
                    self._files.popitem(last=False)
            self._files.move_to_end(key)
            return self._files[key]

    async def resource(self, uri: str) -> tuple[ServedSkill, FileRecord, bytes]:
        """One file by its address. Raises NotFound, ApiAway, ApiRefused, Altered."""
        place = read_uri(uri)
        skill = (await self.catalog()).find(place[0]) if place else None
        if place is None or skill is None or skill.path != place[0]:
            raise NotFound(f"There is no resource {uri[:300]!r}. The list has them all: resources/list.")
        record = next((file for file in skill.files if file.path == place[1]), None)
        if record is None:
            raise NotFound(f"{skill.path} has no file {place[1][:200]!r}. The list has them all: resources/list.")
        return skill, record, (await self.files(skill))[record.path]
