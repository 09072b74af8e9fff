"""Traces lie beside the answers they led to: read in order and by step, and gone with them."""

from datetime import timedelta
from uuid import UUID

import pytest

from domain.model_call import Trace
from domain.retention import Kind
from store import calls, retention, traces
from store.session import Database
from tests.support import old_rows as old
from tests.support.rows import a_call, make_job

KEYS = ["refine/a", "try/with/1/case-1/a", "try/with/1/case-1/b", "try/without/0/case-1/a", "trying/a", "try_with/a"]


@pytest.fixture
async def job(database: Database) -> UUID:
    """A job with a call under each key; every second one told what it thought."""
    made = await make_job(database)
    for number, key in enumerate(KEYS):
        trace = Trace(reasoning=f"thought {number}") if number % 2 == 0 else None
        async with database.transaction() as session:
            await calls.keep(session, made, a_call(key, outputs=[f"said {number}"], latency=1.5), trace)
    return made


async def keys(database: Database, job: UUID, step: str = "") -> list[str]:
    async with database.transaction() as session:
        return [view.key for view in await traces.page(session, job, step=step)]


async def test_every_call_is_told_with_or_without_a_trace_in_the_order_of_the_answers(
    database: Database, job: UUID
) -> None:
    async with database.transaction() as session:
        found = await traces.page(session, job)
    assert [view.key for view in found] == KEYS
    assert [view.reasoning for view in found] == ["thought 0", "", "thought 2", "", "thought 4", ""]
    assert (found[1].step, found[1].outputs, found[1].seconds, found[1].messages) == ("try", ["said 1"], 1.5, None)


@pytest.mark.parametrize(
    ("step", "found"),
    [
        ("refine", KEYS[:1]),
        ("try", KEYS[1:4]),
        ("try/with", KEYS[1:3]),
        ("/try/with/1/", KEYS[1:3]),
        ("try/with/1/case-1/b", []),
        ("%", []),
        ("none", []),
    ],
)
async def test_a_step_is_meant_in_whole_parts(database: Database, job: UUID, step: str, found: list[str]) -> None:
    assert await keys(database, job, step) == found


async def test_a_page_begins_behind_the_last_one(database: Database, job: UUID) -> None:
    read: list[str] = []
    after: traces.Place | None = None
    for _ in range(4):
        async with database.transaction() as session:
            page = await traces.page(session, job, after=after, limit=2)
        read += [view.key for view in page]
        after = (page[-1].at, page[-1].key) if page else after
    assert read == KEYS


async def test_no_trace_of_another_job_is_told(database: Database, job: UUID) -> None:
    assert await keys(database, await make_job(database)) == []


async def test_traces_go_with_their_answers_and_no_others(database: Database, job: UUID) -> None:
    young = await make_job(database)
    async with database.transaction() as session:
        await calls.keep(session, young, a_call("refine/a"), Trace(reasoning="young"))
    await old.end(database, job)
    for left in (2, 1, 0):
        async with database.transaction() as session:
            moment = await retention.cutoff(session, timedelta(days=1))
            assert await retention.forget(session, Kind.MODEL_ANSWERS, job, moment, 2) == 2
        async with database.transaction() as session:
            assert len(await keys(database, job)) == 2 * left
            orphans = await traces.number(session, job) - sum(
                bool(view.reasoning) for view in await traces.page(session, job)
            )
            assert orphans == 0, "no trace outlives its answer"
            assert await traces.number(session, young) == 1
