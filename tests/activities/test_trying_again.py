"""What is published is tried again as it is: no case is made harder, no description is tuned, by the model it names."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from activities.evaluator import ModelEvaluator
from activities.evidence.triggering import Triggering
from activities.models import Models
from domain.evaluation import Arm, TriggerReport
from domain.evidence.policy import Policy
from domain.evidence.profile import STANDARD
from domain.job import Evaluates, JobStatus, StartJob
from store import calls, evidence, jobs, revisions, triggers
from store.session import Database
from tests.activities.conftest import Run
from tests.support.agents import ignoring, play
from tests.support.choosing import by_words
from tests.support.fleet import settings_for
from tests.support.provider import LocalProvider
from tests.support.rows import DESCRIPTION, a_case, a_plan, new_revision
from worker import specs
from workflows import messages as m


class Watched(Triggering):
    """Remembers what it was asked for, and tries nothing."""

    def __init__(self, database: Database, models: Models) -> None:
        super().__init__(database, models, STANDARD)
        self.asked: list[str] = []

    async def tuned(self, job_id: UUID, attempt: int) -> TriggerReport | None:
        self.asked.append("tuned")
        return None

    async def measured(self, job_id: UUID, revision: int, attempt: int) -> TriggerReport | None:
        self.asked.append(f"measured {revision}")
        return None


@pytest.fixture
def models(database: Database, provider: LocalProvider, tmp_path: Path) -> Models:
    return Models(database, specs(settings_for(provider, tmp_path)), 8)


async def opened(database: Database, evaluates: Evaluates | None) -> UUID:
    start = StartJob(job_id=uuid4(), user_id="ada", task_description="Write release notes", evaluates=evaluates)
    async with database.transaction() as session:
        await jobs.open_job(session, start)
        await jobs.change(session, start.job_id, "opened", "started", "begun", status=JobStatus.RUNNING)
        await jobs.keep_plan(session, start.job_id, a_plan())
        await revisions.keep(session, start.job_id, new_revision())
        await evidence.keep_cases(session, start.job_id, [a_case("one", "hello"), a_case("two", "hello")])
    return start.job_id


@pytest.mark.parametrize("again", [True, False])
async def test_the_cases_and_the_description_of_a_published_version_stay(
    database: Database, models: Models, provider: LocalProvider, run: Run, again: bool
) -> None:
    provider.when(contains="You are an assistant").answer("hello")  # every case passes without the skill
    job = await opened(database, Evaluates(name="release-notes", model="openai/other") if again else None)
    watched = Watched(database, models)
    evaluator = ModelEvaluator(database, models, STANDARD, Policy(), triggering=watched)
    await run(evaluator.try_cases, m.Trial(job_id=job, arm=Arm.WITHOUT))
    async with database.transaction() as session:
        cases = await evidence.cases_of(session, job)
        sharpened = await calls.kept(session, job, "sharpen")
        runs = await evidence.runs_of(session, job)
    assert watched.asked == ([] if again else ["tuned"])
    assert bool(sharpened) is not again
    assert not again or cases == [a_case("one", "hello"), a_case("two", "hello")]
    assert {one.model for one in runs} == {"openai/other" if again else "openai/stand-in"}


async def test_the_published_description_is_measured_with_the_version(
    database: Database, models: Models, provider: LocalProvider, run: Run
) -> None:
    job = await opened(database, Evaluates(name="release-notes"))
    watched = Watched(database, models)
    evaluator = ModelEvaluator(database, models, STANDARD, Policy(), triggering=watched)
    await run(evaluator.try_cases, m.Trial(job_id=job, arm=Arm.WITH, revision=1))
    assert watched.asked == ["measured 1"]
    async with database.transaction() as session:
        runs = await evidence.runs_of(session, job, revision=1)
    assert sum(one.arm is Arm.WITH for one in runs) == 2 * STANDARD.runs


async def test_another_model_tries_the_description_too(
    database: Database, models: Models, provider: LocalProvider, run: Run
) -> None:
    provider.when(field="wanted").answer(["Cut the notes of release 2 for us", "A release is out, note what it has"])
    provider.when(field="near_misses").answer(["Plan the release of next May", "Note my phone number down"])
    provider.when(field="choice").answer(by_words())
    play(provider, ignoring("hello"))
    job = await opened(database, Evaluates(name="release-notes", model="openai/other"))
    evaluator = ModelEvaluator(database, models, STANDARD, Policy())
    await run(evaluator.try_cases, m.Trial(job_id=job, arm=Arm.WITHOUT))
    await run(evaluator.try_cases, m.Trial(job_id=job, arm=Arm.WITH, revision=1))
    async with database.transaction() as session:
        report = await triggers.of(session, job, DESCRIPTION)
        runs = await evidence.runs_of(session, job, revision=1)
    assert report is not None
    assert report.status == "measured", report.note
    assert report.model == "openai/other"
    assert {one.model for one in runs} == {"openai/other"}
    chosen = [call for call in provider.calls() if "choice" in call.fields or "reply only with READ" in call.text]
    assert len(chosen) > 3
    assert {call.model for call in chosen} == {"other"}
