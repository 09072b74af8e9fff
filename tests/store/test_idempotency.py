"""Who is at work under a key, and what the first one was answered. How keys are forgotten: test_retention.py."""

from datetime import timedelta
from uuid import uuid4

from store import idempotency as keys
from store.idempotency import Begun, KeptAnswer, RequestKey
from store.session import Database

LEASE = timedelta(seconds=20)
OVER = timedelta(seconds=-1)
ANSWER = KeptAnswer(status=202, headers={"content-type": "application/json"}, body=b'{"ok":true}')


def a_key(user: str = "ada") -> RequestKey:
    return RequestKey(user_id=user, route="POST /api/v1/x", key=str(uuid4()))


async def begin(database: Database, key: RequestKey, digest: str = "d", lease: timedelta = LEASE) -> Begun:
    async with database.transaction() as session:
        return await keys.begin(session, key, digest, lease)


async def finish(database: Database, key: RequestKey, answer: KeptAnswer = ANSWER) -> None:
    async with database.transaction() as session:
        await keys.finish(session, key, answer)


async def test_the_first_is_at_work_and_the_second_hears_for_how_long(database: Database) -> None:
    key = a_key()
    assert (await begin(database, key)).lease is not None
    second = await begin(database, key)
    assert (second.lease, second.answer, second.same) == (None, None, True)
    assert 15 < second.remaining <= 20


async def test_a_kept_answer_comes_back_whole_and_the_first_one_stays(database: Database) -> None:
    key = a_key()
    await begin(database, key)
    await finish(database, key)
    await finish(database, key, ANSWER.model_copy(update={"status": 409}))
    assert (await begin(database, key)).answer == ANSWER


async def test_another_body_is_seen_at_work_and_afterwards(database: Database) -> None:
    key = a_key()
    await begin(database, key)
    assert (await begin(database, key, "other")).same is False
    await finish(database, key)
    assert (await begin(database, key, "other")).same is False


async def test_a_lease_that_is_over_is_taken_over_by_the_same_body_only(database: Database) -> None:
    key = a_key()
    await begin(database, key, lease=OVER)
    other = await begin(database, key, "other")
    assert (other.lease, other.same) == (None, False)
    assert (await begin(database, key)).lease is not None
    assert (await begin(database, key)).lease is None


async def test_who_lost_its_lease_releases_nothing(database: Database) -> None:
    key = a_key()
    slow = (await begin(database, key, lease=OVER)).lease
    assert slow is not None
    await begin(database, key)
    async with database.transaction() as session:
        await keys.release(session, key, slow)
    assert (await begin(database, key)).remaining > 0


async def test_a_released_key_is_free_for_any_body(database: Database) -> None:
    key = a_key()
    lease = (await begin(database, key)).lease
    assert lease is not None
    async with database.transaction() as session:
        await keys.release(session, key, lease)
    assert (await begin(database, key, "mended")).lease is not None


async def test_the_same_key_of_another_person_is_another_key(database: Database) -> None:
    key = a_key()
    await begin(database, key)
    assert (await begin(database, key.model_copy(update={"user_id": "bob"}))).lease is not None
