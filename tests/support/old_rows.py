"""Rows as they look when much time has gone by: retention's tests cannot wait for it."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import text

from domain.job import JobStatus
from domain.passages import Text
from domain.prompt import AnswerDraft
from domain.retention import Keep, Kind, Mode
from store import calls, jobs, prompts, skills, uploads
from store.session import Database
from store.tables import IdempotencyKey, Notification
from tests.support.rows import CATEGORY, DESCRIPTION, a_call, make_draft, make_job, make_prompt

KEEP = Keep(
    mode=Mode.ON, drafts=90, model_answers=80, events=180, parked=60, idempotency=2, notifications=30, uploads=40
)
"""Another number for each, so that none can stand for another."""

LONG = timedelta(days=1000)


async def end(
    database: Database, job: UUID, ago: timedelta = LONG, status: JobStatus = JobStatus.FAILED, key: str = "end"
) -> None:
    """The job ended so long ago, and all its events are as old."""
    async with database.transaction() as session:
        await jobs.change(session, job, key, status, "it is over", status=status)
    await execute(
        database, "UPDATE jobs SET completed_at = now() - make_interval(secs => :ago) WHERE job_id = :job", job, ago
    )
    await age_events(database, job, ago)


async def age_events(database: Database, job: UUID, ago: timedelta) -> None:
    """Every event of the job is as old as this."""
    await execute(database, "ALTER TABLE job_events DISABLE TRIGGER append_only")
    await execute(
        database, "UPDATE job_events SET created_at = now() - make_interval(secs => :ago) WHERE job_id = :job", job, ago
    )
    await execute(database, "ALTER TABLE job_events ENABLE TRIGGER append_only")


async def park(database: Database, job: UUID, ago: timedelta = LONG) -> None:
    """The job is parked since then."""
    await execute(
        database, "UPDATE jobs SET parked_at = now() - make_interval(secs => :ago) WHERE job_id = :job", job, ago
    )


async def execute(database: Database, statement: str, job: UUID | None = None, ago: timedelta | None = None) -> None:
    """A statement about one job."""
    given = {"job": job, "ago": ago.total_seconds() if ago is not None else None}
    async with database.transaction() as session:
        await session.execute(text(statement), {name: value for name, value in given.items() if value is not None})


async def drafted(database: Database, name: str = "release-notes") -> UUID:
    """A job that has written a draft, listed under its name, and paid for it; it still runs."""
    job = await make_job(database)
    digest = await make_draft(database, job, name=name)
    async with database.transaction() as session:
        await skills.reserve(session, name, CATEGORY, DESCRIPTION, digest, job)
        path = f"_drafts/{job}/{name}"
        await jobs.change(session, job, "draft:1", "draft", "saved", draft_path=path)
        await jobs.merge_result(session, job, draft_path=path)
        await calls.keep(session, job, a_call(input_tokens=10, output_tokens=2, usd=0.5))
    return job


async def full(database: Database, ago: timedelta = LONG) -> UUID:
    """An ended job with something of every kind that belongs to a job."""
    job = await drafted(database, name=f"skill-{uuid4().hex[:8]}")
    prompt = await make_prompt(database, job)
    async with database.transaction() as session:
        await prompts.merge_draft(session, prompt, "ada", AnswerDraft(answers={"who": "users"}))
    await notify(database, job, delivered=ago)
    await end(database, job, ago)
    return job


async def notify(
    database: Database, job: UUID, *, delivered: timedelta | None = None, made: timedelta = LONG, due: bool = False
) -> UUID:
    """A notification: delivered so long ago, given up, or still `due`."""
    made_at, told_at = await moment(database, made), await moment(database, delivered) if delivered else None
    row = Notification(
        notification_id=uuid4(),
        job_id=job,
        type="job.failed",
        payload={},
        next_attempt_at=made_at if due else None,
        delivered_at=told_at,
        created_at=made_at,
    )
    async with database.transaction() as session:
        session.add(row)
    return row.notification_id


async def remember(database: Database, key: str, ago: timedelta = LONG, *, at_work: bool = False) -> None:
    """An idempotency key as old as this."""
    made_at = await moment(database, ago)
    locked_until = await moment(database, -timedelta(minutes=1)) if at_work else made_at
    async with database.transaction() as session:
        session.add(
            IdempotencyKey(
                user_id="ada",
                route="POST /x",
                key=key,
                request_digest="d",
                status=None if at_work else 202,
                created_at=made_at,
                locked_until=locked_until,
            )
        )


async def send(database: Database, ago: timedelta = LONG, key: str | None = None) -> UUID:
    """A file that came so long ago, of two pieces, with the text that was read out of it."""
    async with database.transaction() as session:
        upload_id = await uploads.begin(session, "ada", "notes.md")
        for n in range(2):
            await uploads.add_piece(session, upload_id, n, b"grouped")
        await uploads.keep_texts(session, upload_id, [Text("notes.md", "grouped")])
        await uploads.finish(session, upload_id, "text/markdown", "a" * 64, key)
        old = text("UPDATE uploads SET created_at = now() - make_interval(secs => :ago) WHERE upload_id = :id")
        await session.execute(old, {"id": upload_id, "ago": ago.total_seconds()})
    return upload_id


async def moment(database: Database, ago: timedelta) -> datetime:
    """So long ago by the database's clock."""
    async with database.transaction() as session:
        found = await session.scalar(text("SELECT now() - make_interval(secs => :ago)"), {"ago": ago.total_seconds()})
    assert isinstance(found, datetime)
    return found


async def waiting_for_a_lock(database: Database) -> None:
    """Until some transaction waits for another one."""
    async with asyncio.timeout(20):
        while True:
            async with database.transaction() as session:
                waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                if await session.scalar(text(waiting)):
                    return
            await asyncio.sleep(0.02)


TABLES = {
    Kind.DRAFTS: "revision_files",
    Kind.MODEL_ANSWERS: "step_results",
    Kind.EVENTS: "job_events",
    Kind.ANSWER_DRAFTS: "hitl_drafts",
    Kind.NOTIFICATIONS: "notifications",
    Kind.IDEMPOTENCY_KEYS: "idempotency_keys",
    Kind.UPLOADS: "uploads",
}


async def count(database: Database, table: str, job: UUID | None = None) -> int:
    """Rows of a table, of one job or in all."""
    where = "" if job is None else " WHERE job_id = :job"
    async with database.transaction() as session:
        found = await session.scalar(text(f"SELECT count(*) FROM {table}{where}"), {"job": job} if job else {})
    assert isinstance(found, int)
    return found


async def counts(database: Database) -> dict[str, int]:
    """Rows of every table that retention may touch."""
    beside = ("revisions", "skills", "hitl_answers", "upload_chunks", "upload_texts")
    return {table: await count(database, table) for table in [*TABLES.values(), *beside]}
