"""Evidence files that the library lacks: found by the rows, and written anew from them; they are copies."""

import asyncio
from dataclasses import dataclass

from activities.evidence.files import EvidenceFiles
from domain.errors import LibraryConflict
from domain.library.curation import Difference
from store import evaluations
from store.evaluations import Written
from store.session import Database


@dataclass(frozen=True)
class LostEvidence:
    """The reports in the database, and their files."""

    database: Database
    files: EvidenceFiles

    async def differences(self, *, repair: bool) -> list[Difference]:
        """One for each report whose files are not whole; with `repair` they are written."""
        async with self.database.transaction() as session:
            known = await evaluations.written(session)
        found = [await self._look(one, repair=repair) for one in known]
        return [difference for difference in found if difference is not None]

    async def _look(self, one: Written, *, repair: bool) -> Difference | None:
        try:
            lost = await asyncio.to_thread(self.files.missing, one.name, one.version, one.reason, one.model)
            if not lost:
                return None
            mended = await self._written(one) if repair else ""
        except (OSError, LibraryConflict) as why:
            return _told(f"_evidence/{one.name}/{one.version}", next_step=str(why))
        return _told(lost[0], mended=mended)

    async def _written(self, one: Written) -> str:
        async with self.database.transaction() as session:
            report = await evaluations.get(session, one.evaluation_id)
        if report is None:
            return ""
        await asyncio.to_thread(self.files.write, report)
        return "written anew from the database"


def _told(path: str, *, mended: str = "", next_step: str = "") -> Difference:
    message = "the evidence of a version lies in the database only"
    return Difference(code="evidence", path=path, message=message, mended=mended, next_step=next_step)
