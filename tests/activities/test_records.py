"""The record of a job: each transition once whatever is retried, and an end that says how it came."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from activities.records import DatabaseRecords, new_limit
from domain.brief import Decision, Proposal
from domain.budget import Budget, Spend
from domain.errors import NotFound
from domain.job import JobStatus, Phase, StartJob
from domain.prompt import YOU_DECIDE, Answer, HitlType
from store import evidence, jobs, prompts, understanding, views
from store.session import Database
from tests.activities.conftest import Run
from tests.support.rows import (
    audited,
    claim,
    interaction,
    kinds,
    make_draft,
    make_job,
    make_prompt,
    make_report,
    offer,
    row_of,
    told,
)
from workflows import messages as m

GIVEN = {"who": "customers", "tone": "dry"}


@pytest.fixture
def records(database: Database) -> DatabaseRecords:
    return DatabaseRecords(database)


async def test_opening_a_job_twice_opens_one_that_runs(records: DatabaseRecords, database: Database, run: Run) -> None:
    start = StartJob(job_id=uuid4(), user_id="ada", task_description="Write notes")
    await run(records.open_job, start)
    began = (await row_of(database, start.job_id)).started_at
    await run(records.open_job, start)
    row = await row_of(database, start.job_id)
    assert (row.status, row.started_at) == ("running", began)
    assert await kinds(database, start.job_id) == ["started"]


async def test_a_phase_is_told_once_per_round(records: DatabaseRecords, database: Database, run: Run) -> None:
    job = await make_job(database)
    for number in (1, 1, 2):
        await run(records.enter_phase, m.Entered(job_id=job, phase=Phase.PREVIEW, round=number, message="look"))
    assert await kinds(database, job) == ["started", "phase", "phase"]
    row = await row_of(database, job)
    assert (row.current_phase, row.progress_message) == ("preview", "look")


async def test_progress_rises_with_the_phases_and_leaves_the_last_step_to_the_end(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    for phase in [phase for phase in Phase if phase is not Phase.PROMOTION]:
        await run(records.enter_phase, m.Entered(job_id=job, phase=phase))
    percents = [event.progress for event in await told(database, job)]
    assert percents == sorted(percents)
    assert percents[-1] < 100


async def test_passing_trouble_is_told_once_an_attempt_and_changes_nothing_else(
    records: DatabaseRecords, database: Database
) -> None:
    job = await make_job(database)
    for key in ("5:1", "5:1", "5:2"):
        await records.tell_trouble(job, key, "the provider is down.")
    assert await kinds(database, job) == ["started", "trouble", "trouble"]
    row = await row_of(database, job)
    assert (row.status, row.error, row.parked_at) == ("running", None, None)


async def test_trouble_that_cannot_be_told_is_not_a_second_trouble(records: DatabaseRecords) -> None:
    await records.tell_trouble(uuid4(), "5:1", "the provider is down.")


async def test_a_problem_parks_the_job_with_its_reason_until_somebody_asks_to_try_again(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    problem = m.Problem(job_id=job, number=1, message="no credit left")
    for _ in range(2):
        await run(records.report_problem, problem)
    row = await row_of(database, job)
    assert (row.error, row.parked_at is None) == ("no credit left", False)
    for _ in range(2):
        await run(records.resume, problem)
    row = await row_of(database, job)
    assert (row.error, row.parked_at) == (None, None)
    assert await kinds(database, job) == ["started", "problem", "resumed"]
    await run(records.report_problem, m.Problem(job_id=job, number=2, message="again"))
    assert (await row_of(database, job)).error == "again"


async def test_decisions_reach_the_brief(records: DatabaseRecords, database: Database, run: Run) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    await claim(database, prompt, Answer(action="proceed", answers=dict(GIVEN)))
    await run(records.keep_decisions, m.ForPrompt(job_id=job, interaction_id=prompt))
    async with database.transaction() as session:
        brief = await understanding.brief_of(session, job)
    assert brief.decisions[0] == Decision(question="Who reads them?", answer="customers")


async def test_findings_that_stand_are_on_record_with_who_and_why(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    report = await make_report(database, job, await make_draft(database, job), passed=False)
    prompt = await make_prompt(database, job, HitlType.VALIDATE, data={"passed": False})
    await claim(database, prompt, Answer(action="waive", reason="known", findings=["fact-missing"]), by="bob")
    for _ in range(2):
        await run(records.waive, m.Waiver(job_id=job, report_id=report, answer=prompt))
    async with database.transaction() as session:
        row = await evidence.report_of(session, report)
    assert row.waived == {"by": "bob", "reason": "known", "findings": ["fact-missing"]}
    assert (await told(database, job))[-1].message == "bob let the findings stand: known"
    assert (await kinds(database, job)).count("waived") == 1


async def test_nothing_can_be_let_stand_without_a_report(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    with pytest.raises(NotFound):
        await run(records.waive, m.Waiver(job_id=job, report_id=uuid4(), answer=uuid4()))


@pytest.mark.parametrize(
    ("ending", "message", "percent"),
    [
        ({"status": "completed"}, "the job is completed", 100),
        ({"status": "cancelled", "by": "ada", "reason": "too late"}, "cancelled by ada: too late", 0),
        ({"status": "cancelled"}, "cancelled by someone: no reason given", 0),
        ({"status": "failed", "error": "no disk", "stack": "line 1"}, "failed: no disk", 0),
    ],
)
async def test_the_end_closes_what_is_open_and_says_how_it_came(
    records: DatabaseRecords, database: Database, run: Run, ending: dict[str, str], message: str, percent: int
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    await run(records.finish, m.Ending.model_validate({"job_id": job, **ending}))
    row = await row_of(database, job)
    assert (row.status, row.hitl_type, row.progress_percent) == (ending["status"], None, percent)
    assert (row.error, row.error_stack) == (ending.get("error"), ending.get("stack"))
    assert row.completed_at is not None
    assert (await interaction(database, prompt)).status == "cancelled"
    last = (await told(database, job))[-1]
    assert (last.type, last.status, last.message) == (ending["status"], ending["status"], message)


async def test_a_job_ends_once(records: DatabaseRecords, database: Database, run: Run) -> None:
    job = await make_job(database)
    await run(records.finish, m.Ending(job_id=job, status=JobStatus.CANCELLED, by="ada"))
    await run(records.finish, m.Ending(job_id=job, status=JobStatus.FAILED, error="late"))
    row = await row_of(database, job)
    assert (row.status, row.error) == ("cancelled", None)
    assert await kinds(database, job) == ["started", "cancelled"]


async def test_an_answer_that_stood_when_the_job_ended_stays_on_record(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    await claim(database, prompt, Answer(action="cancel"))
    await run(records.finish, m.Ending(job_id=job, status=JobStatus.CANCELLED))
    assert (await interaction(database, prompt)).status == "responded"


FIXES = [
    {"field": "skill_name", "issue": "spaces", "current": "Release Notes", "suggested": "release-notes"},
    {"field": "description", "issue": "empty", "current": "x", "suggested": "Writes notes."},
]


async def proposed(database: Database, fixes: list[dict[str, str]]) -> tuple[UUID, UUID]:
    """A job whose name and description were proposed, and the prompt about them."""
    job = await make_job(database)
    proposal = {"name": "Release Notes", "description": "x", "fixes": fixes}
    async with database.transaction() as session:
        await jobs.keep_proposal(session, job, proposal)
    return job, await make_prompt(database, job, HitlType.STRUCTURE_FIX, data={"suggested_fixes": []})


@pytest.mark.parametrize(
    ("answer", "name", "description"),
    [
        ({"action": "accept"}, "release-notes", "Writes notes."),
        ({"action": "proceed", "answers": {"skill_name": " notes "}}, "notes", "Writes notes."),
        ({"action": "proceed", "answers": {"skill_name": "a", "description": "b"}}, "a", "b"),
        (
            {"action": "proceed", "answers": {"skill_name": YOU_DECIDE}},
            "release-notes",
            "Writes notes.",
        ),
        ({"action": "proceed"}, "release-notes", "Writes notes."),
    ],
)
async def test_name_and_description_are_what_a_person_made_of_them(
    records: DatabaseRecords, database: Database, run: Run, answer: dict[str, object], name: str, description: str
) -> None:
    job, prompt = await proposed(database, FIXES)
    await claim(database, prompt, Answer.model_validate(answer))
    for _ in range(2):
        await run(records.fix_structure, m.ForPrompt(job_id=job, interaction_id=prompt))
    async with database.transaction() as session:
        assert await jobs.proposal_of(session, job) == Proposal(name=name, description=description)
    [event] = [event for event in await told(database, job) if event.type == "structure_fixed"]
    assert event.data == {"name": name, "description": description}


async def test_what_no_rule_refused_stays_as_it_was_proposed(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job, prompt = await proposed(database, FIXES[:1])
    await claim(database, prompt, Answer(action="accept"))
    await run(records.fix_structure, m.ForPrompt(job_id=job, interaction_id=prompt))
    async with database.transaction() as session:
        assert await jobs.proposal_of(session, job) == Proposal(name="release-notes", description="x")


async def test_a_raised_budget_is_the_jobs_new_limit_and_is_told_with_the_old_one(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database, budget={"calls": 10, "tokens": 500}, max_questions=2)
    prompt = await make_prompt(database, job, HitlType.BUDGET, data={"reason": "spent"})
    await claim(database, prompt, Answer(action="raise", answers={"calls": 40}), by="bob")
    for _ in range(2):
        await run(records.raise_budget, m.ForPrompt(job_id=job, interaction_id=prompt))
    async with database.transaction() as session:
        options = await jobs.options_of(session, job)
    assert options.budget == Budget(calls=40, tokens=500)
    assert options.max_questions == 2
    [event] = [event for event in await told(database, job) if event.type == "budget_raised"]
    assert (event.data["old"], event.data["by"]) == ({"calls": 10, "tokens": 500, "usd": None}, "bob")
    assert event.message == "bob raised the budget to 40 calls, 500 tokens"


@pytest.mark.parametrize(
    ("old", "given", "spent", "new"),
    [
        (Budget(calls=10), Budget(), Spend(calls=10), Budget(calls=20)),
        (Budget(tokens=1_000), Budget(), Spend(calls=3, tokens=4_000), Budget(tokens=5_000)),
        (Budget(calls=10, usd=1.0), Budget(), Spend(calls=2, usd=1.5), Budget(calls=20, usd=2.5)),
        (Budget(calls=10, usd=1.0), Budget(usd=3.0), Spend(calls=2, usd=1.5), Budget(calls=10, usd=3.0)),
        (Budget(usd=1.0), Budget(), Spend(calls=2, usd=None), Budget()),
        (Budget(calls=5, usd=1.0), Budget(), Spend(calls=5, usd=None), Budget(calls=10)),
    ],
)
def test_a_raise_that_names_nothing_grants_as_much_again_even_when_more_was_spent(
    old: Budget, given: Budget, spent: Spend, new: Budget
) -> None:
    assert new_limit(old, given, spent) == new


async def test_an_early_end_says_what_came_of_the_job_and_the_first_end_counts(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    await run(records.finish, m.Ending(job_id=job, status=JobStatus.CANCELLED, outcome="no_skill_needed"))
    await run(records.finish, m.Ending(job_id=job, status=JobStatus.CANCELLED, outcome="budget_spent"))
    async with database.transaction() as session:
        view = await views.status_view(session, await jobs.locked(session, job))
    assert view.result.outcome == "no_skill_needed"


async def test_an_answer_in_the_moment_of_the_end_is_kept_and_its_author_can_see_that_it_changed_nothing(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    applied, claimed, waiting = [await make_prompt(database, job, number=number) for number in (1, 2, 3)]
    await claim(database, applied, Answer(action="proceed", answers=dict(GIVEN)))
    await run(records.take_answer, offer(job, applied))
    await claim(database, claimed, Answer(action="proceed", answers=dict(GIVEN)), by="bob")
    for _ in range(2):
        await run(records.finish, m.Ending(job_id=job, status=JobStatus.CANCELLED, by="ada"))
    lost = await interaction(database, claimed)
    assert (lost.status, lost.responded_by, lost.applied_at) == ("responded", "bob", None)
    assert lost.undeliverable == "The job was cancelled in the same moment, so this answer changed nothing."
    assert [(await interaction(database, one)).undeliverable for one in (applied, waiting)] == [None, None]
    last = (await audited(database, job))[-1]
    assert (last.outcome, last.person, last.note) == ("ended", "bob", lost.undeliverable)
    assert [entry.outcome for entry in await audited(database, job)] == ["applied", "ended"]
    async with database.transaction() as session:
        waiting_for_delivery = await prompts.undelivered(session, datetime.now(UTC) + timedelta(days=1))
    assert claimed not in [row.interaction_id for row in waiting_for_delivery]
