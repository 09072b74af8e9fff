"""Delivery of the outbox: at least once under one id, tried again as agreed, by several processes without quarrel."""

import asyncio
import base64
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from standardwebhooks import Webhook as Verifier
from structlog.testing import capture_logs

from api import notifying
from api import webhook as sender
from api.notifying import AGAIN_AFTER, LEASE, PARALLEL, notify, notify_for_ever, pause_after
from api.webhook import Webhook, webhook_of
from store import jobs
from store.session import Database
from store.tables import Notification
from tests.support.receiver import Receiver, Reply, receiving
from tests.support.rows import make_job

ROOT = Path(__file__).resolve().parents[2]
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()

LOOP = """
import asyncio, sys
from api.notifying import notify_for_ever
from api.webhook import webhook_of
from store.session import Database

database, url, secret = sys.argv[1:]
asyncio.run(notify_for_ever(Database.connect(database), webhook_of(url, secret, private=True)))
"""


class Away(Database):
    """A database that nobody reaches, however often it is tried."""

    def __init__(self) -> None:
        super().__init__(Database.connect("postgresql://nobody:hunter2@127.0.0.1:1/none").engine)
        self.asked = 0
        self.asked_thrice = asyncio.Event()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        self.asked += 1
        if self.asked == 3:
            self.asked_thrice.set()
        async with super().transaction() as session:
            yield session


class GoesAway(Database):
    """A database that is away after its first transaction."""

    def __init__(self, there: Database, away: Database) -> None:
        super().__init__(there.engine)
        self.next = iter([there])
        self.away = away

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        async with next(self.next, self.away).transaction() as session:
            yield session


@pytest.fixture
async def away() -> AsyncIterator[Away]:
    """A database that is away."""
    away = Away()
    yield away
    await away.dispose()


@pytest.fixture
async def telling(database: Database, database_url: str) -> AsyncIterator[Database]:
    """The same empty database, with notifications on."""
    telling = Database.connect(database_url, pool_size=5, max_overflow=5, notify=True)
    yield telling
    await telling.dispose()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that takes whatever comes."""
    async with receiving() as receiver:
        yield receiver


def to(receiver: Receiver) -> Webhook:
    webhook = webhook_of(receiver.url, SECRET, private=True)
    assert webhook is not None
    return webhook


async def tell(database: Database, *keys: str) -> UUID:
    """A job, and an event to be told for each key."""
    job = await make_job(database)
    for key in keys:
        async with database.transaction() as session:
            await jobs.change(session, job, key, "parked", "")
    return job


async def rows(database: Database) -> list[Notification]:
    async with database.transaction() as session:
        return list(await session.scalars(select(Notification).order_by(Notification.created_at)))


async def only(database: Database) -> Notification:
    [row] = await rows(database)
    return row


async def test_an_event_arrives_signed_under_the_id_of_its_row(telling: Database, receiver: Receiver) -> None:
    job = await tell(telling, "it")
    assert await notify(telling, to(receiver), datetime.now(UTC)) == 1
    [request] = receiver.requests
    told = Verifier(SECRET).verify(request.body, request.headers)
    assert (told["type"], told["data"]["job_id"]) == ("job.prompt.parked", str(job))
    row = await only(telling)
    assert request.headers["webhook-id"] == str(row.notification_id) == str(uuid5(job, "it"))
    assert row.delivered_at is not None
    assert await notify(telling, to(receiver), datetime.now(UTC) + timedelta(days=1)) == 0


async def test_a_failed_one_is_sent_again_later_under_the_same_id(telling: Database, receiver: Receiver) -> None:
    await tell(telling, "it")
    receiver.replies.append(Reply(500))
    began = datetime.now(UTC)
    await notify(telling, to(receiver), began)
    row = await only(telling)
    assert (row.attempts, row.delivered_at, row.last_error) == (1, None, "the receiver answered 500")
    assert row.next_attempt_at is not None
    assert timedelta(seconds=5) <= row.next_attempt_at - began < timedelta(seconds=10)
    assert await notify(telling, to(receiver), began + timedelta(seconds=4)) == 0
    assert await notify(telling, to(receiver), row.next_attempt_at) == 1
    assert len(set(receiver.ids)) == 1
    assert (await only(telling)).delivered_at is not None


async def test_after_the_tenth_failure_it_is_given_up_and_stays_visible(telling: Database, receiver: Receiver) -> None:
    await tell(telling, "it")
    receiver.always = Reply(500)
    due: datetime | None = datetime.now(UTC)
    with capture_logs() as log:
        while due is not None:
            assert await notify(telling, to(receiver), due) == 1
            due = (await only(telling)).next_attempt_at
    assert len(receiver.requests) == 10
    row = await only(telling)
    assert (row.attempts, row.delivered_at, row.last_error) == (10, None, "the receiver answered 500")
    assert [line["log_level"] for line in log] == ["warning"] * 9 + ["error"]


async def test_a_receiver_that_is_gone_is_not_asked_again(telling: Database, receiver: Receiver) -> None:
    await tell(telling, "it")
    receiver.always = Reply(410)
    await notify(telling, to(receiver), datetime.now(UTC))
    row = await only(telling)
    assert (row.next_attempt_at, row.last_error) == (None, "the receiver answered 410")
    assert await notify(telling, to(receiver), datetime.now(UTC) + timedelta(days=9)) == 0


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_receiver_is_left_alone_as_long_as_it_asks(
    telling: Database, receiver: Receiver, status: int
) -> None:
    await tell(telling, "it")
    receiver.replies.append(Reply(status, {"Retry-After": "3600"}))
    began = datetime.now(UTC)
    await notify(telling, to(receiver), began)
    again = (await only(telling)).next_attempt_at
    assert again is not None
    assert timedelta(hours=1) <= again - began < timedelta(hours=1, seconds=10)


@pytest.mark.parametrize("manner", ["hang", "hang up"])
async def test_a_receiver_that_breaks_off_or_never_answers_is_tried_again(
    telling: Database, receiver: Receiver, manner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "WITHIN", 0.2)
    await tell(telling, "it")
    receiver.always = Reply(manner=manner)  # type: ignore[arg-type]  # parametrized over a literal
    await notify(telling, to(receiver), datetime.now(UTC))
    row = await only(telling)
    assert row.last_error
    assert row.next_attempt_at is not None


async def test_one_that_hangs_does_not_hold_up_the_others(
    telling: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "WITHIN", 0.2)
    await tell(telling, *"abcd")
    receiver.replies.append(Reply(manner="hang"))
    await notify(telling, to(receiver), datetime.now(UTC))
    assert len(receiver.requests) == PARALLEL == 4
    assert Counter(row.delivered_at is None for row in await rows(telling)) == {False: 3, True: 1}


async def test_several_processes_never_deliver_one_at_the_same_time(telling: Database, receiver: Receiver) -> None:
    await tell(telling, *map(str, range(30)))
    now = datetime.now(UTC)

    async def until_empty() -> int:
        taken = 0
        while number := await notify(telling, to(receiver), now):
            taken += number
        return taken

    async with asyncio.timeout(30):
        taken = await asyncio.gather(until_empty(), until_empty(), until_empty())
    assert sum(taken) == 30
    assert sorted(Counter(receiver.ids).values()) == [1] * 30
    assert all(row.delivered_at is not None for row in await rows(telling))


async def test_a_process_killed_between_sending_and_marking_leaves_it_to_the_next_under_the_same_id(
    telling: Database, database_url: str, receiver: Receiver
) -> None:
    await tell(telling, "it")
    receiver.replies.append(Reply(manner="hang"))  # it has the message; the sender never learns so
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LOOP, database_url, receiver.url, SECRET), cwd=ROOT, env={"PATH": os.defpath}
    )
    try:
        await receiver.wait_for(1)
    finally:
        process.kill()
        await process.wait()
    row = await only(telling)
    assert (row.attempts, row.delivered_at) == (1, None)
    assert await notify(telling, to(receiver), datetime.now(UTC)) == 0
    assert await notify(telling, to(receiver), datetime.now(UTC) + LEASE) == 1
    assert receiver.ids == [str(row.notification_id)] * 2
    assert receiver.requests[0].body == receiver.requests[1].body
    assert (await only(telling)).delivered_at is not None


async def test_what_cannot_be_marked_is_sent_again_under_the_same_id(
    telling: Database, receiver: Receiver, away: Away
) -> None:
    await tell(telling, "it")
    leaving = GoesAway(telling, away)
    with capture_logs() as log:
        assert await notify(leaving, to(receiver), datetime.now(UTC)) == 1
    assert [line["event"] for line in log] == ["a notification is not marked and will be sent again"]
    assert await notify(telling, to(receiver), datetime.now(UTC) + LEASE) == 1
    assert len(receiver.ids) == 2
    assert len(set(receiver.ids)) == 1


async def test_the_loop_delivers_what_comes_in_and_stops_when_told(
    telling: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifying, "PAUSE", 0.02)
    loop = asyncio.create_task(notify_for_ever(telling, to(receiver)))
    await tell(telling, *"abcdef")
    await receiver.wait_for(6)
    await tell(telling, "later")
    await receiver.wait_for(7)
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop
    assert len(set(receiver.ids)) == 7


async def test_the_loop_outlives_a_database_that_is_away(
    receiver: Receiver, away: Away, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifying, "PAUSE", 0.01)
    with capture_logs() as log:
        loop = asyncio.create_task(notify_for_ever(away, to(receiver)))
        async with asyncio.timeout(10):
            await away.asked_thrice.wait()
    assert not loop.done()
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
    assert {line["event"] for line in log} == {"notifications cannot be looked up; trying again"}
    assert "hunter2" not in str(log)


async def test_what_was_given_up_can_be_sent_again_by_an_operator(telling: Database, receiver: Receiver) -> None:
    """The statement of docs/notifications.md."""
    await tell(telling, "it")
    receiver.replies.append(Reply(410))
    await notify(telling, to(receiver), datetime.now(UTC))
    page = (ROOT / "docs" / "notifications.md").read_text()
    [statement] = [line for line in page.splitlines() if line.startswith("UPDATE notifications")]
    async with telling.transaction() as session:
        await (await session.connection()).exec_driver_sql(statement)
    assert await notify(telling, to(receiver), datetime.now(UTC) + timedelta(seconds=1)) == 1
    assert (await only(telling)).delivered_at is not None


def test_the_pauses_are_those_of_standard_webhooks_spread_by_a_tenth_at_most() -> None:
    notifications = [uuid4() for _ in range(200)]
    for attempts, pause in enumerate(AGAIN_AFTER, start=1):
        waits = [pause_after(attempts, None, one) for one in notifications]
        assert all(wait is not None and pause <= wait <= pause * 1.1 for wait in waits)
        assert len(set(waits)) > 20
    assert pause_after(len(AGAIN_AFTER) + 1, None, notifications[0]) is None
    assert sum(AGAIN_AFTER, timedelta()) > timedelta(days=3)


def test_a_receiver_may_ask_for_a_later_time_but_not_for_an_earlier_one_nor_for_never() -> None:
    one = UUID(int=0)
    assert pause_after(1, 30.0, one) == timedelta(seconds=30)
    assert pause_after(2, 1.0, one) == timedelta(minutes=5)
    assert pause_after(1, 1e300, one) == timedelta(hours=24)
    assert pause_after(10, 30.0, one) is None
