"""The models of a worker: one ledger row a call whatever overlaps, a call told once, and no more at once than said."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pydantic import JsonValue
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

import activities.models as models_module
from activities.models import JobLedger, Models, Role, spent
from activities.programs.language_model import ModelSpec
from activities.programs.refine import refine
from domain.brief import Brief
from domain.errors import BudgetExhausted, NoProvider, NotFound, ProviderUnavailable
from domain.model_call import ModelCall, Trace, TraceMode
from store import calls, jobs, notifications, traces
from store.session import Database, Session
from tests.support.fleet import settings_for
from tests.support.provider import FaultKind, LocalProvider, Provider
from tests.support.rows import a_call, kinds, make_job, told
from worker import specs
from workflows.messages import Spent

SPECS = {Role.AUTHOR: ModelSpec("openai/stand-in")}


async def test_overlapping_attempts_of_one_call_all_get_the_first_answer(database: Database) -> None:
    ledger = JobLedger(database, await make_job(database), "write/1")
    kept = await asyncio.gather(*[ledger.keep(a_call(outputs=[f"attempt {n}"])) for n in range(6)])
    assert len({call.outputs[0] for call in kept}) == 1
    assert await ledger.find(a_call().key) == kept[0]


class Blinking(Database):
    """A database that is away some times."""

    times = 2

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        if self.times:
            self.times -= 1
            raise OperationalError("INSERT", {}, Exception("the server closed the connection"))
        async with super().transaction() as session:
            yield session


async def test_a_paid_answer_waits_for_a_database_that_is_away_for_a_moment(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await make_job(database)
    monkeypatch.setattr(models_module, "KEEPING", (0.0, 0.0, 0.0))
    blinking = Blinking.connect(database_url)
    kept = await JobLedger(blinking, job, "write/1").keep(a_call())
    await blinking.dispose()
    assert kept == await JobLedger(database, job, "write/1").find(a_call().key)


async def test_no_answer_crosses_from_one_job_to_another(database: Database) -> None:
    mine, theirs = [JobLedger(database, await make_job(database), "write/1") for _ in range(2)]
    await mine.keep(a_call())
    assert await theirs.find(a_call().key) is None


async def test_a_call_is_told_once_in_a_step_and_again_in_the_next(database: Database) -> None:
    job = await make_job(database)
    for scope in ("write/1", "write/1", "write/2"):
        async with JobLedger(database, job, scope).paying("key", "writing Rules"):
            pass
    assert await kinds(database, job) == ["started", "progress", "progress"]
    assert (await told(database, job))[-1].message == "writing Rules"


async def test_nothing_is_kept_for_a_job_that_is_not_there(database: Database) -> None:
    ledger = JobLedger(database, uuid4(), "write/1")
    with pytest.raises(NotFound):
        async with ledger.paying("key", "writing"):
            pytest.fail("a call was allowed")


@pytest.mark.parametrize("role", [Role.JUDGE, Role.AGENT])
async def test_a_role_without_a_model_says_what_a_person_must_do(database: Database, role: Role) -> None:
    with pytest.raises(NoProvider, match=f"(?s)for the {role}.*SKILL_FLEET_MODEL.*retry the job"):
        Models(database, SPECS, 1).of(role, uuid4(), "refine")


@pytest.mark.parametrize("limit", [1, 2])
async def test_all_jobs_of_a_worker_together_ask_no_more_at_once_than_the_limit(
    database: Database, provider: LocalProvider, tmp_path: Path, limit: int
) -> None:
    models = Models(database, specs(settings_for(provider, tmp_path)), limit)
    asking = [models.of(Role.AUTHOR, await make_job(database), "refine") for _ in range(4)]
    await asyncio.gather(*[refine(model, Brief(task="Write release notes")) for model in asking])
    calls_made = provider.calls()
    assert len(calls_made) >= 4
    in_flight = [
        sum(other.started_at <= call.started_at < (other.ended_at or call.started_at) for other in calls_made)
        for call in calls_made
    ]
    assert max(in_flight) <= limit


async def test_roles_at_one_provider_share_its_limits_and_another_provider_has_its_own(database: Database) -> None:
    shared = ModelSpec("openai/small", "http://one.example/v1")
    models = Models(
        database,
        {
            Role.AUTHOR: ModelSpec("openai/large", "http://one.example/v1"),
            Role.JUDGE: shared,
            Role.AGENT: ModelSpec("openai/large", "http://other.example/v1"),
        },
        2,
    )
    author, judge, agent = (models.of(role, uuid4(), "write")._gate for role in Role)
    assert author is judge and author is not agent


async def test_a_provider_that_takes_no_more_holds_up_no_other(
    database: Database, provider: LocalProvider, tmp_path: Path
) -> None:
    async with Provider.start() as hanging:
        hanging.fail(FaultKind.HANG, times=None)
        asked = specs(settings_for(provider, tmp_path))
        asked[Role.JUDGE] = specs(settings_for(hanging, tmp_path))[Role.JUDGE]
        models = Models(database, asked, 1)
        job = await make_job(database)
        stuck = [asyncio.create_task(ask_it(models, Role.JUDGE, job, f"stuck/{n}")) for n in range(3)]
        await hanging.until_calls(1)
        await ask_it(models, Role.AUTHOR, job, "free")
        assert len(hanging.calls()) == 1 and not any(one.done() for one in stuck)
        for one in stuck:
            one.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)


async def test_calls_of_all_roles_and_jobs_begin_no_faster_than_the_rate_says(
    database: Database, provider: LocalProvider, tmp_path: Path
) -> None:
    models = Models(database, specs(settings_for(provider, tmp_path)), 8, 300)
    jobs_asking = [await make_job(database) for _ in range(3)]
    started = datetime.now(UTC)
    await asyncio.gather(*(ask_it(models, role, job, f"at/{role}") for job in jobs_asking for role in Role))
    begun = sorted(call.started_at for call in provider.calls())
    assert len(begun) >= 9
    assert all((at - started).total_seconds() >= number * 0.2 for number, at in enumerate(begun))


async def test_what_an_earlier_attempt_kept_is_read_once_for_all_calls_of_a_step(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        for key in ("write/1/a", "write/1/b", "write/10/a"):
            await calls.keep(session, job, a_call(key))
    seen: list[str] = []
    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    ledger = JobLedger(database, job, "write/1")

    found = await asyncio.gather(*(ledger.find(f"write/1/{key}") for key in "abc"))

    assert [call and call.key for call in found] == ["write/1/a", "write/1/b", None]
    assert len(seen) == 1


async def test_a_call_that_another_attempt_has_kept_since_then_is_given_and_not_paid(database: Database) -> None:
    models = Models(database, SPECS, 8)
    job = await make_job(database, budget={"calls": 1})
    ledger, other = (JobLedger(database, job, "write", models.in_flight) for _ in range(2))
    assert await ledger.find("write/a") is None
    kept = await other.keep(a_call("write/a"))

    async with ledger.paying("write/a", "writing") as standing:
        assert standing == kept
        assert not models.in_flight


async def ask_it(models: Models, role: Role, job: UUID, scope: str) -> None:
    """One question."""
    await refine(models.of(role, job, scope), Brief(task="Write release notes"))


async def so_far(database: Database, job: UUID) -> Spent:
    async with database.transaction() as session:
        return await spent(session, job)


async def paid(models: Models, job: UUID, *keys: str, tokens: int = 0, usd: float | None = None) -> int:
    """Pay for these calls side by side as a step does; returns how many were allowed."""
    ledger = models.of(Role.AUTHOR, job, "write")._ledger

    async def one(key: str) -> bool:
        try:
            async with ledger.paying(key, f"writing {key}"):
                await asyncio.sleep(0)
                await ledger.keep(a_call(key, input_tokens=tokens, usd=usd))
        except BudgetExhausted:
            return False
        return True

    return sum(await asyncio.gather(*(one(key) for key in keys)))


@pytest.mark.parametrize("limit", [1, 5, 8, 9])
async def test_of_calls_that_begin_together_exactly_as_many_are_paid_as_the_budget_says(
    database: Database, limit: int
) -> None:
    models = Models(database, SPECS, 8)
    job = await make_job(database, budget={"calls": limit})

    assert await paid(models, job, *"abcdefgh") == min(limit, 8)
    assert await paid(models, job, *"ijklmnop") == limit - min(limit, 8)

    assert (await so_far(database, job)).calls == limit
    assert not models.in_flight


async def test_a_refused_call_is_not_told_and_says_which_limit_was_reached(database: Database) -> None:
    models = Models(database, SPECS, 8)
    job = await make_job(database, budget={"calls": 1})
    await paid(models, job, "a")
    ledger = JobLedger(database, job, "write")

    with pytest.raises(BudgetExhausted, match="1 of 1 model calls are spent"):
        async with ledger.paying("b", "writing b"):
            pytest.fail("a call was allowed")

    assert [told_one.message for told_one in await told(database, job)] == ["the job has begun", "writing a"]


async def test_a_budget_that_a_person_raises_holds_from_the_next_call_on(database: Database) -> None:
    models = Models(database, SPECS, 8)
    job = await make_job(database, budget={"calls": 2})
    assert await paid(models, job, "a", "b", "c") == 2

    async with database.transaction() as session:
        row = await jobs.locked(session, job)
        row.options = row.options | {"budget": {"calls": 3}}

    assert await paid(models, job, "d", "e") == 1


async def test_the_call_that_reaches_a_limit_of_tokens_or_money_is_the_last(database: Database) -> None:
    models = Models(database, SPECS, 8)
    by_tokens = await make_job(database, budget={"tokens": 150})
    by_money = await make_job(database, budget={"usd": 0.2})
    unpriced = await make_job(database, budget={"usd": 5.0})
    for key in "abc":
        await paid(models, by_tokens, key, tokens=100)
        await paid(models, by_money, key, usd=0.1)
        await paid(models, unpriced, key, usd=None)

    assert [(await so_far(database, job)).calls for job in (by_tokens, by_money, unpriced)] == [2, 2, 1]


def step(number: int) -> ActivityEnvironment:
    """A step that Temporal tries for this time."""
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, attempt=number)
    return environment


async def test_the_first_attempt_of_a_step_does_not_read_what_cannot_be_there(database: Database) -> None:
    job, models, seen = await make_job(database), Models(database, SPECS, 1), list[str]()
    ledger = models.of(Role.AUTHOR, job, "write")._ledger
    await ledger.keep(a_call("write/x"))
    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *given: seen.append(given[2]))

    async def asked() -> list[str]:
        """What of "write/x" the step finds at first, and once more before it pays."""
        mine = models.of(Role.AUTHOR, job, "write")._ledger
        found = await mine.find("write/x")
        queries = len(seen)
        async with mine.paying("write/x", "writing") as standing:
            assert standing is not None, "what stands already is not paid again, whoever kept it"
        seen.clear()
        return [] if found is None else [f"{queries} queries"]

    assert await step(1).run(asked) == []
    assert await step(2).run(asked) == ["1 queries"]


async def test_a_worker_that_stops_begins_no_call_more_and_keeps_what_is_paid(database: Database) -> None:
    job, models, environment = await make_job(database), Models(database, SPECS, 2), step(1)

    async def calls_side_by_side() -> None:
        ledger = models.of(Role.AUTHOR, job, "write")._ledger
        async with ledger.paying("a", "writing a"):
            environment.worker_shutdown()
            await ledger.keep(a_call("a"))
        async with ledger.paying("b", "writing b"):
            pytest.fail("a call was begun that nobody may be there to keep")

    with pytest.raises(ApplicationError, match="another worker goes on") as back:
        await environment.run(calls_side_by_side)
    assert back.value.next_retry_delay and not back.value.non_retryable
    assert (await so_far(database, job)).calls == 1
    assert not models.in_flight


async def test_an_attempt_that_overlaps_another_of_the_same_worker_waits_for_its_answer(database: Database) -> None:
    """A worker that was frozen, and taken for dead, comes back beside the step's next attempt."""
    job, models, paid_by = await make_job(database), Models(database, SPECS, 2), list[str]()

    async def attempt(name: str) -> ModelCall:
        ledger = models.of(Role.AUTHOR, job, "write")._ledger
        async with ledger.paying("a", "writing") as standing:
            if standing is not None:
                return standing
            paid_by.append(name)
            await asyncio.sleep(0.1)
            return await ledger.keep(a_call("a", outputs=[name]))

    answers = await asyncio.gather(*[attempt(name) for name in ("first", "second", "third")])
    assert len(paid_by) == 1
    assert {call.outputs[0] for call in answers} == set(paid_by)
    assert not models.asking


async def test_a_call_that_failed_was_not_paid(database: Database) -> None:
    models = Models(database, SPECS, 8)
    job = await make_job(database, budget={"calls": 1})
    with pytest.raises(ProviderUnavailable):
        async with JobLedger(database, job, "write", models.in_flight).paying("a", "writing"):
            raise ProviderUnavailable("gone")

    assert not models.in_flight
    assert await paid(models, job, "a") == 1


async def test_without_a_budget_nothing_is_added_up_before_a_call(database: Database) -> None:
    seen: list[str] = []
    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    job = await make_job(database)
    seen.clear()
    async with JobLedger(database, job, "write").paying("a", "writing"):
        pass
    assert seen and not [query for query in seen if "sum(" in query]


async def test_eight_parallel_cases_pay_no_more_than_the_budget(
    database: Database, provider: LocalProvider, tmp_path: Path
) -> None:
    models = Models(database, specs(settings_for(provider, tmp_path)), 8)
    job = await make_job(database, budget={"calls": 3})
    provider.fail(FaultKind.DELAY, times=None, seconds=0.1)
    asking = [refine(models.of(Role.AUTHOR, job, f"case/{n}"), Brief(task=f"Write notes {n}")) for n in range(8)]

    ended = await asyncio.gather(*asking, return_exceptions=True)

    assert sum(isinstance(one, BudgetExhausted) for one in ended) >= 5
    assert len(provider.calls()) == 3


async def test_what_is_written_is_shown_to_whoever_listens(database: Database, database_url: str) -> None:
    job = await make_job(database)
    hints = notifications.listen(database_url)
    assert await anext(hints) is None
    await JobLedger(database, job, "write").show("writing rules", "\x01\0ü" * 5_000)
    async with asyncio.timeout(10):
        look = await anext(hints)
    assert isinstance(look, notifications.Look)
    assert (look.job_id, look.label) == (job, "writing rules")
    assert 300 < len(look.text) <= 1_500 and look.text.endswith("\x01ü")
    await hints.aclose()


async def test_a_look_is_lost_without_harm_while_the_database_is_away() -> None:
    away = Database.connect("postgresql://nobody:x@127.0.0.1:1/none")
    await JobLedger(away, uuid4(), "write").show("writing", "text")


async def test_what_was_spent_counts_each_kept_call_once(database: Database) -> None:
    job = await make_job(database)
    assert await so_far(database, job) == Spent(calls=0, tokens=0)
    async with database.transaction() as session:
        for key in ("a", "b", "a"):
            await calls.keep(session, job, a_call(key, input_tokens=10, output_tokens=5))
    assert await so_far(database, job) == Spent(calls=2, tokens=30)


async def side_by_side(models: Models, job: UUID, number: int, at_once: int, **cost: float | None) -> list[str]:
    """Pay for so many calls, of which so many are in flight at once; the reasons of those that were refused."""
    ledger, places = models.of(Role.AUTHOR, job, "write")._ledger, asyncio.Semaphore(at_once)

    async def one(key: str) -> str:
        try:
            async with places, ledger.paying(key, "writing"):
                await asyncio.sleep(0.01)
                await ledger.keep(a_call(key, **cost))
        except BudgetExhausted as error:
            return str(error)
        return ""

    return [why for why in await asyncio.gather(*(one(f"write/{n}") for n in range(number))) if why]


@pytest.mark.parametrize("limit", [1, 7, 29, 30, 31])
async def test_of_thirty_calls_side_by_side_never_one_more_is_made_than_allowed(database: Database, limit: int) -> None:
    models, job = Models(database, SPECS, 30), await make_job(database, budget={"calls": limit})
    refused = await side_by_side(models, job, 30, 30)
    assert (await so_far(database, job)).calls == min(limit, 30)
    assert len(refused) == max(30 - limit, 0)


@pytest.mark.parametrize(
    ("budget", "cost"),
    [({"tokens": 1_000}, {"input_tokens": 100}), ({"usd": 1.25}, {"usd": 0.125})],
    ids=["tokens", "usd"],
)
async def test_of_thirty_calls_side_by_side_no_more_are_begun_than_tokens_and_money_are_expected_to_last(
    database: Database, budget: dict[str, float], cost: dict[str, float]
) -> None:
    models, job = Models(database, SPECS, 30), await make_job(database, budget=budget)
    assert await side_by_side(models, job, 1, 1, **cost) == [], "the mean of a call is known from now on"
    refused = await side_by_side(models, job, 30, 30, **cost)
    assert (await so_far(database, job)).calls == 10, "exactly what the limit buys, though all began together"
    assert any("in flight" in why for why in refused)


async def test_before_the_first_answer_only_the_calls_in_flight_pass_a_limit_of_tokens(database: Database) -> None:
    models, job = Models(database, SPECS, 30), await make_job(database, budget={"tokens": 100})
    await side_by_side(models, job, 30, 4, input_tokens=100)
    assert 1 <= (await so_far(database, job)).calls <= 4


@pytest.mark.parametrize(("mode", "kept"), [("off", 0), ("summary", 1), ("full", 2)])
async def test_what_a_model_thought_is_kept_with_its_answer_as_the_setting_says(
    database: Database, mode: TraceMode, kept: int
) -> None:
    models, job = Models(database, SPECS, 1, traces=mode), await make_job(database)
    ledger = models.of(Role.AUTHOR, job, "write")._ledger
    messages: list[JsonValue] = [{"role": "user", "content": "write\x00 it"}]
    await ledger.keep(a_call("write/a", trace=Trace(reasoning="I\x00 see", messages=messages)))
    await ledger.keep(a_call("write/b", trace=Trace(messages=messages)))
    async with database.transaction() as session:
        assert await traces.number(session, job) == kept
        [first, second] = await traces.page(session, job)
    assert first.reasoning == ("" if mode == "off" else "I see")
    assert first.messages == ([{"role": "user", "content": "write it"}] if mode == "full" else None)
    assert second.reasoning == ""


async def test_of_overlapping_attempts_the_trace_is_that_of_the_answer_that_stands(database: Database) -> None:
    job = await make_job(database)
    ledger = JobLedger(database, job, "write", traces="summary")
    thoughts = [a_call("write/a", outputs=[str(n)], trace=Trace(reasoning=f"thought {n}")) for n in range(5)]
    await asyncio.gather(*(ledger.keep(call) for call in thoughts))
    async with database.transaction() as session:
        [only] = await traces.page(session, job)
    assert only.reasoning == f"thought {only.outputs[0]}"
