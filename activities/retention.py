"""What is too old, counted and removed for real: short transactions in bounded batches, then the files.

How long things are kept is this worker's own setting; what a batch asks for never reaches beyond it.
"""

import asyncio
from datetime import datetime
from pathlib import Path
from uuid import UUID

from temporalio import activity

from activities import drafts_folder
from domain.retention import Batch, Gone, Keep, Kind, Mode, Overdue, Survey
from store import retention, uploads
from store.session import Database
from workflows.steps import Retention

ROWS = 1_000
"""Rows that one transaction removes."""

UPLOADS = 5
"""Files that one transaction removes; each may have 50 MB."""

JOBS = 50
"""Jobs that one batch goes through, and parked jobs that are cancelled at a time."""

ENOUGH = 10_000
"""Rows after which a batch ends, so that its result is in the history before it goes on."""

FOLDERS = 200
"""Folders of drafts that one batch looks at."""


class DatabaseRetention(Retention):
    """Retention in PostgreSQL and in the library's folder."""

    def __init__(self, database: Database, library: Path, keep: Keep) -> None:
        """Take what the steps need; `library` is its root folder."""
        self.database = database
        self.library = library
        self.keep = keep

    @activity.defn
    async def survey(self) -> Survey:
        """Count what is too old, kind by kind. Removes nothing."""
        found = []
        for kind in Kind:
            async with self.database.transaction() as session:
                seen = await retention.look(session, kind, self.keep.age(kind))
            found.append(seen.model_copy(update={"goes": bool(seen.rows) and self.keep.goes(kind)}))
        async with self.database.transaction() as session:
            return Survey(mode=self.keep.mode, at=await retention.now(session), found=found)

    @activity.defn
    async def forget(self, batch: Batch) -> Gone:
        """Remove a bounded number of old rows of one kind; none of a kind that is only counted."""
        if not self.keep.goes(batch.kind):
            return Gone(kind=batch.kind)
        before = await self._before(batch)
        if batch.kind in (Kind.IDEMPOTENCY_KEYS, Kind.UPLOADS):
            return await self._forget_loose(batch.kind, before)
        async with self.database.transaction() as session:
            due = await retention.due(session, batch.kind, before, JOBS)
        gone = Gone(kind=batch.kind)
        for job_id in due:
            gone = gone.and_then(await self._forget_of(job_id, batch.kind, before, ENOUGH - gone.rows))
            if gone.more:
                return gone
        return gone.model_copy(update={"more": len(due) == JOBS})

    @activity.defn
    async def remove_folders(self, batch: Batch) -> Gone:
        """Remove a bounded number of folders of drafts whose rows are gone; none unless retention is on."""
        gone = Gone(kind=batch.kind, after=batch.after)
        if self.keep.mode is not Mode.ON:
            return gone
        before = await self._before(batch)
        there = await asyncio.to_thread(drafts_folder.jobs_in, self.library, batch.after, FOLDERS)
        async with self.database.transaction() as session:
            due = await retention.left_behind(session, [UUID(job) for job in there], before)
        removed = [await self._remove(job) for job in there if UUID(job) in due]
        return Gone(
            kind=batch.kind,
            folders=sum(removed),
            kept=len(removed) - sum(removed),
            more=len(there) == FOLDERS,
            after=there[-1] if there else batch.after,
        )

    @activity.defn
    async def overdue(self, batch: Batch) -> Overdue:
        """A bounded number of parked jobs that are to be cancelled; none unless retention is on."""
        if self.keep.mode is not Mode.ON:
            return Overdue()
        before = await self._before(batch)
        async with self.database.transaction() as session:
            found = await retention.overdue(session, before, UUID(batch.after) if batch.after else None, JOBS)
        return Overdue(
            jobs=found,
            reason=f"nobody answered for {self.keep.parked} days",
            more=len(found) == JOBS,
            after=str(found[-1]) if found else batch.after,
        )

    async def _before(self, batch: Batch) -> datetime:
        """What was found when it was counted, and nothing younger than this worker keeps."""
        async with self.database.transaction() as session:
            return min(batch.before, await retention.cutoff(session, self.keep.age(batch.kind)))

    async def _forget_of(self, job_id: UUID, kind: Kind, before: datetime, most: int) -> Gone:
        rows = 0
        while rows < most:
            async with self.database.transaction() as session:
                removed = await retention.forget(session, kind, job_id, before, ROWS)
            rows += removed
            if removed < ROWS:
                return Gone(kind=kind, jobs=int(rows > 0), rows=rows)
        return Gone(kind=kind, rows=rows, more=True)

    async def _forget_loose(self, kind: Kind, before: datetime) -> Gone:
        """What belongs to no job."""
        forget, most = (uploads.forget, UPLOADS) if kind is Kind.UPLOADS else (retention.forget_keys, ROWS)
        rows = 0
        while rows < ENOUGH:
            async with self.database.transaction() as session:
                removed = await forget(session, before, most)
            rows += removed
            if removed < most:
                return Gone(kind=kind, rows=rows)
        return Gone(kind=kind, rows=rows, more=True)

    async def _remove(self, job: str) -> bool:
        """One that cannot be removed stays, and is tried again the next night."""
        try:
            await asyncio.to_thread(drafts_folder.remove, self.library, job)
        except OSError as error:
            activity.logger.warning("the files of an old draft stay: %s", error)
            return False
        return True
