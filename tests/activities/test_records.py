"""The record of a job: each transition once whatever is retried, and one answer to a prompt however it came in."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import JsonValue

from activities.records import AUTO, DatabaseRecords, decisions, prompt_key
from domain.brief import Decision
from domain.errors import NotFound
from domain.job import JobStatus, Phase, StartJob
from domain.prompt import YOU_DECIDE, Answer, AnswerSignal, HitlType, PromptAction, PromptStatus
from store import evidence, prompts, understanding
from store.session import Database
from store.tables import HitlInteraction
from tests.activities.conftest import Run
from tests.support.rows import (
    QUESTIONS,
    claim,
    kinds,
    make_draft,
    make_job,
    make_prompt,
    make_report,
    row_of,
    told,
)
from workflows import messages as m

GIVEN = {"who": "customers", "tone": "dry"}


@pytest.fixture
def records(database: Database) -> DatabaseRecords:
    return DatabaseRecords(database)


async def interaction(database: Database, prompt: UUID) -> HitlInteraction:
    async with database.transaction() as session:
        row = await prompts.get(session, prompt)
        assert row is not None
        return row


async def asked(database: Database) -> UUID:
    """A job with questions that are ready to be asked."""
    job = await make_job(database)
    async with database.transaction() as session:
        await understanding.keep_questions(session, job, QUESTIONS)
    return job


def offer(job: UUID, prompt: UUID, number: int = 1, **answer: object) -> m.Offered:
    return offered(job, prompt, answer, number)


def offered(job: UUID, prompt: UUID, answer: dict[str, object], number: int = 1) -> m.Offered:
    signal = AnswerSignal.model_validate({"interaction_id": prompt, **answer})
    return m.Offered(job_id=job, interaction_id=prompt, signal=signal, number=number)


def clarify(job: UUID, **more: object) -> m.Prompt:
    return m.Prompt.model_validate({"job_id": job, "kind": HitlType.CLARIFY, "round": 1, **more})


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


async def test_an_answer_that_came_whole_in_the_signal_is_claimed_and_applied(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    taken = await run(records.take_answer, offer(job, prompt, action="proceed", answers=GIVEN, responded_by="bob"))
    assert taken == m.Taken(interaction_id=prompt, action=PromptAction.PROCEED, by="bob")
    row = await interaction(database, prompt)
    assert (row.status, row.responded_by, row.channel) == ("responded", "bob", "temporal")
    assert row.applied_at is not None
    assert (await told(database, job))[-1].message == "bob answered clarify: proceed"
    standing = await row_of(database, job)
    assert (standing.status, standing.hitl_type, standing.parked_at) == ("running", None, None)


async def test_a_signal_from_nobody_in_particular_is_put_down_to_temporal(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    assert (await run(records.take_answer, offer(job, prompt, action="cancel"))).by == "temporal"


async def test_a_name_too_long_for_the_record_is_shortened(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    taken = await run(records.take_answer, offer(job, prompt, action="cancel", responded_by="x" * 300))
    assert taken.by == "x" * 255


async def test_an_answer_claimed_over_http_wins_over_what_a_later_signal_says(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    await claim(database, prompt, Answer(action="cancel", interaction_id=prompt), by="ada")
    late = offer(job, prompt, action="proceed", answers=GIVEN, responded_by="bob")
    taken = await run(records.take_answer, late)
    assert (taken.action, taken.by) == (PromptAction.CANCEL, "ada")


async def test_a_signal_that_only_names_the_prompt_applies_what_was_claimed_once(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    await claim(database, prompt, Answer(action="proceed", answers={"who": "customers"}), by="ada")
    first, again = [await run(records.take_answer, offer(job, prompt)) for _ in range(2)]
    assert first == again == m.Taken(interaction_id=prompt, action=PromptAction.PROCEED, by="ada")
    assert await kinds(database, job) == ["started", "prompt", "answered"]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"action": "explode"}, "not an action"),
        ({}, "not an action"),
        ({"action": "proceed"}, "Not answered yet"),
        ({"action": "proceed", "answers": {**GIVEN, "odd": 1}}, "no question 'odd'"),
    ],
)
async def test_an_answer_that_does_not_fit_is_refused_and_the_prompt_still_waits(
    records: DatabaseRecords, database: Database, run: Run, answer: dict[str, object], says: str
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    taken = await run(records.take_answer, offered(job, prompt, answer))
    assert taken.action is None
    assert says in (taken.refusal or "")
    assert (await interaction(database, prompt)).status == "pending"
    assert await kinds(database, job) == ["started", "prompt", "answer_refused"]
    good = await run(records.take_answer, offer(job, prompt, 2, action="proceed", answers=GIVEN))
    assert good.action is PromptAction.PROCEED


async def test_a_refusal_that_is_retried_is_told_once(records: DatabaseRecords, database: Database, run: Run) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    for number in (1, 1, 2):
        await run(records.take_answer, offer(job, prompt, number, action="explode"))
    assert (await kinds(database, job)).count("answer_refused") == 2


async def test_characters_the_database_cannot_hold_never_break_a_job(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    answer = {"who": "cust\0omers", "tone": "dry"}
    taken = await run(
        records.take_answer, offer(job, prompt, action="proceed", answers=answer, responded_by="b\0ob", feedback="\0")
    )
    assert (taken.action, taken.by) == (PromptAction.PROCEED, "bob")
    assert (await interaction(database, prompt)).response_data == {
        "interaction_id": str(prompt),
        "action": "proceed",
        "answers": {"who": "customers", "tone": "dry"},
        "feedback": "",
    }


async def test_a_closed_prompt_takes_no_answer(records: DatabaseRecords, database: Database, run: Run) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    async with database.transaction() as session:
        await prompts.close_open(session, job, PromptStatus.CANCELLED)
    taken = await run(records.take_answer, offer(job, prompt, action="proceed", answers=GIVEN))
    assert (taken.action, taken.refusal) == (None, "this prompt is closed")


async def test_an_answer_to_a_prompt_that_never_was_is_refused(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    job = await make_job(database)
    assert (await run(records.take_answer, offer(job, uuid4(), action="proceed"))).refusal


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


def answered(answers: dict[str, object]) -> HitlInteraction:
    data = {"questions": [question.model_dump(mode="json") for question in QUESTIONS]}
    return HitlInteraction(prompt_data=data, response_data={"action": "proceed", "answers": answers})


@pytest.mark.parametrize(
    ("answers", "decided"),
    [
        ({"who": "customers", "tone": "dry"}, ["customers", "Dry and short"]),
        ({"who": "customers", "tone": YOU_DECIDE}, ["customers"]),
        ({"who": "", "tone": None}, []),
        ({"who": YOU_DECIDE, "tone": YOU_DECIDE}, []),
        ({"tone": "my own", "nobody asked": "x"}, ["my own"]),
        ({"who": False}, ["no"]),
    ],
)
def test_decisions_are_peoples_words_and_leave_out_what_was_left_to_the_model(
    answers: dict[str, object], decided: list[str]
) -> None:
    assert [decision.answer for decision in decisions(answered(answers))] == decided


def test_a_prompt_without_questions_decides_nothing() -> None:
    assert decisions(HitlInteraction(prompt_data={"summary": "x"}, response_data={"action": "proceed"})) == []
    assert decisions(HitlInteraction(prompt_data={"summary": "x"}, response_data=None)) == []


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


@pytest.mark.parametrize(
    ("named", "says"),
    [
        (["spelling"], "Not among the errors: spelling"),
        (["a"], "would still stand: b"),
        ([], "would still stand: a, b"),
    ],
)
async def test_a_waiver_that_names_other_findings_than_the_open_errors_is_refused(
    records: DatabaseRecords, database: Database, run: Run, named: list[str], says: str
) -> None:
    job = await make_job(database)
    findings: list[JsonValue] = [
        {"code": code, "severity": severity} for code, severity in (("a", "error"), ("b", "error"), ("c", "warning"))
    ]
    prompt = await make_prompt(database, job, HitlType.VALIDATE, data={"findings": findings})
    taken = await run(records.take_answer, offer(job, prompt, action="waive", reason="known", findings=named))
    assert says in (taken.refusal or "")
    for whole in (["b", "a"], None):
        again = await run(records.take_answer, offer(job, prompt, 2, action="waive", reason="known", findings=whole))
        assert again.action is PromptAction.WAIVE


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
