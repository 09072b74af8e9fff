"""Reads what is left of a seed: rows, folders, histories. Changes nothing; tries again while a part comes back."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError, RPCStatusCode

from domain.job import JobResult
from domain.skill import DRAFTS, SKILL_FILE, SkillFileEntry
from domain.skill_file import digest
from store import audit, prompts
from store.library_tables import Skill, SkillVersion
from store.session import Database, Session
from store.tables import HitlInteraction, Job, JobEvent, Revision, RevisionFile, StepResult
from tests.chaos.books import Asked, Books, Event, Kept, Library, Listed
from tests.chaos.histories import last_events, taken
from tests.chaos.ledger import Aftermath
from tests.chaos.payments import Row
from tests.chaos.plans import Plan

T = TypeVar("T")

TRIES = 40
PAUSE = 0.5
OPEN_TRANSACTIONS = text(
    "SELECT pid, application_name, state, extract(epoch FROM now() - xact_start) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'active' AND xact_start IS NOT NULL "
    "AND now() - xact_start > interval '5 seconds'"
)
UNDELIVERED = text(
    "SELECT count(*) FROM hitl_interactions WHERE status = 'responded' AND delivered_at IS NULL "
    "AND undeliverable IS NULL AND channel <> 'auto'"
)


@dataclass(frozen=True)
class Reader:
    """A stack, looked at from outside."""

    database: Database
    temporal: Client
    library: Path

    @classmethod
    async def open(cls, database_url: str, temporal_address: str, library: Path) -> "Reader":
        """Connect with connections of its own."""
        client = await Client.connect(temporal_address, data_converter=pydantic_data_converter)
        return cls(Database.connect(database_url, pool_size=2, max_overflow=2, name="chaos-books"), client, library)

    async def books(self, job: UUID, plan: Plan) -> Books:
        """All that is kept of one job."""
        running = tuple([name for name in _workflows(job) if not await self._closed(name)])
        return await self._again(lambda: self._books(job, plan, running))

    async def aftermath(self, job: UUID) -> Aftermath:
        """How people and operators see the job, for the ledger of answers."""

        async def rows(session: Session) -> tuple[str, Aftermath]:
            status = str(await session.scalar(select(Job.status).where(Job.job_id == job)))
            shown = await prompts.history(session, job)
            return status, Aftermath(status, shown, await audit.of_job(session, job), [])

        _, seen = await self._in_session(rows)
        return Aftermath(seen.status, seen.prompts, seen.audit, taken(await self.history(job)))

    async def history(self, job: UUID) -> WorkflowHistory:
        """What Temporal recorded of the job's workflow."""
        handle = self.temporal.get_workflow_handle(f"create-skill:{job}")
        return await self._again(handle.fetch_history)

    async def rows(self, jobs: Sequence[UUID]) -> list[Row]:
        """The product's ledger of model calls."""

        async def read(session: Session) -> list[Row]:
            found = await session.scalars(select(StepResult).where(StepResult.job_id.in_(jobs)))
            return [Row(str(one.job_id), one.key, one.input_digest, one.created_at) for one in found]

        return await self._in_session(read)

    async def left_open(self) -> list[str]:
        """Transactions that nobody works on any more."""

        async def read(session: Session) -> list[str]:
            found = (await session.execute(OPEN_TRANSACTIONS)).all()
            return [f"half: process {pid} of {name} is {state} for {age:.0f} s" for pid, name, state, age in found]

        return await self._in_session(read)

    async def undelivered(self) -> int:
        """Answers that are still on their way to their workflow."""

        async def read(session: Session) -> int:
            return int((await session.execute(UNDELIVERED)).scalar_one())

        return await self._in_session(read)

    async def shelves(self) -> Library:
        """What lies in the library, and what is listed as published."""

        async def read(session: Session) -> frozenset[str]:
            rows = await session.scalars(select(Skill).where(Skill.status == "active"))
            return frozenset(f"{row.category}/{row.name}" for row in rows)

        places = [path for path in self.library.rglob(".*.*") if path.name.endswith((".new", ".old"))]
        waiting = tuple(path.relative_to(self.library).as_posix() for path in places)
        found = {path.parent.relative_to(self.library).as_posix() for path in self.library.glob(f"*/*/{SKILL_FILE}")}
        folders = frozenset(path for path in found if not path.startswith(DRAFTS) and "/." not in path)
        return Library(waiting, folders, await self._in_session(read))

    async def pending(self, job: UUID) -> list[str]:
        """What Temporal is trying for a job, for whoever finds it stuck."""
        found = []
        for name in _workflows(job):
            try:
                described = await self.temporal.get_workflow_handle(name).describe()
            except RPCError as error:
                found.append(f"{name}: {error.message}")
                continue
            for one in described.raw_description.pending_activities:
                failure = one.last_failure.message[:200]
                due = one.scheduled_time.ToDatetime(UTC).strftime("%H:%M:%S")
                told = f"{one.activity_type.name}, state {one.state}, attempt {one.attempt}, due {due}"
                found.append(f"{name}: {told}, last failure {failure!r}")
            waits = described.raw_description.pending_workflow_task
            due = waits.scheduled_time.ToDatetime(UTC).strftime("%H:%M:%S")
            move = f"its next move: attempt {waits.attempt}, due {due}" if waits.attempt else "no move of it is due"
            found.append(f"{name}: {described.status.name if described.status else '?'}, {move}")
            found += last_events(await self._again(self.temporal.get_workflow_handle(name).fetch_history))
        return found

    async def _books(self, job: UUID, plan: Plan, running: tuple[str, ...]) -> Books:
        async with self.database.transaction() as session:
            row = await session.get(Job, job)
            if row is None:
                return Books(job, plan, status="without a row", running=running)
            skills = list(await session.scalars(select(Skill).where(Skill.job_id == job)))
            versions = await session.scalars(select(SkillVersion).where(SkillVersion.job_id == job))
            return Books(
                job,
                plan,
                status=row.status,
                error=row.error,
                promoted=row.promoted,
                digest=JobResult.model_validate(row.result).digest,
                last_seq=row.last_seq,
                events=await _events(session, job),
                prompts=await _prompts(session, job),
                revisions=await _revisions(session, job),
                skills=tuple(Listed(s.name, s.status, s.digest, f"{s.category}/{s.name}") for s in skills),
                versions=tuple(Listed(v.name, v.version, v.digest) for v in versions),
                drafts=self._drafts(job),
                published=digest_of(self.library / row.final_path) if row.final_path else None,
                running=running,
            )

    def _drafts(self, job: UUID) -> dict[str, str]:
        place = self.library / DRAFTS / str(job)
        found = {path.name: digest_of(path) for path in place.iterdir()} if place.is_dir() else {}
        return {name: value or "" for name, value in found.items()}

    async def _closed(self, name: str) -> bool:
        """Whether a workflow has ended, or never was; one that has just written its end gets a moment to do so."""

        async def look() -> bool:
            try:
                described = await self.temporal.get_workflow_handle(name).describe()
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return True
                raise
            return described.status is not WorkflowExecutionStatus.RUNNING

        for _ in range(TRIES):
            if await self._again(look):
                return True
            await asyncio.sleep(PAUSE)
        return False

    async def _in_session(self, read: Callable[[Session], Awaitable[T]]) -> T:
        async def once() -> T:
            async with self.database.transaction() as session:
                return await read(session)

        return await self._again(once)

    async def _again(self, read: Callable[[], Awaitable[T]]) -> T:
        for _ in range(TRIES):
            try:
                return await read()
            except (SQLAlchemyError, RPCError, OSError):
                await asyncio.sleep(PAUSE)
        return await read()


def digest_of(folder: Path) -> str | None:
    """The digest of a folder as the library counts it; None when there is none."""
    if not folder.is_dir():
        return None
    files = [file for file in folder.rglob("*") if file.is_file()]
    return digest([SkillFileEntry(path=f.relative_to(folder).as_posix(), data=f.read_bytes()) for f in files])


def _workflows(job: UUID) -> tuple[str, str]:
    return f"create-skill:{job}", f"promote-skill:{job}"


async def _events(session: Session, job: UUID) -> tuple[Event, ...]:
    rows = await session.scalars(select(JobEvent).where(JobEvent.job_id == job).order_by(JobEvent.seq))
    return tuple(Event(row.seq, row.event_key, row.status, row.created_at) for row in rows)


async def _prompts(session: Session, job: UUID) -> tuple[Asked, ...]:
    rows = await session.scalars(select(HitlInteraction).where(HitlInteraction.job_id == job))
    return tuple(
        Asked(
            row.interaction_id,
            row.interaction_type,
            row.round_number,
            row.status,
            row.delivered_at is not None or row.undeliverable is not None or row.channel == "auto",
        )
        for row in rows
    )


async def _revisions(session: Session, job: UUID) -> dict[int, Kept]:
    files: dict[int, list[SkillFileEntry]] = {}
    for row in await session.scalars(select(RevisionFile).where(RevisionFile.job_id == job)):
        files.setdefault(row.n, []).append(SkillFileEntry(path=row.path, data=row.data))
    rows = await session.scalars(select(Revision).where(Revision.job_id == job))
    return {row.n: Kept(row.digest, digest(files.get(row.n, []))) for row in rows}
