"""Jobs as people see them: what has its answer is no longer open, and feedback and cost are part of the picture."""

from uuid import UUID, uuid4

import pytest

from domain.job import JobStatus, JobStatusView, JobView, Origin, Phase
from domain.prompt import Answer, HitlType, PromptStatus
from store import calls, jobs, prompts, revisions, views
from store.session import Database
from tests.support.rows import a_call, claim, make_job, make_prompt, new_revision, row_of

YES = Answer(action="proceed", answers={"who": "customers", "tone": "dry"})


async def status(database: Database, job: UUID) -> JobStatusView:
    async with database.transaction() as session:
        return await views.status_view(session, await jobs.locked(session, job))


async def whole(database: Database, job: UUID) -> JobView:
    async with database.transaction() as session:
        return await views.job_view(session, await jobs.locked(session, job))


async def test_a_job_that_waits_for_a_person_says_for_what(database: Database) -> None:
    job = await make_job(database)
    await make_prompt(database, job)
    seen = await status(database, job)
    assert (seen.status, seen.hitl_type) == (JobStatus.PENDING_HITL, HitlType.CLARIFY)


async def test_a_prompt_that_is_answered_but_not_applied_yet_no_longer_counts_as_open(database: Database) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    await claim(database, prompt, YES)
    assert (await row_of(database, job)).status == JobStatus.PENDING_HITL
    for seen in (await status(database, job), await whole(database, job)):
        assert (seen.status, seen.hitl_type) == (JobStatus.RUNNING, None)


@pytest.mark.parametrize("end", [JobStatus.COMPLETED, JobStatus.CANCELLED, JobStatus.FAILED])
async def test_a_job_that_has_ended_never_seems_to_run_again(database: Database, end: JobStatus) -> None:
    job = await make_job(database)
    await make_prompt(database, job)
    async with database.transaction() as session:
        await prompts.close_open(session, job, PromptStatus.CANCELLED)
        await jobs.change(session, job, "end", end, "over", status=end)
    seen = await status(database, job)
    assert (seen.status, seen.hitl_type) == (end, None)


async def test_the_next_prompt_counts_even_when_the_one_before_was_just_answered(database: Database) -> None:
    job = await make_job(database)
    await claim(database, await make_prompt(database, job), YES)
    await make_prompt(database, job, HitlType.CONFIRM)
    assert (await status(database, job)).hitl_type is HitlType.CONFIRM


async def test_the_result_always_tells_what_was_spent(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        await calls.keep(session, job, a_call(usd=0.5, input_tokens=3))
        await jobs.merge_result(session, job, skill_name="notes", of_a_later_version="is ignored")
    result = (await status(database, job)).result
    assert result.usage is not None
    assert (result.skill_name, result.usage.calls, result.usage.usd) == ("notes", 1, 0.5)


async def test_the_whole_view_has_the_feedback_of_every_round_in_order(database: Database) -> None:
    job = await make_job(database, auto_approve=True)
    async with database.transaction() as session:
        for number, feedback in ((3, "and clearer"), (1, None), (2, "shorter")):
            await revisions.keep(session, job, new_revision(number, feedback=feedback))
        await jobs.change(session, job, "phase", "phase", "", current_phase=Phase.PREVIEW)
    seen = await whole(database, job)
    assert seen.feedback == ["shorter", "and clearer"]
    assert (seen.options.auto_approve, seen.current_phase, seen.user_id) == (True, Phase.PREVIEW, "ada")


async def test_a_row_of_the_list_is_short_and_names_the_skill(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        await jobs.merge_result(session, job, skill_name="notes")
    row = views.summary(await row_of(database, job))
    assert (row.job_id, row.skill_name, row.status, row.promoted) == (job, "notes", JobStatus.RUNNING, False)


async def test_the_whole_view_says_who_acts_on_a_job_and_where_it_comes_from(database: Database) -> None:
    origin = Origin(job_id=uuid4(), revision=3)
    job = await make_job(database, origin=origin)
    async with database.transaction() as session:
        await jobs.assign(session, job, "group:reviewers", "ada")
        await jobs.merge_result(session, job, outcome="budget_spent")
    seen = await whole(database, job)
    assert (seen.assignee, seen.origin, seen.result.outcome) == ("group:reviewers", origin, "budget_spent")
    assert (await whole(database, await make_job(database))).origin is None
