"""What the pool tells: who has how many connections, how long a checkout took, and which transaction was slow."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from prometheus_client import REGISTRY, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from store import pool
from store.pool import CHECKOUT_BUCKETS, TRANSACTION_BUCKETS, PoolState
from store.session import Database
from tests.support.waiting import until

NOWHERE = "postgresql://nobody:x@127.0.0.1:1/none"


@pytest.fixture
async def small(database_url: str) -> AsyncIterator[Database]:
    """A pool of one, and one more when it must be."""
    small = Database.connect(database_url, pool_size=1, max_overflow=1)
    yield small
    await small.dispose()


@pytest.fixture
def soon_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pool.SLOW_TRANSACTION == 1.0
    monkeypatch.setattr(pool, "SLOW_TRANSACTION", 0.02)


def number(database: Database, name: str, **labels: str) -> float:
    """One number as Prometheus would scrape it."""
    found = database.meter.registry.get_sample_value(name, labels)
    assert found is not None, name
    return found


async def test_a_slow_transaction_is_logged_with_its_time_and_what_it_did_last(
    small: Database, soon_slow: None, caplog: pytest.LogCaptureFixture
) -> None:
    async with small.transaction() as session:
        await session.execute(text("SELECT pg_sleep(0.03), :said"), {"said": "a private word"})
    [line] = caplog.messages
    assert "took 0.0" in line and "SELECT pg_sleep(0.03)" in line and "private" not in line
    assert number(small, "skill_fleet_db_slow_transactions_total") == 1


async def test_a_slow_transaction_that_fails_is_logged_too(
    small: Database, soon_slow: None, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ProgrammingError):
        async with small.transaction() as session:
            await session.execute(text("SELECT pg_sleep(0.03)"))
            await session.execute(text("SELECT nothing FROM nowhere"))
    assert len(caplog.messages) == 1


async def test_a_slow_transaction_that_goes_around_the_scope_is_logged_too(
    small: Database, soon_slow: None, caplog: pytest.LogCaptureFixture
) -> None:
    async with small.engine.begin() as connection:
        await connection.execute(text("SELECT pg_sleep(0.03)"))
    assert len(caplog.messages) == 1


async def test_a_slow_transaction_whose_connection_breaks_is_logged_too(
    small: Database, soon_slow: None, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(DBAPIError):
        async with small.transaction() as session:
            await session.execute(text("SELECT pg_sleep(0.03), pg_terminate_backend(pg_backend_pid())"))
    assert len([line for line in caplog.messages if "a transaction took" in line]) == 1


async def test_a_transaction_is_slow_also_when_it_only_idles(
    small: Database, soon_slow: None, caplog: pytest.LogCaptureFixture
) -> None:
    async with small.transaction():
        await asyncio.sleep(0.03)
    assert len(caplog.messages) == 1


async def test_a_quick_transaction_is_counted_and_not_logged(small: Database, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await small.ping()
        await small.ping()
    assert caplog.messages == []
    assert number(small, "skill_fleet_db_transaction_seconds_count") == 2
    assert number(small, "skill_fleet_db_slow_transactions_total") == 0


async def test_the_gauges_show_what_is_in_use_and_when_the_next_query_would_wait(small: Database) -> None:
    before = small.pool_state()
    async with small.transaction():
        one = small.pool_state()
        async with small.transaction():
            both = small.pool_state()
            assert number(small, "skill_fleet_db_connections_active") == 2
            assert number(small, "skill_fleet_db_connections_overflow") == 1
    after = small.pool_state()
    assert [(state.active, state.idle, state.overflow, state.exhausted) for state in (before, one, both, after)] == [
        (0, 0, 0, False),
        (1, 0, 0, False),
        (2, 0, 1, True),
        (0, 1, 0, False),
    ]
    assert (both.size, both.limit) == (1, 2)
    assert 0 < after.checkout_p50 <= after.checkout_p99
    assert number(small, "skill_fleet_db_connections_limit") == 2
    assert number(small, "skill_fleet_db_connections_idle") == 1


def test_the_pool_has_the_size_that_was_decided() -> None:
    state = Database.connect(NOWHERE).pool_state()
    assert (state.size, state.limit) == (20, 50)


async def test_time_spent_waiting_for_a_connection_is_time_of_the_checkout(small: Database) -> None:
    entered = asyncio.Event()

    async def wait_in_line() -> None:
        entered.set()
        await small.ping()

    async with small.transaction(), small.transaction():
        waiting = asyncio.create_task(wait_in_line())
        await entered.wait()
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(0.15)
        waited = asyncio.get_running_loop().time() - began
        assert not waiting.done() and small.pool_state().exhausted
    await waiting
    assert small.pool_state().checkout_p99 >= waited
    assert number(small, "skill_fleet_db_checkout_seconds_count") == 3
    assert number(small, "skill_fleet_db_checkout_seconds_bucket", le="0.1") <= 2


async def test_a_checkout_that_fails_counts_with_the_time_it_was_waited_for() -> None:
    nowhere = Database.connect(NOWHERE)
    with pytest.raises(DBAPIError):
        await nowhere.ping()
    assert number(nowhere, "skill_fleet_db_checkout_seconds_count") == 1
    assert number(nowhere, "skill_fleet_db_transaction_seconds_count") == 0
    await nowhere.dispose()


async def test_one_who_gives_up_waiting_leaves_the_pool_whole(small: Database) -> None:
    async with small.transaction(), small.transaction():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await small.ping()
    await until(lambda: small.pool_state().active == 0)
    await small.ping()
    assert small.pool_state().active == 0


async def test_it_goes_on_telling_after_every_connection_was_closed(small: Database) -> None:
    await small.ping()
    await small.dispose()
    await small.ping()
    assert number(small, "skill_fleet_db_checkout_seconds_count") == 2
    assert number(small, "skill_fleet_db_transaction_seconds_count") == 2
    assert small.pool_state().idle == 1


async def test_two_pools_in_one_process_do_not_count_for_each_other(small: Database, database: Database) -> None:
    counted = number(database, "skill_fleet_db_checkout_seconds_count")
    await small.ping()
    assert number(database, "skill_fleet_db_checkout_seconds_count") == counted
    assert b"skill_fleet" not in generate_latest(REGISTRY)


def test_the_goals_are_borders_of_buckets_so_that_prometheus_can_tell_them() -> None:
    assert 0.1 in CHECKOUT_BUCKETS and 1 in TRANSACTION_BUCKETS
    assert all(list(buckets) == sorted(set(buckets)) for buckets in (CHECKOUT_BUCKETS, TRANSACTION_BUCKETS))


@pytest.mark.parametrize(("active", "exhausted"), [(0, False), (49, False), (50, True)])
def test_it_is_exhausted_when_overflow_is_used_up(active: int, exhausted: bool) -> None:
    assert PoolState(size=20, active=active, idle=0, overflow=30, limit=50).exhausted is exhausted
