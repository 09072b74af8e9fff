"""Looks at all jobs at once, so that watching them costs one query and not one a conversation."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from domain.job import JobStatus
from domain.prompt import PromptStatus
from store.session import Database
from store.tables import HitlInteraction, Job

PAUSE = 0.05


@dataclass(frozen=True)
class Seen:
    """A job at one moment."""

    status: JobStatus
    stopped: bool
    prompt: HitlInteraction | None


class Watch:
    """How every job stood when it was last looked at."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._jobs: dict[UUID, Seen] = {}
        self._looked = asyncio.Condition()

    async def look_for_ever(self) -> None:
        """Look again and again."""
        while True:
            try:
                self._jobs = await self._look()
            except SQLAlchemyError:
                continue
            async with self._looked:
                self._looked.notify_all()
            await asyncio.sleep(PAUSE)

    async def next(self, job: UUID) -> Seen | None:
        """The job as it stands the next time somebody looks; None while it has no row."""
        async with self._looked:
            await self._looked.wait()
        return self._jobs.get(job)

    async def _look(self) -> dict[UUID, Seen]:
        still = (HitlInteraction.job_id == Job.job_id) & (HitlInteraction.status == PromptStatus.PENDING)
        async with self._database.transaction() as session:
            rows = (await session.execute(select(Job, HitlInteraction).outerjoin(HitlInteraction, still))).all()
        return {
            job.job_id: Seen(JobStatus(job.status), bool(job.error and job.parked_at), prompt) for job, prompt in rows
        }
