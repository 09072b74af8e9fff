"""What is too old goes in small parts; what a running job, the audit or a published version needs stays."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from domain.job import JobStatus, Origin, Usage
from domain.retention import Kind
from domain.skill import SkillStatus
from store import audit, calls, events, jobs, retention, revisions, skills
from store.library_tables import SkillVersion
from store.session import Database
from tests.support import old_rows as old
from tests.support.rows import a_call, kinds, list_version, make_job, make_prompt, make_report, row_of, told

DAY = timedelta(days=1)
TICK = timedelta(seconds=30)
OF_JOBS = [Kind.DRAFTS, Kind.MODEL_ANSWERS, Kind.EVENTS, Kind.ANSWER_DRAFTS, Kind.NOTIFICATIONS]


async def due(database: Database, kind: Kind, days: int = 90, limit: int = 10) -> list[UUID]:
    async with database.transaction() as session:
        return await retention.due(session, kind, await retention.cutoff(session, days * DAY), limit)


async def forget(database: Database, kind: Kind, job: UUID, days: int = 90, limit: int = 1_000) -> int:
    async with database.transaction() as session:
        before = await retention.cutoff(session, days * DAY)
        return await retention.forget(session, kind, job, before, limit)


async def look(database: Database, kind: Kind, days: int = 90) -> tuple[int, int, list[UUID]]:
    async with database.transaction() as session:
        found = await retention.look(session, kind, days * DAY)
    return found.jobs, found.rows, found.examples


async def publish(database: Database, job: UUID) -> None:
    async with database.transaction() as session:
        skill = await skills.of_job(session, job)
        assert skill is not None
        version = SkillVersion(
            name=skill.name,
            version="1.0.0",
            digest=skill.digest,
            job_id=job,
            revision=1,
            promoted_by="ada",
            provenance=(await calls.usage(session, job)).model_dump(mode="json"),
        )
        await list_version(session, skill, version)
        (await jobs.locked(session, job)).promoted = True


async def test_what_is_a_moment_too_young_stays_and_what_is_a_moment_older_goes(database: Database) -> None:
    young, aged = await old.full(database, 90 * DAY - TICK), await old.full(database, 90 * DAY + TICK)
    for kind in OF_JOBS:
        assert await due(database, kind) == [aged]
        assert await forget(database, kind, young) == 0
        assert await forget(database, kind, aged) > 0
        assert await due(database, kind) == []


async def test_a_day_has_24_hours_whatever_the_clocks_of_a_country_do(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("SET LOCAL TIME ZONE 'America/New_York'"))
        for days in range(1, 400, 13):
            before = await retention.cutoff(session, days * DAY)
            assert await retention.now(session) - before == timedelta(hours=24 * days)


async def test_nothing_of_a_job_that_runs_is_ever_due(database: Database) -> None:
    job = await old.full(database)
    await old.execute(database, "UPDATE jobs SET status = 'running' WHERE job_id = :job", job)
    before = await old.counts(database)
    for kind in OF_JOBS:
        assert await due(database, kind) == []
        assert await look(database, kind) == (0, 0, [])
        assert await forget(database, kind, job) == 0
    assert await old.counts(database) == before


async def test_counting_says_what_would_go_and_changes_nothing(database: Database) -> None:
    first, second = await old.full(database, old.LONG), await old.full(database, old.LONG - DAY)
    await old.full(database, DAY)
    before = await old.counts(database)
    counted = {kind: await look(database, kind) for kind in OF_JOBS}
    assert await old.counts(database) == before
    for kind, (number, rows, examples) in counted.items():
        assert (number, examples) == (2, [first, second])
        assert sum([await forget(database, kind, job) for job in (first, second)]) == rows
        assert await look(database, kind) == (0, 0, [])


async def test_jobs_are_gone_through_in_bounded_parts_the_oldest_first(database: Database) -> None:
    made = [await old.full(database, old.LONG - number * DAY) for number in range(4)]
    assert await due(database, Kind.MODEL_ANSWERS, limit=3) == made[:3]


async def test_rows_of_a_job_go_in_bounded_parts_and_what_they_cost_is_never_lost(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        for number in range(5):
            model = "openai/b" if number == 4 else "openai/a"
            await calls.keep(session, job, a_call(f"k{number}", input_tokens=3, output_tokens=1, usd=0.25, model=model))
    await old.end(database, job)
    whole = Usage(calls=5, input_tokens=15, output_tokens=5, usd=1.25, models=["openai/a", "openai/b"])
    for left, removed in ((3, 2), (1, 2), (0, 1), (0, 0)):
        assert await forget(database, Kind.MODEL_ANSWERS, job, limit=2) == removed
        assert await old.count(database, "step_results", job) == left
        async with database.transaction() as session:
            assert await calls.usage(session, job) == whole


async def test_a_price_nobody_knew_stays_unknown_when_its_row_is_gone(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        await calls.keep(session, job, a_call("a", input_tokens=3, usd=None))
        await calls.keep(session, job, a_call("b", input_tokens=4, usd=0.5))
    await old.end(database, job)
    await forget(database, Kind.MODEL_ANSWERS, job, limit=1)
    await forget(database, Kind.MODEL_ANSWERS, job, limit=1)
    async with database.transaction() as session:
        used = await calls.usage(session, job)
    assert (used.calls, used.input_tokens, used.usd) == (2, 7, None)


async def test_an_old_draft_goes_whole_frees_its_name_and_the_job_says_so(database: Database) -> None:
    job = await old.drafted(database)
    await old.end(database, job)
    assert await forget(database, Kind.DRAFTS, job) == 1
    assert [await old.count(database, table, job) for table in ("revisions", "revision_files", "skills")] == [0, 0, 0]
    row, last = await row_of(database, job), (await told(database, job))[-1]
    assert (row.draft_path, row.progress_message) == (None, "it is over")
    assert not {"draft_path", "revision", "digest"} & set(row.result)
    assert row.result["skill_name"] == "release-notes"
    assert (last.type, last.status, last.data["revisions"]) == (retention.DRAFT_REMOVED, JobStatus.FAILED, 1)
    other = await make_job(database)
    async with database.transaction() as session:
        assert await skills.reserve(session, "release-notes", "x", "y", "z", other)


async def test_what_is_published_keeps_its_revisions_its_row_and_its_provenance(database: Database) -> None:
    job = await old.drafted(database)
    await publish(database, job)
    await old.end(database, job, status=JobStatus.COMPLETED)
    assert await due(database, Kind.DRAFTS) == []
    assert await forget(database, Kind.DRAFTS, job) == 0
    assert await forget(database, Kind.MODEL_ANSWERS, job) == 1
    async with database.transaction() as session:
        assert len(await revisions.files(session, job, 1)) == 1
        skill = await skills.of_job(session, job)
        assert skill is not None and skill.status == SkillStatus.ACTIVE
        version = await skills.version_of(session, skill.name, "1.0.0")
        assert version is not None
        assert skills.provenance(version)["usd"] == 0.5
        assert (await calls.usage(session, job)).usd == 0.5


async def test_a_draft_that_a_running_job_goes_on_from_stays_until_that_one_ends(database: Database) -> None:
    job = await old.drafted(database)
    await old.end(database, job)
    heir = await make_job(database, origin=Origin(job_id=job, revision=1))
    assert await due(database, Kind.DRAFTS) == []
    assert await forget(database, Kind.DRAFTS, job) == 0
    await old.end(database, heir, DAY)
    assert await due(database, Kind.DRAFTS) == [job]


async def test_a_draft_that_may_be_on_its_way_into_the_library_stays(database: Database) -> None:
    job = await old.drafted(database)
    await old.end(database, job, status=JobStatus.COMPLETED)
    async with database.transaction() as session:
        await jobs.change(session, job, "promoting:d", "promotion_started", "publishing")
    assert await forget(database, Kind.DRAFTS, job) == 0
    await old.age_events(database, job, 2 * DAY)
    assert await forget(database, Kind.DRAFTS, job) == 1


async def test_who_goes_on_from_a_draft_in_the_same_moment_keeps_it(database: Database) -> None:
    """The removal waits for the lock, and then looks again: what happened meanwhile counts."""
    job = await old.drafted(database)
    await old.end(database, job)
    async with database.transaction() as session:
        await jobs.locked(session, job)
        removal = asyncio.create_task(forget(database, Kind.DRAFTS, job))
        await old.waiting_for_a_lock(database)
        await make_job(database, origin=Origin(job_id=job, revision=1))
    assert await removal == 0
    assert await old.count(database, "revision_files", job) == 1


async def test_of_old_events_the_newest_stays_so_that_streams_still_end(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        for number in range(4):
            await jobs.change(session, job, f"n{number}", "phase", "going on")
    await old.end(database, job)
    assert [await forget(database, Kind.EVENTS, job, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    left = await told(database, job)
    async with database.transaction() as session:
        state = await jobs.present_state(session, job)
    assert state is not None
    assert [(event.seq, event.type) for event in left] == [(state.seq, "failed")]


async def test_an_event_after_the_end_counts_its_own_days(database: Database) -> None:
    job = await make_job(database)
    await old.end(database, job, status=JobStatus.COMPLETED)
    async with database.transaction() as session:
        for number in range(2):
            await jobs.change(session, job, f"promotion:{number}", "promotion_failed", "not yet")
    assert await forget(database, Kind.EVENTS, job) == 1
    assert await kinds(database, job) == ["completed", "promotion_failed", "promotion_failed"]


async def test_how_a_job_ended_stays_on_record_when_later_events_go(database: Database) -> None:
    job = await make_job(database)
    await old.end(database, job, status=JobStatus.COMPLETED)
    async with database.transaction() as session:
        for number in range(2):
            await jobs.change(session, job, f"promotion:{number}", "promotion_failed", "not yet")
    await old.age_events(database, job, old.LONG)
    assert await forget(database, Kind.EVENTS, job) == 2
    assert await kinds(database, job) == ["completed", "promotion_failed"]


async def test_no_event_goes_without_the_word_of_retention_nor_after_its_transaction(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        await jobs.change(session, job, "a", "phase", "going on")
    await old.end(database, job)
    await forget(database, Kind.EVENTS, job, limit=1)
    for _ in range(10):  # whichever connection of the pool it is
        with pytest.raises(DBAPIError, match="append-only"):
            await old.execute(database, "DELETE FROM job_events WHERE job_id = :job", job)


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("DELETE FROM job_events WHERE job_id = :job", "job_events"),
        ("UPDATE job_events SET message = '' WHERE job_id = :job", "job_events"),
        ("DELETE FROM hitl_answers WHERE job_id = :job", "hitl_answers"),
        ("UPDATE hitl_answers SET person = 'eve' WHERE job_id = :job", "hitl_answers"),
    ],
)
async def test_with_the_word_of_retention_the_audit_and_jobs_that_run_are_as_safe_as_ever(
    database: Database, statement: str, table: str
) -> None:
    job = await make_job(database)
    prompt = await make_prompt(database, job)
    async with database.transaction() as session:
        await audit.note(session, job, prompt, "ada", "api", "accepted", "proceed", {}, "d", None)
    with pytest.raises(DBAPIError, match=f"{table} is append-only"):
        async with database.transaction() as session:
            await session.execute(text("SELECT set_config('skill_fleet.retention', 'on', true)"))
            await session.execute(text(statement), {"job": job})


async def test_the_audit_evidence_and_reports_of_an_old_job_stay(database: Database) -> None:
    job = await old.full(database)
    await make_report(database, job, "d", passed=False)
    async with database.transaction() as session:
        await audit.note(session, job, None, "ada", "api", "accepted", "proceed", {}, "d", None)
    for kind in OF_JOBS:
        await forget(database, kind, job)
    tables = ("hitl_answers", "validation_reports", "hitl_interactions", "jobs")
    assert [await old.count(database, table, job) for table in tables] == [1, 1, 1, 1]


async def test_a_notification_that_is_still_due_stays_and_one_given_up_goes(database: Database) -> None:
    job = await make_job(database)
    waiting = await old.notify(database, job, due=True)
    await old.notify(database, job)
    fresh = await old.notify(database, job, delivered=DAY)
    await old.end(database, job)
    assert await forget(database, Kind.NOTIFICATIONS, job) == 1
    async with database.transaction() as session:
        left = set(await session.scalars(text("SELECT notification_id FROM notifications")))
    assert left == {waiting, fresh}


async def test_old_keys_go_in_bounded_parts_but_none_that_somebody_works_under(database: Database) -> None:
    for number in range(3):
        await old.remember(database, f"old {number}", 2 * DAY + TICK)
    await old.remember(database, "young", 2 * DAY - TICK)
    await old.remember(database, "at work", at_work=True)
    assert (await look(database, Kind.IDEMPOTENCY_KEYS, 2)) == (0, 3, [])
    removed = []
    for _ in range(3):
        async with database.transaction() as session:
            before = await retention.cutoff(session, 2 * DAY)
            removed.append(await retention.forget_keys(session, before, 2))
    assert removed == [2, 1, 0]
    async with database.transaction() as session:
        left = set(await session.scalars(text("SELECT key FROM idempotency_keys")))
    assert left == {"young", "at work"}


async def test_only_jobs_that_still_wait_and_were_parked_long_ago_are_overdue(database: Database) -> None:
    old_ones = sorted([await make_job(database) for _ in range(3)])
    for job in old_ones:
        await old.park(database, job, 60 * DAY + TICK)
    await old.park(database, await make_job(database), 60 * DAY - TICK)
    await make_job(database)
    ended = await make_job(database)
    await old.end(database, ended)
    await old.park(database, ended)
    async with database.transaction() as session:
        before = await retention.cutoff(session, 60 * DAY)
        first = await retention.overdue(session, before, None, 2)
        assert first == old_ones[:2]
        assert await retention.overdue(session, before, first[-1], 2) == old_ones[2:]
    assert (await look(database, Kind.PARKED_JOBS, 60))[:2] == (3, 3)


async def test_files_of_a_draft_may_go_only_when_its_rows_have_gone(database: Database) -> None:
    job, runs, nobody = await old.drafted(database), await make_job(database), uuid4()
    await old.end(database, job)

    async def left_behind() -> set[UUID]:
        async with database.transaction() as session:
            before = await retention.cutoff(session, 90 * DAY)
            return await retention.left_behind(session, [job, runs, nobody], before)

    assert await left_behind() == set()
    await forget(database, Kind.DRAFTS, job)
    assert await left_behind() == {job}


async def test_events_of_other_jobs_are_left_alone(database: Database) -> None:
    job, other = await old.full(database), await old.full(database, DAY)
    before = len(await told(database, other))
    await forget(database, Kind.EVENTS, job)
    async with database.transaction() as session:
        assert len(await events.since(session, other, 0)) == before
