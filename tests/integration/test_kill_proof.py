"""Kill the worker amid the fan-out of a proof as done by default: the job ends as it must, and pays nothing twice.

The calls are those of `test_evidence.py`: repeats of every case in both arms, and the queries that try descriptions.
"""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select
from temporalio.testing import WorkflowEnvironment

from domain.job import JobStatus
from store.session import Database
from store.tables import StepResult
from tests.integration.test_evidence import ITEMS, NEAR, WANTED, chooses_all, good
from tests.integration.test_kill_worker import WorkerProcess, killable
from tests.support import agents
from tests.support.fleet import BY_DEFAULT, Fleet
from tests.support.provider import Call, FaultKind, LocalProvider

pytestmark = [pytest.mark.integration, pytest.mark.slow]

AT_ONCE = 8
"""Calls in flight at a time: the default of `SKILL_FLEET_MODEL_CONCURRENCY`."""


@pytest.fixture
def played(provider: LocalProvider) -> LocalProvider:
    """An agent that obeys the skill, and an author who knows what to ask for. A call takes a moment, and of choices and
    of repeats one hangs until it is broken off, so that there is an amid to be killed in."""
    provider.when(field="cases").answer(ITEMS)
    provider.when(field="wanted").answer([*WANTED])
    provider.when(field="near_misses").answer([*NEAR])
    provider.when(field="choice").answer(chooses_all)
    provider.when(field="verdict").answer("yes")
    agents.play(provider, agents.obeying(good))
    for moment in (CHOICES, REPEATS):
        provider.when(contains=moment.hangs, field=moment.field).fail(FaultKind.HANG, times=1)
    provider.pace(0.1, 0.3)
    return provider


@pytest.fixture
async def worker(
    temporal: WorkflowEnvironment, database_url: str, played: LocalProvider, tmp_path: Path
) -> AsyncIterator[WorkerProcess]:
    """A worker process that proves and refuses by default."""
    proof = {"SKILL_FLEET_EVALUATION": BY_DEFAULT.evaluation, "SKILL_FLEET_EVIDENCE_POLICY": BY_DEFAULT.policy}
    async with killable(temporal, database_url, played, tmp_path / "skills", settings=proof) as worker:
        yield worker


@dataclass(frozen=True)
class Amid:
    """A moment of the fan-out: so many of its calls are `answered`, and the one that hangs is in flight."""

    field: str
    hangs: str
    answered: int
    among: str = ""
    """Words of all its calls."""

    def come(self, calls: list[Call]) -> bool:
        """Whether it is now."""
        own = [call for call in calls if self.field in call.fields and self.among in call.text]
        hangs = [call for call in own if call.outcome == "open" and self.hangs in call.text]
        return bool(hangs) and sum(call.outcome == "answered" for call in own) >= self.answered


CHOICES = Amid("choice", WANTED[5], answered=10)
"""An agent chooses among skills by their descriptions."""

REPEATS = Amid("answer", agents.SKILL, answered=3, among=agents.SKILL)
"""Cases are run with the skill."""


def asked(provider: LocalProvider) -> Counter[str]:
    """How often each question came to the provider, answered or not."""
    return Counter(call.digest for call in provider.calls())


async def stored(database: Database, job_id: UUID) -> Counter[str]:
    """How often an answer to each question is in the product's ledger."""
    async with database.transaction() as session:
        return Counter(await session.scalars(select(StepResult.input_digest).where(StepResult.job_id == job_id)))


async def test_a_worker_killed_amid_choices_and_repeats_pays_again_only_for_calls_in_flight(
    temporal: WorkflowEnvironment, database: Database, played: LocalProvider, worker: WorkerProcess, tmp_path: Path
) -> None:
    fleet = Fleet(temporal.client, database, tmp_path / "skills", played)
    job_id = await fleet.start(auto_approve=True, promote=True, max_questions=0)
    lost = 0
    for moment in (CHOICES, REPEATS):
        await played.until(moment.come, 60)
        await worker.kill()
        before, lost = lost, (asked(played) - await stored(database, job_id)).total()
        assert before < lost <= before + AT_ONCE, "an answer is stored before the next call takes its place"
        await worker.start()
    assert (await fleet.outcome(job_id, within=90)).status is JobStatus.COMPLETED
    job = await fleet.job(job_id)
    assert job.promoted and job.result.evidence is not None
    assert (job.result.evidence.status, job.result.evidence.delta) == ("measured", 1.0)
    paid, kept = asked(played), await stored(database, job_id)
    assert played.ledger().total == paid.total() > 150
    assert not kept - paid
    assert (paid - kept).total() <= lost
