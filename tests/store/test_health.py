"""What an operator asks of the database: connections, and how the work stands."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.job import JobStatus
from domain.prompt import PromptStatus
from store import health
from store.health import Standing
from store.prompts import Channel
from store.session import Database
from store.tables import HitlInteraction
from tests.support.rows import make_job, make_prompt

NOW = datetime.now(UTC)


async def answered(database: Database, prompt: UUID, channel: Channel, minutes: int, **more: object) -> None:
    """This prompt was answered so long ago, and nothing but `more` is known of what became of it."""
    async with database.transaction() as session:
        row = await session.get_one(HitlInteraction, prompt)
        row.status, row.channel, row.responded_at = PromptStatus.RESPONDED, channel, NOW - timedelta(minutes=minutes)
        for name, value in more.items():
            setattr(row, name, value)


async def standing(database: Database) -> Standing:
    async with database.transaction() as session:
        return await health.standing(session, NOW)


async def test_jobs_are_counted_by_status(database: Database) -> None:
    await make_job(database)
    await make_job(database, status=JobStatus.FAILED)
    await make_job(database, status=JobStatus.FAILED)
    assert (await standing(database)).jobs == {"running": 1, "failed": 2}


async def test_the_oldest_answer_that_temporal_was_not_told_of_counts(database: Database) -> None:
    job = await make_job(database)
    first, second = [await make_prompt(database, job, number=number) for number in (1, 2)]
    assert (await standing(database)).undelivered_seconds == 0
    await answered(database, first, Channel.API, minutes=3)
    await answered(database, second, Channel.PAGE, minutes=9)
    assert (await standing(database)).undelivered_seconds == pytest.approx(9 * 60)


@pytest.mark.parametrize(
    ("channel", "more"),
    [
        (Channel.API, {"delivered_at": NOW}),
        (Channel.API, {"undeliverable": "the job had ended"}),
        (Channel.SIGNAL, {}),  # the workflow itself took it: there is nobody to be told
    ],
)
async def test_an_answer_that_nobody_need_be_told_of_does_not_count(
    database: Database, channel: Channel, more: dict[str, object]
) -> None:
    prompt = await make_prompt(database, await make_job(database))
    await answered(database, prompt, channel, 9, **more)
    assert (await standing(database)).undelivered_seconds == 0


async def test_connections_of_the_whole_server_are_counted(database: Database) -> None:
    async with database.transaction() as one, database.transaction():
        used, allowed = await health.connections(one)
    assert 2 <= used < allowed == 300
