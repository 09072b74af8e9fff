"""The models of a worker: one ledger row a call whatever overlaps, a call told once, and no more at once than said."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from activities.models import JobLedger, Models, Role
from activities.programs.language_model import ModelSpec
from activities.programs.refine import refine
from domain.brief import Brief
from domain.errors import NoProvider, NotFound
from store import calls
from store.session import Database
from tests.support.fleet import settings_for
from tests.support.provider import LocalProvider
from tests.support.rows import a_call, kinds, make_job, told
from worker import specs
from workflows.messages import Spent

SPECS = {Role.AUTHOR: ModelSpec("openai/stand-in")}


async def test_overlapping_attempts_of_one_call_all_get_the_first_answer(database: Database) -> None:
    ledger = JobLedger(database, await make_job(database), "write/1")
    kept = await asyncio.gather(*[ledger.keep(a_call(outputs=[f"attempt {n}"])) for n in range(6)])
    assert len({call.outputs[0] for call in kept}) == 1
    assert await ledger.find(a_call().key) == kept[0]


async def test_no_answer_crosses_from_one_job_to_another(database: Database) -> None:
    mine, theirs = [JobLedger(database, await make_job(database), "write/1") for _ in range(2)]
    await mine.keep(a_call())
    assert await theirs.find(a_call().key) is None


async def test_a_call_is_told_once_in_a_step_and_again_in_the_next(database: Database) -> None:
    job = await make_job(database)
    for scope in ("write/1", "write/1", "write/2"):
        await JobLedger(database, job, scope).announce("writing Rules")
    assert await kinds(database, job) == ["started", "progress", "progress"]
    assert (await told(database, job))[-1].message == "writing Rules"


async def test_nothing_is_kept_for_a_job_that_is_not_there(database: Database) -> None:
    ledger = JobLedger(database, uuid4(), "write/1")
    with pytest.raises(NotFound):
        await ledger.announce("writing")


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


async def test_what_was_spent_counts_each_kept_call_once(database: Database) -> None:
    job = await make_job(database)
    models = Models(database, SPECS, 1)
    assert await models.spent(job) == Spent(calls=0, tokens=0)
    async with database.transaction() as session:
        for key in ("a", "b", "a"):
            await calls.keep(session, job, a_call(key, input_tokens=10, output_tokens=5))
    assert await models.spent(job) == Spent(calls=2, tokens=30)
