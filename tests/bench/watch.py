"""What the product's database says of jobs, looked at by one reader for everybody who waits. Never writes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

import psycopg

FEW, QUICK, SLOW = 8, 0.01, 0.1
"""While at most `FEW` are waited for it looks every 10 ms, else every 100 ms, so that looking costs the same."""

LOOK = """
SELECT jobs.job_id, jobs.status, jobs.error, asked.interaction_id, asked.prompt_data -> 'questions'
FROM jobs LEFT JOIN hitl_interactions asked ON asked.job_id = jobs.job_id AND asked.status = 'pending'
WHERE jobs.job_id = ANY(%s)
"""

Row = tuple[UUID, str, str | None, UUID | None, list[dict[str, object]] | None]
T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    """An open prompt: its id, and the ids of its questions."""

    interaction: str
    questions: tuple[str, ...]


def _asked(row: Row) -> Asked | None:
    """The open prompt of a job; AssertionError when the job has ended."""
    job, status, error, interaction, questions = row
    assert status not in ("completed", "failed", "cancelled"), f"job {job} is {status}: {error}"
    if interaction is None:
        return None
    return Asked(str(interaction), tuple(str(question["id"]) for question in questions or []))


def _ended(row: Row) -> bool | None:
    """True when the job is completed; AssertionError when it ended otherwise."""
    assert row[1] not in ("failed", "cancelled"), f"job {row[0]} is {row[1]}: {row[2]}"
    return True if row[1] == "completed" else None


@dataclass
class Watch:
    """One connection that looks; many who wait."""

    connection: psycopg.AsyncConnection[tuple[object, ...]]
    waiting: list[tuple[UUID, Callable[[Row], bool]]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def until_open(self, job: str) -> Asked:
        """The job's open prompt, once there is one."""
        return await self._until(job, _asked)

    async def until_ended(self, job: str) -> None:
        """Return when the job is completed."""
        await self._until(job, _ended)

    async def phase(self, job: str, phase: str) -> float:
        """When the job told that it entered this phase last (seconds since the epoch)."""
        query = "SELECT extract(epoch FROM max(created_at)) FROM job_events WHERE job_id = %s AND phase = %s"
        [(moment,)] = await (await self.connection.execute(query + " AND type = 'phase'", (job, phase))).fetchall()
        assert moment is not None, f"job {job} never told of {phase}"
        return float(str(moment))

    async def stored_answers(self, job: str) -> int:
        """How many answers of models a job has stored."""
        query = "SELECT count(*) FROM step_results WHERE job_id = %s"
        [(count,)] = await (await self.connection.execute(query, (job,))).fetchall()
        return int(str(count))

    async def look_for_ever(self) -> None:
        """Serve those who wait."""
        while True:
            await self.news.wait()
            jobs = [job for job, _ in self.waiting]
            found = await (await self.connection.execute(LOOK, (jobs,))).fetchall()
            rows: dict[UUID, Row] = {row[0]: row for row in found}  # type: ignore[misc]  # the query's columns
            self.waiting = [one for one in self.waiting if one[0] not in rows or not one[1](rows[one[0]])]
            if not self.waiting:
                self.news.clear()
            await asyncio.sleep(QUICK if len(self.waiting) <= FEW else SLOW)

    async def _until(self, job: str, seen: Callable[[Row], T | None]) -> T:
        result: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def served(row: Row) -> bool:
            if result.done():
                return True
            try:
                value = seen(row)
            except AssertionError as wrong:
                result.set_exception(wrong)
                return True
            if value is not None:
                result.set_result(value)
            return value is not None

        self.waiting.append((UUID(job), served))
        self.news.set()
        return await result


@asynccontextmanager
async def watching(url: str) -> AsyncIterator[Watch]:
    """A watch on this database until the block ends."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        watch = Watch(connection)
        looking = asyncio.create_task(watch.look_for_ever())
        try:
            yield watch
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
