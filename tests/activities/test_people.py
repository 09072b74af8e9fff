"""Prompts on record: opened once, waited for, and answered by whoever came first."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from activities.people import AUTO, prompt_key
from activities.records import DatabaseRecords
from domain.answering import answers
from domain.brief import Proposal
from domain.evaluation import Arm, Evidence
from domain.evidence.policy import Policy
from domain.evidence.profile import STANDARD
from domain.job import JobStatus
from domain.prompt import YOU_DECIDE, Answer, HitlType, PromptAction, PromptStatus
from store import jobs, prompts, understanding
from store.session import Database
from tests.activities.conftest import Run
from tests.support.rows import (
    QUESTIONS,
    SKILL,
    a_run,
    audited,
    claim,
    interaction,
    kinds,
    make_draft,
    make_evidence,
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


async def asked(database: Database) -> UUID:
    """A job with questions that are ready to be asked."""
    job = await make_job(database)
    async with database.transaction() as session:
        await understanding.keep_questions(session, job, QUESTIONS)
    return job


def clarify(job: UUID, **more: object) -> m.Prompt:
    return m.Prompt.model_validate({"job_id": job, "kind": HitlType.CLARIFY, "round": 1, **more})


async def test_a_prompt_opened_twice_is_one_prompt_told_once(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await asked(database)
    due = datetime.now(UTC) + timedelta(days=7)
    first = await run(records.open_prompt, clarify(job, timeout=due))
    again = await run(records.open_prompt, clarify(job, timeout=due + timedelta(days=1)))
    assert first == again == m.Taken(interaction_id=prompt_key(job, HitlType.CLARIFY, 1))
    assert await kinds(database, job) == ["started", "prompt"]
    row = await interaction(database, first.interaction_id)
    assert (row.status, row.timeout_at) == ("pending", due)
    assert row.form["properties"]["answers"]["required"] == ["who", "tone"]
    assert (await row_of(database, job)).hitl_type == "clarify"


async def test_a_preview_is_opened_with_what_its_evidence_lacks_here(database: Database, run: Run) -> None:
    job = await make_job(database)
    await make_draft(database, job)
    await make_evidence(database, job, a_run(), a_run(Arm.WITH, 1, passed=True))
    records = DatabaseRecords(database, profile=STANDARD, policy=Policy(cases=2, recall=0, precision=0))
    opened = await run(records.open_prompt, m.Prompt(job_id=job, kind=HitlType.PREVIEW, round=1, revision=1))
    found = Evidence.model_validate((await interaction(database, opened.interaction_id)).prompt_data["evidence"])
    assert (found.status, found.profile) == ("partial", "standard")
    assert found.lacking == [
        "the evidence is partial: some of the planned runs are missing",
        "1 of at least 2 cases prove it",
    ]


async def test_a_failed_validation_waits_as_a_review(records: DatabaseRecords, database: Database, run: Run) -> None:
    job = await make_job(database)
    report = await make_report(database, job, "d", passed=False)
    await run(records.open_prompt, m.Prompt(job_id=job, kind=HitlType.VALIDATE, round=1, report_id=report))
    row = await row_of(database, job)
    assert (row.status, row.hitl_type) == (JobStatus.PENDING_REVIEW, "validate")


async def test_a_prompt_that_was_answered_before_its_opening_is_retried_stays_answered(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await asked(database)
    opened = await run(records.open_prompt, clarify(job))
    await claim(database, opened.interaction_id, Answer(action="proceed", answers=GIVEN))
    await run(records.open_prompt, clarify(job))
    assert (await interaction(database, opened.interaction_id)).status == PromptStatus.RESPONDED


async def test_a_prompt_that_answers_itself_leaves_every_question_to_the_model_on_record(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await asked(database)
    for _ in range(2):
        taken = await run(records.open_prompt, clarify(job, auto=PromptAction.PROCEED))
        assert (taken.action, taken.by) == (PromptAction.PROCEED, AUTO)
    row = await interaction(database, taken.interaction_id)
    assert (row.status, row.responded_by, row.channel) == ("responded", AUTO, "auto")
    assert row.response_data == {"action": "proceed", "answers": {"who": YOU_DECIDE, "tone": YOU_DECIDE}}
    assert row.applied_at is not None
    assert await kinds(database, job) == ["started", "auto_answered"]
    assert (await row_of(database, job)).status == JobStatus.RUNNING


async def test_an_overdue_prompt_parks_the_job_and_still_takes_its_answer(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    for _ in range(2):
        parked = await run(records.park_prompt, m.ForPrompt(job_id=job, interaction_id=prompt))
        assert parked.action is None
    assert (await row_of(database, job)).parked_at is not None
    assert (await kinds(database, job)).count("parked") == 1
    await run(records.take_answer, offer(job, prompt, action="proceed", answers=GIVEN))
    assert (await row_of(database, job)).parked_at is None


async def test_taking_an_answer_keeps_what_it_decides_once(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    for _ in range(2):
        await run(records.take_answer, offer(job, prompt, action="proceed", answers=GIVEN))
    async with database.transaction() as session:
        brief = await understanding.brief_of(session, job)
    assert [decision.answer for decision in brief.decisions] == ["customers", "Dry and short"]


async def test_a_workflow_task_that_was_lost_after_the_jobs_end_finds_the_same_answers_again(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    """All steps of one workflow task are done again when a frozen worker comes back too late to complete it."""
    cancelled, done = await make_job(database), await asked(database)
    prompt = await make_prompt(database, cancelled)
    offered = offer(cancelled, prompt, action="cancel")
    taken = await run(records.take_answer, offered)
    answered_itself = await run(records.open_prompt, clarify(done, auto=PromptAction.PROCEED))
    await run(records.finish, m.Ending(job_id=cancelled, status=JobStatus.CANCELLED, by="ada"))
    await run(records.finish, m.Ending(job_id=done, status=JobStatus.COMPLETED))
    before = await kinds(database, cancelled), await audited(database, cancelled)

    assert await run(records.take_answer, offered) == taken
    assert await run(records.park_prompt, m.ForPrompt(job_id=cancelled, interaction_id=prompt)) == taken
    assert await run(records.open_prompt, clarify(done, auto=PromptAction.PROCEED)) == answered_itself

    assert (taken.action, answered_itself.action) == (PromptAction.CANCEL, PromptAction.PROCEED)
    assert (await kinds(database, cancelled), await audited(database, cancelled)) == before


async def test_an_overdue_prompt_whose_answer_was_claimed_meanwhile_goes_on_with_it(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    await claim(database, prompt, Answer(action="proceed", answers=dict(GIVEN)))
    taken = await run(records.park_prompt, m.ForPrompt(job_id=job, interaction_id=prompt))
    assert taken.action is PromptAction.PROCEED
    assert "parked" not in await kinds(database, job)


async def test_an_answer_does_not_unpark_a_job_whose_problem_still_waits(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    await run(records.report_problem, m.Problem(job_id=job, number=1, message="no credit left"))
    await run(records.take_answer, offer(job, prompt, action="proceed", answers=GIVEN))
    row = await row_of(database, job)
    assert (row.parked_at is None, row.error) == (False, "no credit left")


async def test_a_prompt_that_shows_a_revision_says_which_for_good(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    await make_draft(database, job, n=1)
    digest = await make_draft(database, job, n=2, text=SKILL + "\nMore.\n")
    report = await make_report(database, job, digest, passed=False, revision=2)
    await make_evidence(database, job, a_run())
    for kind in (HitlType.PREVIEW, HitlType.VALIDATE, HitlType.TDD_GREEN):
        asked = m.Prompt(job_id=job, kind=kind, round=1, revision=2, report_id=report)
        row = await interaction(database, (await run(records.open_prompt, asked)).interaction_id)
        assert (row.revision, row.digest) == (2, digest)
    asked = m.Prompt(job_id=job, kind=HitlType.TDD_RED, round=1)
    row = await interaction(database, (await run(records.open_prompt, asked)).interaction_id)
    assert (row.revision, row.digest) == (None, None)


@pytest.mark.parametrize(
    ("kind", "auto"),
    [
        (HitlType.STRUCTURE_FIX, PromptAction.ACCEPT),
        (HitlType.BUDGET, PromptAction.FINISH),
        (HitlType.TDD_RED, PromptAction.PROCEED),
    ],
)
async def test_what_asks_no_questions_answers_itself_with_the_action_alone_and_legally(
    records: DatabaseRecords, database: Database, run: Run, kind: HitlType, auto: PromptAction
) -> None:
    job = await make_job(database, budget={"calls": 1})
    async with database.transaction() as session:
        await jobs.keep_proposal(session, job, Proposal(name="A B", description="x"))
    taken = await run(records.open_prompt, m.Prompt(job_id=job, kind=kind, round=1, auto=auto))
    row = await interaction(database, taken.interaction_id)
    assert (taken.action, row.response_data) == (auto, {"action": auto})
    assert answers.check(kind, row.prompt_data, Answer.model_validate(row.response_data)) is auto


async def test_a_prompt_that_answers_itself_is_in_the_audit_once(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await asked(database)
    for _ in range(2):
        await run(records.open_prompt, clarify(job, auto=PromptAction.PROCEED))
    [entry] = await audited(database, job)
    assert (entry.outcome, entry.person, entry.channel, entry.hitl_type) == ("applied", AUTO, "auto", "clarify")


async def test_every_answer_says_in_the_audit_which_revision_it_was_about(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job, HitlType.PREVIEW, data={"content": "# A"}, revision=3, digest="d3")
    await run(records.take_answer, offer(job, prompt, action="proceed"))
    said = [(one.outcome, one.revision, one.revision_digest) for one in await audited(database, job)]
    assert said == [("accepted", 3, "d3"), ("applied", 3, "d3")]


def reminder(job: UUID, prompt: UUID, number: int = 1, *, escalate: bool = False) -> m.Reminder:
    return m.Reminder(job_id=job, interaction_id=prompt, number=number, escalate=escalate)


async def test_people_are_reminded_once_per_number_and_the_progress_still_says_what_is_asked(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    for number in (1, 1, 2):
        assert (await run(records.remind, reminder(job, prompt, number))).action is None
    row = await interaction(database, prompt)
    assert (row.reminders, row.escalated_at) == (2, None)
    first, second = [event for event in await told(database, job) if event.type == "reminder"]
    assert first.data["to"] == "ada"
    assert (first.data["number"], second.data["number"]) == (1, 2)
    assert "ada is reminded" in first.message
    assert (await row_of(database, job)).progress_message == "waiting"


async def test_whoever_the_job_is_assigned_to_is_reminded_and_its_owner_is_told_when_that_does_not_help(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    async with database.transaction() as session:
        await jobs.assign(session, job, "group:reviewers", "ada")
    await run(records.remind, reminder(job, prompt))
    for _ in range(2):
        await run(records.remind, reminder(job, prompt, 2, escalate=True))
    news = [(event.type, event.data["to"]) for event in await told(database, job) if "to" in event.data]
    assert news == [("reminder", "group:reviewers"), ("escalated", "ada")]
    row = await interaction(database, prompt)
    assert (row.reminders, row.escalated_at is None) == (1, False)


async def test_nobody_is_reminded_of_what_is_answered_or_closed(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    answered, closed = await make_prompt(database, job), await make_prompt(database, job, number=2)
    await claim(database, answered, Answer(action="proceed", answers=dict(GIVEN)))
    taken = await run(records.remind, reminder(job, answered))
    assert (taken.action, taken.by) == (PromptAction.PROCEED, "ada")
    async with database.transaction() as session:
        await prompts.close_open(session, job, PromptStatus.CANCELLED)
    for prompt in (closed, uuid4()):
        assert (await run(records.remind, reminder(job, prompt))).action is None
    assert "reminder" not in await kinds(database, job)


def reopening(job: UUID, prompt: UUID, due: datetime, number: int = 1) -> m.Reopening:
    return m.Reopening(job_id=job, interaction_id=prompt, number=number, due=due, by="bob")


async def test_a_parked_prompt_is_asked_again_until_its_new_due_time(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    await run(records.park_prompt, m.ForPrompt(job_id=job, interaction_id=prompt))
    due = datetime.now(UTC) + timedelta(days=30)
    for late in (timedelta(), timedelta(days=1)):  # a retry, whatever it says, changes nothing
        assert (await run(records.reopen_prompt, reopening(job, prompt, due + late))).action is None
    row = await interaction(database, prompt)
    assert (row.timeout_at, row.status, row.reopened_at is None) == (due, "pending", False)
    assert (await row_of(database, job)).parked_at is None
    [event] = [event for event in await told(database, job) if event.type == "reopened"]
    assert (event.data["by"], event.data["due"]) == ("bob", due.isoformat())


async def test_a_prompt_that_is_asked_again_reminds_and_parks_again_and_may_be_reopened_again(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    due = datetime.now(UTC) + timedelta(days=30)
    for number in (1, 2):
        await run(records.remind, reminder(job, prompt))
        await run(records.park_prompt, m.ForPrompt(job_id=job, interaction_id=prompt))
        assert (await row_of(database, job)).parked_at is not None
        await run(records.reopen_prompt, reopening(job, prompt, due, number))
    assert (await interaction(database, prompt)).reminders == 2
    assert (await kinds(database, job))[2:] == ["reminder", "parked", "reopened"] * 2


async def test_reopening_takes_the_answer_that_came_meanwhile_and_leaves_a_problem_parked(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    await run(records.report_problem, m.Problem(job_id=job, number=1, message="no credit left"))
    due = datetime.now(UTC) + timedelta(days=1)
    await run(records.reopen_prompt, reopening(job, prompt, due))
    assert (await row_of(database, job)).parked_at is not None
    await claim(database, prompt, Answer(action="proceed", answers=dict(GIVEN)))
    assert (await run(records.reopen_prompt, reopening(job, prompt, due, 2))).action is PromptAction.PROCEED
    assert (await kinds(database, job)).count("reopened") == 1
