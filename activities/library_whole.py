"""What is wrong with the library as a whole: requirements that cannot be met, shelves and folders that nobody knows.

Looks only. Nothing of it can be mended by a rule, so each difference says what a person may do.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from activities import folders
from activities.evidence.files import EVIDENCE
from activities.shelves import EDITED, TAXONOMY, Shelves
from domain.errors import SkillFileError
from domain.library.curation import Difference
from domain.library.default_templates import FOLDER as TEMPLATES
from domain.library.dependencies import problems
from domain.skill import DRAFTS, Severity, SkillStatus
from domain.taxonomy import parse_taxonomy
from store import requirements, versions
from store.library_tables import Skill
from store.session import Database

OURS = (DRAFTS, EDITED, EVIDENCE, TEMPLATES)
"""Folders beside the shelves that this application makes or reads."""

GIT = (".git", ".github")
"""Folders that belong to the repository in which a library may lie."""

LOOK_INTO = "Nothing here reads or removes it: look what it is, and move it away by hand."


@dataclass(frozen=True)
class Whole:
    """The library as it is now."""

    database: Database
    shelves: Shelves

    async def differences(self) -> list[Difference]:
        """Everything, requirements first."""
        async with self.database.transaction() as session:
            catalogue = await requirements.catalogue(session)
            on_disk = select(Skill.name, Skill.category).where(Skill.status.in_(versions.ON_DISK)).order_by(Skill.name)
            places = {row.name: row.category for row in await session.execute(on_disk)}
        unmet = [
            Difference(code=found.code, path=f"{places[name]}/{name}", message=found.message, next_step=found.fix or "")
            for name, entry in sorted(catalogue.items())
            if entry.status is SkillStatus.ACTIVE and name in places
            for found in problems(name, entry.requires, catalogue)
            if found.severity is Severity.ERROR
        ]
        return [*unmet, *await asyncio.to_thread(self._shelves, places), *await asyncio.to_thread(self._foreign)]

    def _shelves(self, places: dict[str, str]) -> list[Difference]:
        try:
            known = parse_taxonomy((self.shelves.root / TAXONOMY).read_bytes()).names
        except (OSError, SkillFileError) as error:
            step = f"Mend {TAXONOMY}: a shelf that it lacks is offered to nobody."
            return [Difference(code="taxonomy", path=TAXONOMY, message=str(error), next_step=step)]
        return [
            Difference(
                code="unknown-shelf",
                path=f"{shelf}/{name}",
                message=f"{TAXONOMY} has no shelf {shelf}",
                next_step=f"Add {shelf} to {TAXONOMY}, or publish the skill on another shelf.",
            )
            for name, shelf in sorted(places.items())
            if shelf not in known
        ]

    def _foreign(self) -> list[Difference]:
        root = self.shelves.root
        beside = [entry for entry in root.iterdir() if entry.name[0] in "._" and entry.name not in (*OURS, *GIT)]
        shelves = [entry for entry in root.iterdir() if entry.name[0] not in "._" and _folder(entry)]
        on_shelves = [entry for shelf in shelves for entry in shelf.iterdir() if entry.name[0] in "._"]
        ours = {left for shelf in (root, *shelves) for left in folders.leftovers(shelf)}
        return [
            Difference(
                code="foreign",
                path=entry.relative_to(root).as_posix(),
                message="a hidden or temporary folder that no part of Skill Fleet knows",
                next_step=LOOK_INTO,
            )
            for entry in sorted([*beside, *on_shelves])
            if _folder(entry) and entry not in ours
        ]


def _folder(entry: Path) -> bool:
    return entry.is_dir() and not entry.is_symlink()
