"""Records one history per shape of the experiment, as `record.py` does for jobs; they make a release's set together.

The agents are computed: what they say depends on the case, on the skill, and on how many revisions they have seen.
"""

from collections.abc import AsyncIterator, Callable
from itertools import cycle
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import JsonValue
from sqlalchemy import func, select
from temporalio.testing import WorkflowEnvironment

from domain.evaluation import Arm, CaseRole, EvaluationCase
from domain.job import JobStatus
from domain.prompt import HitlType
from store import evidence
from store.session import Database
from store.tables import StepResult
from tests.histories.record import keep
from tests.integration.test_evidence import ITEMS, NEAR, WANTED, chooses_all, good
from tests.support import agents
from tests.support.fleet import BY_DEFAULT, Fleet
from tests.support.fleet import fleet as run_fleet
from tests.support.provider import LocalProvider
from tests.support.provider_models import ChatRequest


@pytest.fixture
async def proving(
    temporal: WorkflowEnvironment, database: Database, provider: LocalProvider, tmp_path: Path
) -> AsyncIterator[Fleet]:
    """A fleet that proves and refuses as it does by default."""
    provider.when(field="cases").answer(ITEMS)
    provider.when(field="wanted").answer([*WANTED])
    provider.when(field="near_misses").answer([*NEAR])
    provider.when(field="choice").answer(chooses_all)
    provider.when(field="verdict").answer("yes")
    provider.when(field="red_flags").answer(flags())
    async with run_fleet(temporal.client, database, provider, tmp_path / "skills", proof=BY_DEFAULT) as fleet:
        yield fleet


def batch(request: ChatRequest) -> int:
    """Which of the cases is asked."""
    return next(number for number in (1, 2, 3) if f"batch {number}" in agents.prompt_of(request))


class Reader:
    """An agent that knows which revision it has: the first one it was ever given, the second, and so on."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def revision(self, request: ChatRequest) -> int:
        """Its number; 0 without the skill."""
        skill = agents.skill_of(request)
        if skill and skill not in self.seen:
            self.seen.append(skill)
        return self.seen.index(skill) + 1 if skill else 0

    def learning(self, request: ChatRequest) -> str:
        """Passes one case more with each revision."""
        return good(agents.prompt_of(request)) if batch(request) <= self.revision(request) else agents.POOR

    def harmed_at_first(self, request: ChatRequest) -> str:
        """Needs no skill for the last case, and is kept from passing it by the first revision."""
        easy, revision = batch(request) == len(ITEMS), self.revision(request)
        passes = revision != 1 if easy else revision > 0
        return good(agents.prompt_of(request)) if passes else agents.POOR


FLAGS = (
    "You call the work done before going through the list.",
    "You tell yourself that nobody reads the small print.",
    "You leave an entry out because it looks like noise.",
)
"""What the author adds, one with each revision: a text that was tried already is not tried again."""


def flags() -> Callable[[ChatRequest], list[JsonValue]]:
    """The next one each time."""
    turns = cycle(FLAGS)
    return lambda _: [next(turns)]


async def trials(fleet: Fleet, job_id: UUID) -> int:
    """How many revisions were tried."""
    async with fleet.database.transaction() as session:
        runs = await evidence.runs_of(session, job_id)
    return len({run.revision for run in runs if run.arm is Arm.WITH})


async def cases(fleet: Fleet, job_id: UUID) -> list[EvaluationCase]:
    async with fleet.database.transaction() as session:
        return await evidence.cases_of(session, job_id)


async def test_record_a_job_that_answers_failing_cases_in_more_than_one_round(
    proving: Fleet, provider: LocalProvider
) -> None:
    agents.play(provider, Reader().learning)
    job_id = await proving.start(auto_approve=True, max_questions=0)
    assert (await proving.outcome(job_id, 120)).revision == len(ITEMS)
    assert await trials(proving, job_id) == len(ITEMS)
    await keep(proving, "rounds_of_answers", f"create-skill:{job_id}")


async def test_record_a_job_whose_first_revision_harms_what_passed_without_it(
    proving: Fleet, provider: LocalProvider
) -> None:
    agents.play(provider, Reader().harmed_at_first)
    provider.when(contains="An agent without the skill passed this situation", field="cases").answer([])
    job_id = await proving.start(auto_approve=True, max_questions=0)
    assert (await proving.outcome(job_id, 120)).revision == 2
    assert [case.role for case in await cases(proving, job_id)].count(CaseRole.GUARD) == 1
    await keep(proving, "harm_answered", f"create-skill:{job_id}")


async def test_record_a_job_whose_cases_are_changed_and_proven(proving: Fleet, provider: LocalProvider) -> None:
    agents.play(provider, agents.obeying(good))
    job_id = await proving.start(tdd_checkpoints=True, max_questions=0)
    seen = await proving.answer(job_id, HitlType.TDD_RED, "revise", feedback="One case without anything breaking")
    await proving.answer(job_id, HitlType.TDD_RED, after=seen)
    for kind in (HitlType.TDD_GREEN, HitlType.TDD_REFACTOR, HitlType.PREVIEW):
        await proving.answer(job_id, kind)
    assert (await proving.outcome(job_id, 120)).status is JobStatus.COMPLETED
    assert all(case.id.startswith("r1-") for case in await cases(proving, job_id))
    await keep(proving, "changed_cases_proven", f"create-skill:{job_id}")


async def calls_until_the_second_trial(fleet: Fleet) -> int:
    """How many model calls a job like this makes until the cases run with its second revision."""
    job_id = await fleet.start(max_questions=0)
    seen = await fleet.answer(job_id, HitlType.PREVIEW, "revise", feedback="Shorter")
    await fleet.prompt(job_id, HitlType.PREVIEW, after=seen)
    later = StepResult.key.startswith(f"try/{Arm.WITH}/2/", autoescape=True)
    async with fleet.database.transaction() as session:
        found = await session.scalar(select(func.count()).where(StepResult.job_id == job_id, ~later))
    await fleet.answer(job_id, HitlType.PREVIEW, "cancel")
    await fleet.outcome(job_id)
    return found or 0


async def test_record_a_job_whose_budget_ends_beside_a_preview(fleet: Fleet, provider: LocalProvider) -> None:
    agents.play(provider, agents.ignoring(agents.POOR))
    calls = await calls_until_the_second_trial(fleet) + 1
    job_id = await fleet.start(max_questions=0, budget={"calls": calls})
    seen = await fleet.answer(job_id, HitlType.PREVIEW, "revise", feedback="Shorter")
    await fleet.answer(job_id, HitlType.PREVIEW, after=seen)
    await fleet.answer(job_id, HitlType.BUDGET, "finish")
    assert (await fleet.outcome(job_id)).status is JobStatus.COMPLETED
    kinds = [each.interaction_type for each in await fleet.interactions(job_id)]
    assert kinds == [HitlType.PREVIEW, HitlType.PREVIEW, HitlType.BUDGET]
    await keep(fleet, "budget_ends_beside_a_preview", f"create-skill:{job_id}")
