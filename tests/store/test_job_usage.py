"""What a job cost, in parts: they add up to the whole, and a price nobody knows makes no sum."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.budget import Left
from domain.job_usage import JobUsage, PartUsage
from domain.model_call import ModelCall
from domain.retention import Kind
from store import calls, job_usage, retention
from store.session import Database
from tests.support import old_rows as old
from tests.support.rows import a_call, make_job

LUNA, SOL = "openai/luna", "openai/sol"

CALLS = [
    a_call("refine/x/0", model=SOL, input_tokens=100, output_tokens=10, usd=0.5, latency=1.0),
    a_call("try/without/0/case-1/a", model=LUNA, input_tokens=5, output_tokens=2, usd=0.25, latency=2.0),
    a_call("try/without/0/case-1/1/a", model=LUNA, input_tokens=5, output_tokens=2, usd=None, latency=0.5),
    a_call("try/with/1/case-1/a", model=LUNA, input_tokens=7, output_tokens=3, usd=0.125, latency=0.25),
    a_call("try/with/2/case-1/a", model=SOL, input_tokens=7, output_tokens=3, usd=0.125, latency=0.25),
]


async def kept(database: Database, some: Sequence[ModelCall], **budget: float) -> UUID:
    """A job with these calls, each in a transaction of its own, as they are made."""
    job = await make_job(database, budget=budget or None)
    for call in some:
        async with database.transaction() as session:
            await calls.keep(session, job, call)
    return job


async def told(database: Database, job: UUID) -> JobUsage:
    async with database.transaction() as session:
        return await job_usage.in_parts(session, job)


async def test_steps_come_in_the_order_of_the_work_and_both_arms_apart(database: Database) -> None:
    found = await told(database, await kept(database, CALLS))
    assert found.by_step == [
        PartUsage(step="refine", model=SOL, calls=1, input_tokens=100, output_tokens=10, usd=0.5, seconds=1.0),
        PartUsage(step="try/without", model=LUNA, calls=2, input_tokens=10, output_tokens=4, unpriced=1, seconds=2.5),
        PartUsage(
            step="try/with", model=f"{LUNA}, {SOL}", calls=2, input_tokens=14, output_tokens=6, usd=0.25, seconds=0.5
        ),
    ]


async def test_models_are_added_up_over_all_steps(database: Database) -> None:
    found = await told(database, await kept(database, CALLS))
    assert [(part.model, part.calls, part.usd, part.unpriced) for part in found.by_model] == [
        (SOL, 2, 0.625, 0),
        (LUNA, 3, None, 1),
    ]
    assert (found.calls, found.usd, found.usd_known, found.unpriced, found.seconds) == (5, None, 1.0, 1, 4.0)


async def test_an_answer_that_a_retry_used_again_counts_once(database: Database) -> None:
    found = await told(database, await kept(database, [CALLS[0], CALLS[0], CALLS[0]]))
    assert (found.calls, found.usd, [part.calls for part in found.by_step]) == (1, 0.5, [1])


async def test_a_job_without_calls_has_no_price_and_no_parts(database: Database) -> None:
    assert await told(database, await kept(database, [])) == JobUsage()


async def test_what_the_budget_still_allows_is_told(database: Database) -> None:
    found = await told(database, await kept(database, CALLS[:2], calls=3, tokens=200, usd=1.0))
    assert found.left == Left(calls=1, tokens=83, usd=0.25)
    assert found.budget is not None and found.budget.calls == 3
    blind = await told(database, await kept(database, CALLS, usd=1.0))
    assert blind.left == Left(), "money that cannot be counted is not left"


async def test_what_retention_removed_is_a_part_of_its_own(database: Database) -> None:
    job = await kept(database, CALLS)
    before = await told(database, job)
    await old.end(database, job)
    async with database.transaction() as session:
        moment = await retention.cutoff(session, timedelta(days=1))
        assert await retention.forget(session, Kind.MODEL_ANSWERS, job, moment, 3) == 3
    after = await told(database, job)
    assert after.by_step[0].step == job_usage.REMOVED
    assert (after.calls, after.input_tokens, after.usd) == (before.calls, before.input_tokens, before.usd)
    assert sum(part.calls for part in after.by_step) == sum(part.calls for part in after.by_model) == 5


a_price = st.one_of(st.none(), st.sampled_from([0.0, 0.25, 0.5]))
some_calls = st.lists(st.tuples(st.sampled_from(["plan", "try/with/1", "write/2"]), st.sampled_from("ab"), a_price))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=some_calls)
async def test_the_parts_add_up_to_the_whole(database: Database, made: list[tuple[str, str, float | None]]) -> None:
    some = [
        a_call(f"{step}/{n}", model=model, usd=usd, input_tokens=n, output_tokens=1, latency=0.5)
        for n, (step, model, usd) in enumerate(made)
    ]
    found = await told(database, await kept(database, some))
    for parts in (found.by_step, found.by_model):
        assert sum(part.calls for part in parts) == found.calls == len(some)
        assert sum(part.input_tokens for part in parts) == found.input_tokens
        assert sum(part.seconds for part in parts) == pytest.approx(found.seconds)
        assert sum(part.unpriced for part in parts) == found.unpriced
        assert all((part.usd is None) is (part.unpriced > 0) for part in parts)
    assert (found.usd is None) is (found.unpriced > 0 or not some)
