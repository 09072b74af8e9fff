"""The experiment: cases that a person changed are the ones that count, and their runs are their own."""

from pathlib import Path
from uuid import UUID

import pytest

from activities.evaluator import ModelEvaluator
from activities.models import Models
from domain.evaluation import Arm, EvaluationCase
from domain.evidence.policy import Policy
from domain.evidence.profile import QUICK
from domain.prompt import Answer, HitlType
from store import evidence, jobs
from store.session import Database
from tests.activities.conftest import Run
from tests.support.fleet import settings_for
from tests.support.generic import generic
from tests.support.provider import LocalProvider
from tests.support.rows import a_plan, claim, make_job, make_prompt, told
from worker import specs
from workflows import messages as m

EDITED = """
- id: board
  prompt: Write the notes for the board.
  expectations:
    - text: Says hello
      check: contains
      value: hello
- id: case-1
  prompt: Write the notes for us.
  expectations:
    - text: Is short
      check: max_words
      value: "300"
"""


@pytest.fixture
def evaluator(database: Database, tmp_path: Path, provider: LocalProvider) -> ModelEvaluator:
    """An evaluator whose models are the stand-in."""
    models = Models(database, specs(settings_for(provider, tmp_path)), 4)
    return ModelEvaluator(database, models, QUICK, Policy(mode="warn"))


async def make_cases(evaluator: ModelEvaluator, database: Database, run: Run) -> UUID:
    """A job with a plan and its first cases, tried without the skill."""
    job = await make_job(database)
    async with database.transaction() as session:
        await jobs.keep_plan(session, job, a_plan())
    await run(evaluator.write_cases, m.ForJob(job_id=job))
    await run(evaluator.try_cases, m.Trial(job_id=job, arm=Arm.WITHOUT))
    return job


async def recasting(database: Database, job: UUID, answer: Answer, number: int = 1) -> m.Recasting:
    prompt = await make_prompt(database, job, HitlType.TDD_RED, number=number, data={"cases": []})
    await claim(database, prompt, answer)
    return m.Recasting(job_id=job, answer=prompt, round=number)


async def cases_of(database: Database, job: UUID) -> list[EvaluationCase]:
    async with database.transaction() as session:
        return await evidence.cases_of(session, job)


async def test_cases_that_a_person_edited_are_the_cases_and_no_model_is_asked(
    evaluator: ModelEvaluator, database: Database, run: Run, provider: LocalProvider
) -> None:
    job = await make_cases(evaluator, database, run)
    paid = len(provider.calls())
    recast = await recasting(database, job, Answer(action="edit", content=EDITED))
    for _ in range(2):
        await run(evaluator.revise_cases, recast)
    assert len(provider.calls()) == paid
    cases = await cases_of(database, job)
    assert [(case.id, case.prompt) for case in cases] == [
        ("r1-board", "Write the notes for the board."),
        ("r1-case-1", "Write the notes for us."),
    ]


async def test_changed_cases_are_run_anew_and_alone_are_counted(
    evaluator: ModelEvaluator, database: Database, run: Run, provider: LocalProvider
) -> None:
    job = await make_cases(evaluator, database, run)
    await run(evaluator.revise_cases, await recasting(database, job, Answer(action="edit", content=EDITED)))
    provider.when(contains="for the board").answer("No.")
    provider.when(contains="for us").answer("Short notes.")
    measured = await run(evaluator.try_cases, m.Trial(job_id=job, arm=Arm.WITHOUT))
    assert (measured.passed, measured.cases) == (1, 2)
    async with database.transaction() as session:
        runs = await evidence.runs_of(session, job)
        state = await evidence.tdd_of(session, job)
    assert {item.case_id for item in runs} == {"r1-board", "r1-case-1"}
    assert state is not None
    assert state.baseline_tests_run == 2
    said = [event.message for event in await told(database, job) if event.type == "evidence"]
    assert said[-1] == "without the skill 1 of 2 cases passed"
    assert len(said) == 2


async def test_feedback_has_the_cases_written_anew_and_a_retry_pays_nothing(
    evaluator: ModelEvaluator, database: Database, run: Run, provider: LocalProvider
) -> None:
    job = await make_cases(evaluator, database, run)
    before = {case.id for case in await cases_of(database, job)}
    recast = await recasting(database, job, Answer(action="revise", feedback="One about a hotfix"))
    first = await run(evaluator.revise_cases, recast)
    assert "One about a hotfix" in provider.calls()[-1].text
    after = {case.id for case in await cases_of(database, job)}
    assert after
    assert not after & before
    assert await run(evaluator.revise_cases, recast) == first


async def test_a_model_without_an_idea_leaves_the_cases_under_new_ids(
    evaluator: ModelEvaluator, database: Database, run: Run, provider: LocalProvider
) -> None:
    job = await make_cases(evaluator, database, run)
    before = await cases_of(database, job)
    provider.when().answer(generic())
    await run(evaluator.revise_cases, await recasting(database, job, Answer(action="revise", feedback="Better ones")))
    after = await cases_of(database, job)
    assert [case.prompt for case in after] == [case.prompt for case in before]
    assert [case.id for case in after] == [f"r1-{case.id}" for case in before]
