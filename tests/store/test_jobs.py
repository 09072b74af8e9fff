"""Jobs: opened once, changed once per key, told without gaps, and listed in pages that neither skip nor repeat."""

import asyncio
from datetime import datetime
from uuid import UUID, uuid4

import pytest
from pydantic import JsonValue
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from domain.brief import Proposal
from domain.errors import NotFound
from domain.job import JobOptions, JobStatus, Phase, Source, StartJob
from store import audit, jobs
from store.session import Database
from store.tables import Job
from tests.support.rows import a_plan, kinds, make_job, row_of, told


async def change(database: Database, job: UUID, key: str, message: str = "", **columns: object) -> bool:
    async with database.transaction() as session:
        return await jobs.change(session, job, key, key, message, **columns)  # type: ignore[arg-type]


async def found(database: Database, **how: object) -> list[str]:
    async with database.transaction() as session:
        return [job.task_description for job in await jobs.page(session, **how)]  # type: ignore[arg-type]


async def test_a_job_is_opened_once_and_the_first_request_stands(database: Database) -> None:
    first = StartJob(job_id=uuid4(), user_id="ada", task_description="one", sources=[Source(name="n", content="c")])
    second = first.model_copy(update={"task_description": "two", "user_id": "bob"})
    async with database.transaction() as session:
        assert await jobs.open_job(session, first)
        assert not await jobs.open_job(session, second)
    row = await row_of(database, first.job_id)
    assert (row.task_description, row.user_id, row.sources) == ("one", "ada", [{"name": "n", "content": "c"}])


async def test_two_attempts_at_once_open_one_job(database: Database) -> None:
    start = StartJob(job_id=uuid4(), user_id="ada", task_description="one")

    async def attempt() -> bool:
        async with database.transaction() as session:
            return await jobs.open_job(session, start)

    assert sorted(await asyncio.gather(*[attempt() for _ in range(5)])) == [False] * 4 + [True]


async def test_a_repeated_key_changes_nothing_and_tells_nothing(database: Database) -> None:
    job = await make_job(database)
    assert await change(database, job, "end", "done", status=JobStatus.COMPLETED)
    assert not await change(database, job, "end", "failed", status=JobStatus.FAILED, error="late")
    row = await row_of(database, job)
    assert (row.status, row.error, row.progress_message) == ("completed", None, "done")
    assert await kinds(database, job) == ["started", "end"]


async def test_the_same_key_of_another_job_is_another_transition(database: Database) -> None:
    one, two = await make_job(database), await make_job(database)
    assert await change(database, one, "end")
    assert await change(database, two, "end")


async def test_twenty_writers_at_once_leave_no_gap_and_no_double_in_the_numbers(database: Database) -> None:
    job = await make_job(database)
    await asyncio.gather(*[change(database, job, f"key {n}", status=JobStatus.RUNNING) for n in range(20)])
    assert [event.seq for event in await told(database, job)] == list(range(1, 22))
    assert (await row_of(database, job)).last_seq == 21


async def test_of_twenty_attempts_at_one_transition_one_is_made(database: Database) -> None:
    job = await make_job(database)
    won = await asyncio.gather(*[change(database, job, "same", str(n)) for n in range(20)])
    assert won.count(True) == 1
    assert await kinds(database, job) == ["started", "same"]


async def test_a_transition_that_is_rolled_back_leaves_no_gap(database: Database) -> None:
    job = await make_job(database)
    with pytest.raises(RuntimeError):
        async with database.transaction() as session:
            await jobs.change(session, job, "lost", "lost", "")
            raise RuntimeError
    await change(database, job, "kept")
    assert [(event.seq, event.type) for event in await told(database, job)] == [(1, "started"), (2, "kept")]


async def test_progress_never_falls(database: Database) -> None:
    job = await make_job(database)
    for number, percent in enumerate([10, 62, 37, 62, 75, 0]):
        await change(database, job, f"phase {number}", progress_percent=percent)
    assert [event.progress for event in await told(database, job)] == [0, 10, 62, 62, 62, 75, 75]


async def test_a_transition_without_words_leaves_the_last_ones_standing(database: Database) -> None:
    job = await make_job(database)
    await change(database, job, "silent", "")
    assert (await row_of(database, job)).progress_message == "the job has begun"


async def test_an_event_describes_the_job_as_the_transition_leaves_it(database: Database) -> None:
    job = await make_job(database)
    columns = {"status": JobStatus.RUNNING, "current_phase": Phase.PLANNING, "progress_percent": 25}
    await change(database, job, "phase", "planning", **columns)
    last = (await told(database, job))[-1]
    assert (last.status, last.phase, last.progress, last.message) == ("running", "planning", 25, "planning")


async def test_a_transition_of_a_job_that_is_not_there_is_refused(database: Database) -> None:
    with pytest.raises(NotFound):
        await change(database, uuid4(), "end")


async def test_results_fill_up_field_by_field(database: Database) -> None:
    job = await make_job(database)
    fields: list[dict[str, JsonValue]] = [{"revision": 1, "digest": "a"}, {"digest": "b"}, {"skill_name": "x"}]
    for some in fields:
        async with database.transaction() as session:
            await jobs.merge_result(session, job, **some)
    assert (await row_of(database, job)).result == {"revision": 1, "digest": "b", "skill_name": "x"}


async def test_a_job_has_no_plan_until_one_is_kept(database: Database) -> None:
    job = await make_job(database)
    with pytest.raises(NotFound, match="no plan yet"):
        async with database.transaction() as session:
            await jobs.plan_of(session, job)
    async with database.transaction() as session:
        await jobs.keep_plan(session, job, a_plan())
        assert await jobs.plan_of(session, job) == a_plan()


async def test_a_job_runs_as_it_was_asked_to(database: Database) -> None:
    job = await make_job(database, auto_approve=True, max_questions=0)
    async with database.transaction() as session:
        assert await jobs.options_of(session, job) == JobOptions(auto_approve=True, max_questions=0)
        assert await jobs.options_of(session, uuid4()) == JobOptions()


async def test_only_jobs_that_have_a_row_count_as_opened(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        assert await jobs.opened(session, [job, uuid4()]) == {job}
        assert await jobs.opened(session, []) == set()


async def test_a_stream_begins_with_the_state_under_the_number_of_the_last_event(database: Database) -> None:
    job = await make_job(database)
    await change(database, job, "problem", "waiting", error="no key", current_phase=Phase.PLANNING)
    async with database.transaction() as session:
        state = await jobs.present_state(session, job)
        assert await jobs.present_state(session, uuid4()) is None
    assert state is not None
    assert (state.seq, state.type, state.phase, state.message) == (2, "state", "planning", "waiting")
    assert state.data == {"hitl_type": None, "error": "no key"}


async def test_pages_follow_the_cursor_without_skipping_or_repeating_jobs_of_one_moment(database: Database) -> None:
    tasks = [f"task {number}" for number in range(7)]
    async with database.transaction() as session:
        # one transaction: they all have the same created_at
        for task in tasks:
            await jobs.open_job(session, StartJob(job_id=uuid4(), user_id="ada", task_description=task))
    newest = StartJob(job_id=uuid4(), user_id="ada", task_description="newest")
    async with database.transaction() as session:
        await jobs.open_job(session, newest)
    seen: list[Job] = []
    async with database.transaction() as session:
        while page := await jobs.page(session, before=_position(seen), limit=3):
            seen += page
    assert seen[0].task_description == "newest"
    assert sorted(job.task_description for job in seen[1:]) == tasks
    assert [job.job_id for job in seen[1:]] == sorted((job.job_id for job in seen[1:]), reverse=True)


def _position(seen: list[Job]) -> tuple[datetime, UUID] | None:
    return (seen[-1].created_at, seen[-1].job_id) if seen else None


async def test_a_page_can_be_of_one_person_and_of_one_status(database: Database) -> None:
    await make_job(database, task="hers", user="ada")
    await make_job(database, task="his", user="bob")
    await make_job(database, task="over", user="ada", status=JobStatus.COMPLETED)
    assert await found(database, user_id="ada") == ["over", "hers"]
    assert await found(database, user_id="ada", status=JobStatus.COMPLETED) == ["over"]
    assert await found(database, status=JobStatus.FAILED) == []


@pytest.mark.parametrize(
    ("words", "task"),
    [
        ("100%", "at most 100% of it"),
        ("_id", "keep user_id"),
        ("\\", "a path C:\\temp"),
        ("O'Brien", "mail to o'brien"),
        ("RELEASE", "write release notes"),
    ],
)
async def test_searched_words_are_taken_literally_in_any_case(database: Database, words: str, task: str) -> None:
    for one in (task, "at most 1000 of it", "keep userXid", "something else"):
        await make_job(database, task=one)
    assert await found(database, words=words) == [task]


async def test_a_search_reads_the_sharpened_request_too(database: Database) -> None:
    job = await make_job(database, task="notes")
    await change(database, job, "refined", task_description_refined="changelog of the command line")
    assert await found(database, words="changelog") == ["notes"]


@pytest.mark.parametrize(("column", "value"), [("status", "lost"), ("current_phase", "x"), ("hitl_type", "y")])
async def test_the_database_too_refuses_what_is_in_no_closed_set(database: Database, column: str, value: str) -> None:
    job = await make_job(database)
    with pytest.raises(IntegrityError, match=f"{column}_known"):
        await change(database, job, "odd", **{column: value})


async def assign(database: Database, job: UUID, to: str | None) -> bool:
    async with database.transaction() as session:
        return await jobs.assign(session, job, to, "ada")


async def test_a_job_is_handed_over_and_back_and_each_time_is_told_once(database: Database) -> None:
    job = await make_job(database)
    assert not await assign(database, job, None)
    for to in ("bob", "group:reviewers", None, "bob"):
        assert await assign(database, job, to)
        assert not await assign(database, job, to)
        assert (await row_of(database, job)).assignee == to
    news = [event for event in await told(database, job) if event.type == "assigned"]
    assert [(event.data["before"], event.data["assignee"]) for event in news] == [
        (None, "bob"),
        ("bob", "group:reviewers"),
        ("group:reviewers", None),
        (None, "bob"),
    ]
    assert [event.message for event in news[1:3]] == [
        "ada assigned the job to group:reviewers",
        "ada gave the job back to ada",
    ]
    assert (await row_of(database, job)).progress_message == "the job has begun"


async def test_a_proposal_is_kept_until_the_next_one(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        assert await jobs.proposal_of(session, job) is None
        fix = {"field": "skill_name", "issue": "capitals", "current": "Notes", "suggested": "notes"}
        await jobs.keep_proposal(session, job, {"name": "Notes", "description": "x", "fixes": [fix]})
    async with database.transaction() as session:
        first = await jobs.proposal_of(session, job)
        assert first is not None
        assert [one.suggested for one in first.fixes] == ["notes"]
        settled = Proposal(name="notes", description="x")
        await jobs.keep_proposal(session, job, settled)
        assert await jobs.proposal_of(session, job) == settled


async def test_rows_that_refer_to_a_job_never_wait_for_its_lock(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as holding:
        await jobs.locked(holding, job)
        async with asyncio.timeout(10), database.transaction() as session:
            await audit.note(session, job, None, "ada", "api", "accepted", "proceed", {}, "d")


async def test_a_locked_job_is_changed_by_nobody_else(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as holding:
        await jobs.locked(holding, job)
        with pytest.raises(OperationalError, match="lock timeout"):
            async with database.transaction() as session:
                await session.execute(text("SET LOCAL lock_timeout = '50ms'"))
                await jobs.locked(session, job)
