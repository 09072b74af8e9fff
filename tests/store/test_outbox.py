"""The outbox: written with its event or not at all, once, without secrets; leased to one attempt at a time."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import pytest
from sqlalchemy import delete, select, update

from domain.job import JobStatus
from store import jobs, outbox
from store.outbox import OF_EVENT, Due, NotificationType
from store.session import Database
from store.tables import HitlInteraction, Notification
from tests.support.rows import make_job, make_prompt

LEASE = timedelta(seconds=60)
SECRET_TASK = "Handle the merger with Initech"


@pytest.fixture
async def notifying(database: Database, database_url: str) -> AsyncIterator[Database]:
    """The same empty database, with notifications on."""
    notifying = Database.connect(database_url, pool_size=5, max_overflow=5, notify=True)
    yield notifying
    await notifying.dispose()


async def tell(database: Database, job: UUID, kind: str = "parked", key: str = "it") -> None:
    async with database.transaction() as session:
        await jobs.change(session, job, key, kind, f"because of {SECRET_TASK}", {"reason": SECRET_TASK})


async def rows(database: Database) -> list[Notification]:
    async with database.transaction() as session:
        return list(await session.scalars(select(Notification).order_by(Notification.created_at)))


async def claim(database: Database, now: datetime, limit: int = 10) -> list[Due]:
    async with database.transaction() as session:
        return await outbox.claim(session, now, limit, LEASE)


async def test_off_nothing_is_written(database: Database) -> None:
    await tell(database, await make_job(database))
    assert not database.notify
    assert await rows(database) == []


async def test_a_notification_is_written_with_its_event_and_names_it(notifying: Database) -> None:
    job = await make_job(notifying)
    await tell(notifying, job)
    [row] = await rows(notifying)
    assert row.notification_id == uuid5(job, "it")
    assert (row.type, row.attempts, row.delivered_at) == ("job.prompt.parked", 0, None)
    assert row.payload["data"]["seq"] == 2
    assert row.payload["data"]["links"] == {"page": f"/jobs/{job}", "api": f"/api/v1/jobs/{job}"}


async def test_what_is_rolled_back_is_told_to_nobody(notifying: Database) -> None:
    job = await make_job(notifying)
    with pytest.raises(RuntimeError):
        async with notifying.transaction() as session:
            await jobs.change(session, job, "it", "parked", "")
            assert (await session.scalars(select(Notification))).first() is not None
            raise RuntimeError
    assert await rows(notifying) == []


async def test_a_retried_step_tells_once(notifying: Database) -> None:
    job = await make_job(notifying)
    await tell(notifying, job)
    await tell(notifying, job)
    async with notifying.transaction() as session:
        await outbox.put(session, await jobs.locked(session, job), "it", "parked", {})
    assert len(await rows(notifying)) == 1


@pytest.mark.parametrize(("kind", "told"), OF_EVENT.items())
async def test_each_event_that_people_wait_for_is_told(notifying: Database, kind: str, told: NotificationType) -> None:
    await tell(notifying, await make_job(notifying), kind)
    assert [row.type for row in await rows(notifying)] == [told]


def test_every_type_belongs_to_an_event() -> None:
    assert set(OF_EVENT.values()) == set(NotificationType)


@pytest.mark.parametrize("kind", ["started", "phase", "progress", "answered", "trouble", "evidence", "something new"])
async def test_all_other_events_stay_inside(notifying: Database, kind: str) -> None:
    await tell(notifying, await make_job(notifying), kind)
    assert await rows(notifying) == []


async def test_a_prompt_is_told_with_what_it_takes_to_find_it(notifying: Database) -> None:
    job = await make_job(notifying, user="ada")
    prompt = await make_prompt(notifying, job)
    [row] = await rows(notifying)
    async with notifying.transaction() as session:
        due = (await session.get_one(HitlInteraction, prompt)).timeout_at
    data = row.payload["data"]
    assert row.payload["type"] == "job.prompt.opened"
    assert datetime.fromisoformat(row.payload["timestamp"]).tzinfo is not None
    assert (data["interaction_id"], data["hitl_type"], data["owner"]) == (str(prompt), "clarify", "ada")
    assert (data["status"], data["assignee"]) == ("pending_hitl", None)
    assert due is not None
    assert datetime.fromisoformat(data["due"]) == due


async def test_a_prompt_asked_again_is_told_with_its_new_time(notifying: Database) -> None:
    job = await make_job(notifying)
    await make_prompt(notifying, job)
    async with notifying.transaction() as session:
        await jobs.change(session, job, "again", "reopened", "", {"due": "2027-01-01T00:00:00+00:00"})
    assert (await rows(notifying))[-1].payload["data"]["due"] == "2027-01-01T00:00:00+00:00"


async def test_a_prompt_that_is_closed_is_not_named_by_the_end_of_its_job(notifying: Database) -> None:
    job = await make_job(notifying)
    await make_prompt(notifying, job)
    async with notifying.transaction() as session:
        await session.execute(update(HitlInteraction).values(status="cancelled"))
        await jobs.change(session, job, "end", "cancelled", "cancelled by ada", status=JobStatus.CANCELLED)
    data = (await rows(notifying))[-1].payload["data"]
    assert (data["interaction_id"], data["hitl_type"], data["due"]) == (None, None, None)


@pytest.mark.parametrize("kind", OF_EVENT)
async def test_nothing_that_may_be_secret_leaves(notifying: Database, kind: str) -> None:
    job = await make_job(notifying, task=SECRET_TASK)
    await make_prompt(notifying, job, data={"questions": [], "summary": SECRET_TASK})
    await tell(notifying, job, kind)
    told = await rows(notifying)
    assert len(told) == 2
    assert [row.payload for row in told if "Initech" in json.dumps(row.payload)] == []


async def test_what_is_claimed_is_leased_and_comes_back_when_the_lease_ends(notifying: Database) -> None:
    await tell(notifying, await make_job(notifying))
    now = datetime.now(UTC)
    [first] = await claim(notifying, now)
    assert first.attempts == 1
    assert await claim(notifying, now + LEASE - timedelta(seconds=1)) == []
    [second] = await claim(notifying, now + LEASE)
    assert (second.notification_id, second.attempts) == (first.notification_id, 2)
    assert second.payload == first.payload


async def test_what_is_not_due_yet_waits_and_the_longest_due_comes_first(notifying: Database) -> None:
    job = await make_job(notifying)
    for key in "abc":
        await tell(notifying, job, key=key)
    now = datetime.now(UTC)
    [a] = await claim(notifying, now, limit=1)
    assert a.notification_id == uuid5(job, "a")
    async with notifying.transaction() as session:
        await outbox.failed(session, a, now + timedelta(hours=1), "500")
    assert [due.notification_id for due in await claim(notifying, now)] == [uuid5(job, "b"), uuid5(job, "c")]


async def test_two_that_claim_at_once_get_different_ones(notifying: Database) -> None:
    job = await make_job(notifying)
    for key in "abcd":
        await tell(notifying, job, key=key)
    now = datetime.now(UTC)
    async with notifying.transaction() as one:
        mine = await outbox.claim(one, now, 2, LEASE)
        async with asyncio.timeout(5), notifying.transaction() as two:
            theirs = await outbox.claim(two, now, 4, LEASE)
    assert {due.notification_id for due in mine} == {uuid5(job, "a"), uuid5(job, "b")}
    assert {due.notification_id for due in theirs} == {uuid5(job, "c"), uuid5(job, "d")}


async def test_what_is_delivered_or_given_up_never_comes_back(notifying: Database) -> None:
    job = await make_job(notifying)
    await tell(notifying, job, key="a")
    await tell(notifying, job, key="b")
    now = datetime.now(UTC)
    done, lost = await claim(notifying, now)
    async with notifying.transaction() as session:
        await outbox.delivered(session, done, now)
        await outbox.failed(session, lost, None, "gone")
    assert await claim(notifying, now + timedelta(days=365)) == []


async def test_a_slow_attempt_cannot_undo_what_a_later_one_did(notifying: Database) -> None:
    await tell(notifying, await make_job(notifying))
    now = datetime.now(UTC)
    [slow] = await claim(notifying, now)
    [later] = await claim(notifying, now + LEASE)
    async with notifying.transaction() as session:
        await outbox.failed(session, slow, None, "too slow")
    assert (await rows(notifying))[0].last_error is None
    async with notifying.transaction() as session:
        await outbox.delivered(session, later, now)
        await outbox.failed(session, later, now, "said twice")
    [row] = await rows(notifying)
    assert (row.delivered_at, row.next_attempt_at, row.last_error) == (now, None, None)


async def test_an_operator_sees_what_waits_and_what_was_given_up(notifying: Database) -> None:
    job = await make_job(notifying)
    for key in "abcd":
        await tell(notifying, job, key=key)
    now = datetime.now(UTC)
    done, lost, again = await claim(notifying, now, limit=3)
    async with notifying.transaction() as session:
        await outbox.delivered(session, done, now)
        await outbox.failed(session, lost, None, "the receiver answered 410")
        await outbox.failed(session, again, now, "the receiver answered 500")
        state = await outbox.waiting(session)
    assert (state.waiting, state.given_up, state.last_error) == (2, 1, "the receiver answered 500")
    async with notifying.transaction() as session:
        await session.execute(delete(Notification))
        state = await outbox.waiting(session)
    assert (state.waiting, state.given_up, state.last_error) == (0, 0, None)
