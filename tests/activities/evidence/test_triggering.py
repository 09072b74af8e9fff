"""Triggers: the description that agents find best wins on queries nobody improved it for, and nothing is paid twice."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from activities.evidence.triggering import ALONE, Triggering
from activities.models import Models
from domain.brief import Proposal
from domain.budget import Budget
from domain.errors import BudgetExhausted, ProviderError, ProviderRateLimited
from domain.evaluation import TriggerNumbers, TriggerQuery, TriggerReport
from domain.evidence.profile import QUICK, STANDARD
from domain.evidence.triggers import RUNS
from domain.prompt import Answer, HitlType, PromptAction
from domain.skill import SkillStatus
from store import evidence, jobs, prompts, revisions, triggers
from store.prompts import Channel
from store.session import Database
from tests.support.choosing import by_words, words
from tests.support.fleet import settings_for
from tests.support.mortal import Killed, MortalModels
from tests.support.provider import FaultKind, LocalProvider
from tests.support.published import publish_skill
from tests.support.rows import (
    NAME,
    SKILL,
    a_case,
    a_plan,
    claim,
    claim_of,
    make_job,
    make_prompt,
    new_revision,
    told,
)
from worker import specs

PLANNED = "Writes release notes from merged pull requests. Use when a release is cut."
WHEN = "Use when a release is cut."
BETTER = "Announce what shipped to customers. Use when users must hear of it."
REVIEW = "Review pull requests for merged mistakes. Use when a review is wanted."
TOWNS = ["Paris", "Rome", "Oslo", "Berne", "Lima", "Quito", "Cairo", "Delhi", "Tokyo", "Seoul"]
THINGS = ["apples", "bricks", "candles", "drums", "eggs", "flutes", "gloves", "hammers", "irons", "jars"]
DAYS = ["soon", "at noon", "today", "in May", "in June", "in July", "now", "later", "by ten", "by six"]
WANTED = [
    f"Announce what shipped {day} for {town} customers of {thing}"
    for town, thing, day in zip(TOWNS, THINGS, DAYS, strict=True)
]
ALARMING = [
    f"Count merged pull requests from {town} {day} on {thing}"
    for town, thing, day in zip(TOWNS, THINGS, DAYS, strict=True)
][:5]
HARMLESS = [
    f"Review merged pull requests {day} in {town} on {thing}"
    for town, thing, day in zip(TOWNS, THINGS, DAYS, strict=True)
][5:]
NEAR = [*ALARMING, *HARMLESS]

CONTROL = RUNS
"""Calls for the control query."""


def calls_of(queries: int, *, written: int, read: int) -> int:
    """Calls of a job whose description is improved once: three descriptions on all queries and before some tasks."""
    return written + CONTROL + 3 * RUNS * (queries + read) + 1


ALL = calls_of(20, written=2, read=3)
FEW = calls_of(4, written=4, read=2)
"""With two messages of a kind the author is asked for more of each."""

ONE = CONTROL + RUNS * (4 + 2)
"""Calls for one more description on the few queries."""


@pytest.fixture
def models(database: Database, tmp_path: Path, provider: LocalProvider) -> Models:
    return Models(database, specs(settings_for(provider, tmp_path)), 16)


@pytest.fixture
def triggering(database: Database, models: Models) -> Triggering:
    return Triggering(database, models, STANDARD)


@pytest.fixture
def scripted(provider: LocalProvider) -> LocalProvider:
    """An author with ten messages of each kind and one idea; an agent that goes by words and reads what it chose."""
    provider.when(field="wanted").answer([*WANTED])
    provider.when(field="near_misses").answer([*NEAR])
    provider.when(field="description").answer(BETTER)
    provider.when(field="choice").answer(by_words())
    provider.when(contains="reply only with READ").answer(f"READ {NAME}")
    return provider


@pytest.fixture
def few(scripted: LocalProvider) -> LocalProvider:
    """The same with two messages of each kind, where the number says nothing."""
    scripted.when(field="wanted").answer([*WANTED[:2]])
    scripted.when(field="near_misses").answer([ALARMING[0], HARMLESS[0]])
    scripted.when(contains="reply only with READ").answer(f"READ {NAME}")
    return scripted


async def make_planned(
    database: Database,
    task: str = "Tell people of our work",
    *,
    confirm: bool = False,
    auto_approve: bool = False,
    budget: Budget | None = None,
) -> UUID:
    job = await make_job(database, task=task, confirm=confirm, auto_approve=auto_approve, budget=budget)
    async with database.transaction() as session:
        await jobs.keep_plan(session, job, a_plan().model_copy(update={"description": PLANNED}))
    return job


async def make_library(database: Database) -> None:
    await publish_skill(database, "code-review", description=REVIEW)
    await publish_skill(database, NAME, description=PLANNED)
    await publish_skill(database, "old-notes", description=PLANNED, status=SkillStatus.DEPRECATED)


async def plan_description(database: Database, job: UUID) -> str:
    async with database.transaction() as session:
        return (await jobs.plan_of(session, job)).description


async def tuned(triggering: Triggering, job: UUID, attempt: int = 0) -> TriggerReport:
    report = await triggering.tuned(job, attempt)
    assert report is not None
    return report


def expected(queries: Sequence[TriggerQuery], half: str, description: str) -> tuple[float, float | None]:
    """Recall and precision of the agent that goes by words, worked out anew."""
    right = alarms = should = 0
    for query in queries:
        if query.half != half:
            continue
        own, other = (len(words(query.text) & words(said)) for said in (description, REVIEW))
        fires = own >= 2 and own > other
        should += query.should
        right += query.should and fires
        alarms += fires and not query.should
    return right / should, right / (right + alarms) if right + alarms else None


def reached(found: TriggerNumbers | None) -> tuple[float | None, float | None]:
    assert found is not None
    return found.recall, found.precision


async def test_the_description_that_agents_find_best_becomes_the_plans_own(
    triggering: Triggering, database: Database, scripted: LocalProvider
) -> None:
    await make_library(database)
    job = await make_planned(database)
    report = await tuned(triggering, job)
    assert (report.status, report.description, report.note) == ("measured", BETTER, "")
    assert (report.model, report.neighbours) == ("openai/stand-in", ["code-review"])
    assert [(trial.style, trial.description) for trial in report.trials] == [
        ("what_and_when", PLANNED),
        ("when_only", WHEN),
        ("improved", BETTER),
    ]
    assert reached(report.numbers) == (1.0, 1.0)
    assert report.body_read == 1.0
    for trial in report.trials:
        assert reached(trial.train) == expected(report.queries, "train", trial.description)
        assert reached(trial.held_out) == expected(report.queries, "held_out", trial.description)
    planned = report.trials[0].held_out
    assert planned is not None
    assert planned.recall == 0
    assert set(planned.false_alarms) == {
        query.text for query in report.queries if query.half == "held_out" and query.text in ALARMING
    }
    assert len(report.choices) == 20 * RUNS
    assert len(scripted.calls()) == ALL
    assert await plan_description(database, job) == BETTER


async def test_a_changed_description_is_told_of_with_its_numbers(
    triggering: Triggering, database: Database, few: LocalProvider
) -> None:
    await make_library(database)
    job = await make_planned(database)
    await tuned(triggering, job)
    [event] = [event for event in await told(database, job) if event.type == "description"]
    assert event.message.endswith("→ recall 1.00, precision 1.00")
    assert (event.data["old"], event.data["new"]) == (PLANNED, BETTER)
    assert event.data["after"]["recall"] == 1.0  # type: ignore[index]  # JSON


async def test_it_is_done_once_a_job(triggering: Triggering, database: Database, few: LocalProvider) -> None:
    await make_library(database)
    job = await make_planned(database)
    first = await tuned(triggering, job)
    paid = len(few.calls())
    assert await tuned(triggering, job, attempt=1) == first
    async with database.transaction() as session:
        plan = await jobs.plan_of(session, job)
        await jobs.keep_plan(session, job, plan.model_copy(update={"description": "A person's. Use when asked."}))
    assert await tuned(triggering, job) == first
    assert await plan_description(database, job) == "A person's. Use when asked."
    assert len(few.calls()) == paid
    assert len([event for event in await told(database, job) if event.type == "description"]) == 1


@pytest.mark.parametrize("how", ["confirm", "asked", "proposed", "answered"])
async def test_a_description_that_a_person_settled_stays_and_the_better_one_is_only_suggested(
    triggering: Triggering, database: Database, few: LocalProvider, how: str
) -> None:
    await make_library(database)
    task = f'Tell people of our work, with the description "{PLANNED}"' if how == "asked" else "Tell people of our work"
    job = await make_planned(database, task=task, confirm=how == "confirm")
    if how == "proposed":
        async with database.transaction() as session:
            await jobs.keep_proposal(session, job, Proposal(name="", description=PLANNED))
    if how == "answered":
        prompt = await make_prompt(database, job, HitlType.CONFIRM, data={"summary": "notes"})
        assert await claim(database, prompt, Answer(action=PromptAction.PROCEED))
    report = await tuned(triggering, job)
    assert report.description == PLANNED
    assert reached(report.numbers) == expected(report.queries, "held_out", PLANNED)
    assert f"“{BETTER}” (recall 1.00, precision 1.00, against" in report.note
    assert await plan_description(database, job) == PLANNED
    assert "description" not in [event.type for event in await told(database, job)]


async def test_a_plan_that_nobody_looked_at_settles_no_description(
    triggering: Triggering, database: Database, few: LocalProvider
) -> None:
    job = await make_planned(database, confirm=True, auto_approve=True)
    prompt = await make_prompt(database, job, HitlType.CONFIRM, data={"summary": "notes"})
    claimed = claim_of(Answer(action=PromptAction.PROCEED), channel=Channel.AUTO)
    async with database.transaction() as session:
        assert await prompts.claim(session, prompt, claimed) is not None
    assert (await tuned(triggering, job)).description == BETTER


async def test_a_name_alone_that_a_person_asked_for_settles_no_description(
    triggering: Triggering, database: Database, few: LocalProvider
) -> None:
    job = await make_planned(database)
    async with database.transaction() as session:
        await jobs.keep_proposal(session, job, Proposal(name=NAME, description=""))
    assert (await tuned(triggering, job)).description == BETTER


async def test_an_agent_that_ignores_even_the_control_query_is_a_broken_harness(
    triggering: Triggering, database: Database, few: LocalProvider
) -> None:
    job = await make_planned(database)
    few.when(field="choice").answer("none")
    report = await tuned(triggering, job)
    assert (report.status, report.numbers, report.choices, report.trials) == ("broken", None, [], [])
    assert "the agent chose no skill (3×)" in report.note
    assert len(few.calls()) == 4 + CONTROL
    assert await plan_description(database, job) == PLANNED
    assert await tuned(triggering, job) == report
    assert len(few.calls()) == 4 + CONTROL


async def test_a_control_query_that_fires_twice_in_three_is_enough(
    triggering: Triggering, database: Database, few: LocalProvider
) -> None:
    job = await make_planned(database)
    few.when(field="choice", contains="and no other").answer("none", times=1)
    assert (await tuned(triggering, job)).status == "measured"


@pytest.mark.parametrize("where", ["wanted", "control", "choice", "description", "read"])
async def test_a_retry_repeats_only_the_call_that_was_lost(
    triggering: Triggering, database: Database, few: LocalProvider, where: str
) -> None:
    await make_library(database)
    job = await make_planned(database)
    lost = {
        "wanted": few.when(field="wanted"),
        "control": few.when(contains="and no other"),
        "choice": few.when(field="choice", contains=WANTED[1]),
        "description": few.when(field="description"),
        "read": few.when(contains="reply only with READ"),
    }
    lost[where].fail(FaultKind.DROP)
    with pytest.raises(ProviderError):
        await triggering.tuned(job, 0)
    report = await tuned(triggering, job)
    assert report.description == BETTER
    answered = [call for call in few.calls() if call.outcome == "answered"]
    assert (len(answered), len(few.calls())) == (FEW, FEW + 1)


async def test_a_worker_that_dies_at_a_call_has_paid_for_all_calls_before_it(
    triggering: Triggering, database: Database, few: LocalProvider
) -> None:
    job = await make_planned(database)
    few.when(field="description").fail(FaultKind.HANG)
    dying = asyncio.create_task(tuned(triggering, job))
    await few.until(lambda calls: any("description" in call.fields for call in calls))
    dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying
    assert (await tuned(triggering, job)).description == BETTER
    assert len(few.calls()) == FEW + 1


async def test_a_provider_that_asks_to_wait_costs_nothing_that_was_paid(
    triggering: Triggering, database: Database, few: LocalProvider
) -> None:
    job = await make_planned(database)
    few.when(field="choice", contains="Paris").fail(FaultKind.RATE_LIMIT, times=2, seconds=0)
    with pytest.raises(ProviderRateLimited):
        await triggering.tuned(job, 0)
    assert (await tuned(triggering, job)).status == "measured"
    assert len([call for call in few.calls() if call.outcome == "answered"]) == FEW


async def test_a_budget_that_ends_early_leaves_partial_evidence_and_a_raised_one_goes_on(
    triggering: Triggering, database: Database, few: LocalProvider
) -> None:
    await make_library(database)
    job = await make_planned(database, budget=Budget(calls=10))
    with pytest.raises(BudgetExhausted):
        await triggering.tuned(job, 0)
    async with database.transaction() as session:
        partial = await triggers.of(session, job, PLANNED)
    assert partial is not None
    assert (partial.status, partial.numbers, partial.trials) == ("partial", None, [])
    assert 0 < len(partial.choices) < 2 * RUNS
    assert len(partial.queries) == 4
    assert "Not all was asked" in partial.note
    assert await plan_description(database, job) == PLANNED
    async with database.transaction() as session:
        raised = Budget(calls=1_000).model_dump(mode="json")
        await jobs.change(session, job, "raised", "budget", "the budget is raised", budget=raised)
    report = await tuned(triggering, job, attempt=1)
    assert (report.status, report.description) == ("measured", BETTER)
    assert len(few.calls()) == FEW


async def test_where_no_query_can_be_written_nothing_is_claimed(
    triggering: Triggering, database: Database, few: LocalProvider
) -> None:
    job = await make_planned(database)
    few.when(field="wanted").answer([])
    report = await tuned(triggering, job)
    assert (report.status, report.numbers) == ("none", None)
    assert "Only 0 of 10 messages that should" in report.note
    assert not [call for call in few.calls() if "choice" in call.fields]


async def test_the_tasks_of_the_cases_show_whether_the_skill_is_read(
    triggering: Triggering, database: Database, few: LocalProvider
) -> None:
    job = await make_planned(database)
    async with database.transaction() as session:
        await evidence.keep_cases(session, job, [a_case()])
    few.when(contains=a_case().prompt).answer("Here are the notes of release 2.")
    report = await tuned(triggering, job)
    assert [trial.body_read for trial in report.trials] == [0.0] * 3
    asked = [call for call in few.calls() if "reply only with READ" in call.text]
    assert {call.messages[-1].text for call in asked} == {a_case().prompt}


async def test_under_a_profile_without_triggers_nothing_is_asked(
    database: Database, models: Models, few: LocalProvider
) -> None:
    job = await make_planned(database)
    quick = Triggering(database, models, QUICK)
    assert await quick.tuned(job, 0) is None
    assert await quick.measured(job, 1, 0) is None
    assert few.calls() == []


async def test_the_small_local_model_is_not_asked(database: Database, models: Models, few: LocalProvider) -> None:
    small = {role: replace(spec, small_local=True) for role, spec in models.specs.items()}
    job = await make_planned(database)
    assert await Triggering(database, replace(models, specs=small), STANDARD).tuned(job, 0) is None
    assert few.calls() == []


async def keep_revision(database: Database, job: UUID, number: int, description: str) -> None:
    text = SKILL.replace("Writes release notes. Use when a release is cut.", description)
    async with database.transaction() as session:
        await revisions.keep(session, job, new_revision(number, text))


async def test_a_revision_under_the_description_that_won_has_its_report_already(
    triggering: Triggering, database: Database, few: LocalProvider
) -> None:
    await make_library(database)
    job = await make_planned(database)
    report = await tuned(triggering, job)
    await keep_revision(database, job, 1, BETTER)
    assert await triggering.measured(job, 1, 0) == report
    assert len(few.calls()) == FEW


async def test_a_revision_under_another_description_is_tried_on_the_same_queries(
    triggering: Triggering, database: Database, few: LocalProvider
) -> None:
    await make_library(database)
    job = await make_planned(database)
    first = await tuned(triggering, job)
    await publish_skill(database, "news", description="Announce what shipped. Use when told.")
    other = "Announce merged pull requests to customers. Use when asked."
    await keep_revision(database, job, 2, other)
    report = await triggering.measured(job, 2, 0)
    assert report is not None
    assert (report.status, report.description, report.queries) == ("measured", other, first.queries)
    assert report.neighbours == ["code-review", "news"]
    assert [trial.style for trial in report.trials] == ["what_and_when"]
    assert report.trials[0].held_out == report.numbers
    assert report.trials[0].train.queries == 2
    assert len(few.calls()) == FEW + ONE
    assert await triggering.measured(job, 2, 1) == report
    assert len(few.calls()) == FEW + ONE
    assert await plan_description(database, job) == BETTER


async def test_a_revision_without_an_earlier_trial_gets_queries_of_its_own(
    triggering: Triggering, database: Database, few: LocalProvider
) -> None:
    job = await make_planned(database)
    await keep_revision(database, job, 1, BETTER)
    report = await triggering.measured(job, 1, 0)
    assert report is not None
    assert reached(report.numbers) == (1.0, 1.0)
    assert len(few.calls()) == 4 + ONE


async def test_a_revision_that_cannot_be_read_has_no_report_and_costs_nothing(
    triggering: Triggering, database: Database, few: LocalProvider
) -> None:
    job = await make_planned(database)
    async with database.transaction() as session:
        await revisions.keep(session, job, new_revision(1, "no frontmatter at all"))
    assert await triggering.measured(job, 1, 0) is None
    assert few.calls() == []


async def test_a_description_that_came_into_the_plan_meanwhile_is_not_overwritten(
    triggering: Triggering, database: Database, few: LocalProvider
) -> None:
    job = await make_planned(database)
    few.when(field="description").fail(FaultKind.HANG)
    running = asyncio.create_task(tuned(triggering, job))
    await few.until(lambda calls: any("description" in call.fields for call in calls))
    async with database.transaction() as session:
        plan = await jobs.plan_of(session, job)
        await jobs.keep_plan(session, job, plan.model_copy(update={"description": "Another. Use when asked."}))
    few.release()
    assert (await running).description == BETTER
    assert await plan_description(database, job) == "Another. Use when asked."
    assert "description" not in [event.type for event in await told(database, job)]


@pytest.mark.parametrize("lives", [0, 1, 3, 4, 6, 7, 20, 31, 32, 50, FEW - 1])
async def test_a_worker_that_dies_at_any_point_has_only_the_missing_calls_made_again(
    lives: int, triggering: Triggering, database: Database, few: LocalProvider, tmp_path: Path
) -> None:
    job = await make_planned(database)
    mortal = MortalModels(database, specs(settings_for(few, tmp_path)), 16).mortal(lives)
    with pytest.raises(Killed):
        await Triggering(database, mortal, STANDARD).tuned(job, 0)
    assert len(few.calls()) == lives
    assert (await tuned(triggering, job)).description == BETTER
    assert len(few.calls()) == FEW


async def test_a_report_by_another_agent_model_does_not_stand(
    triggering: Triggering, database: Database, few: LocalProvider
) -> None:
    job = await make_planned(database)
    await tuned(triggering, job)
    await keep_revision(database, job, 1, BETTER)
    specs_ = triggering.models.specs
    other = {role: replace(spec, model="openai/other") for role, spec in specs_.items()}
    another = Triggering(database, replace(triggering.models, specs=other), STANDARD)
    report = await another.measured(job, 1, 0)
    assert report is not None and report.model == "openai/other"
    assert len(few.calls()) == FEW + ONE
    async with database.transaction() as session:
        assert await triggers.of(session, job, BETTER) == report


async def test_without_neighbours_the_report_says_what_could_be_chosen(
    triggering: Triggering, database: Database, few: LocalProvider
) -> None:
    alone, beside = await make_planned(database), await make_planned(database)
    assert ALONE in (await tuned(triggering, alone)).note
    await make_library(database)
    assert ALONE not in (await tuned(triggering, beside)).note


async def test_what_is_announced_is_never_less_than_what_is_asked(
    triggering: Triggering, database: Database, scripted: LocalProvider
) -> None:
    await make_library(database)
    job = await make_planned(database)
    announced = await triggering.coming(job, 0, 0)
    await tuned(triggering, job)
    assert ALL <= len(scripted.calls()) <= announced
    assert await triggering.coming(job, 0, 0) == 0, "it stands"
    await keep_revision(database, job, 1, "Announce merged pull requests to customers. Use when asked.")
    before, announced = len(scripted.calls()), await triggering.coming(job, 1, 0)
    await triggering.measured(job, 1, 0)
    assert len(scripted.calls()) - before == announced == CONTROL + RUNS * (20 + 3)
    assert await triggering.coming(job, 1, 0) == 0


async def test_under_a_profile_without_triggers_nothing_is_announced(database: Database, models: Models) -> None:
    job = await make_planned(database)
    assert await Triggering(database, models, QUICK).coming(job, 0, 0) == 0
