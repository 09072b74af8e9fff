"""What is counted of the work, against rows made by hand: windows, what counts once, what retention took, and speed."""

from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text, update

from domain.job import JobStatus
from domain.prompt import HitlType
from domain.work import CallTally, EventTally, WorkCounts
from domain.work_sums import summed
from store import calls, work_counts
from store.evidence_tables import Evaluation
from store.library_tables import Skill, SkillVersion
from store.session import Database
from store.tables import EvaluationRun, HitlInteraction, Job, StepResult
from tests.support.rows import a_call, make_job, make_prompt

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
SINCE = NOW - timedelta(days=10)
YESTERDAY = NOW - timedelta(days=1)
EARLY = SINCE - timedelta(seconds=1)


async def counted(database: Database, since: datetime = SINCE, until: datetime = NOW) -> WorkCounts:
    async with database.transaction() as session:
        return await work_counts.counted(session, since, until)


async def job(database: Database, **columns: Any) -> UUID:
    """A job as it stands after a while: its columns are set from outside, for no test can wait for them."""
    made = await make_job(database)
    async with database.transaction() as session:
        given = {"created_at": YESTERDAY, **columns}
        await session.execute(update(Job).where(Job.job_id == made).values(**given))
    return made


async def test_jobs_are_counted_by_when_they_began_and_when_they_ended(database: Database) -> None:
    await job(database, created_at=SINCE, status="completed", completed_at=NOW - timedelta(hours=13))
    await job(database, created_at=EARLY, status="failed", completed_at=SINCE)
    await job(database, created_at=EARLY, status="pending_hitl")
    await job(database, created_at=EARLY, status="cancelled", completed_at=EARLY)
    await job(database, status="running")
    await job(database, created_at=NOW, status="running")
    found = await counted(database)
    assert found.by_status == {JobStatus.COMPLETED: 1, JobStatus.RUNNING: 1}
    assert found.open_before == 1
    assert sorted(found.events, key=lambda one: (one.day, one.ended or "")) == [
        EventTally(day=SINCE.date(), jobs=1),
        EventTally(day=SINCE.date(), ended=JobStatus.FAILED, jobs=1),
        EventTally(day=date(2026, 6, 29), jobs=1),
        EventTally(day=date(2026, 6, 29), ended=JobStatus.COMPLETED, jobs=1),
    ]


async def answered(database: Database, job_id: UUID, number: int, waited: float, **columns: Any) -> None:
    prompt = await make_prompt(database, job_id, number=number)
    given = {
        "status": "responded",
        "channel": "page",
        "created_at": YESTERDAY - timedelta(seconds=waited),
        "responded_at": YESTERDAY,
        **columns,
    }
    async with database.transaction() as session:
        await session.execute(update(HitlInteraction).where(HitlInteraction.interaction_id == prompt).values(**given))


async def test_waits_are_those_that_people_ended_and_those_that_go_on(database: Database) -> None:
    one = await job(database)
    for number, waited in enumerate((10, 20, 30, 40, 1000), start=1):
        await answered(database, one, number, waited)
    await answered(database, one, 6, 1, channel="auto")
    await answered(database, one, 7, 1, status="cancelled")
    await answered(database, one, 8, 1, responded_at=EARLY)
    await answered(database, one, 9, 0, status="pending", channel=None, responded_at=None, created_at=EARLY)
    await answered(database, one, 10, 0, status="pending", channel=None, responded_at=None)
    (found,) = (await counted(database)).waits
    assert (found.kind, found.n, found.open, found.oldest) == (HitlType.CLARIFY, 5, 2, EARLY)
    assert found.median == pytest.approx(30)
    assert found.p90 == pytest.approx(40 + 0.6 * 960)  # between the 4th and the 5th: 0.9 × (5 - 1) = 3.6


async def test_a_kind_that_nobody_has_answered_yet_has_no_median(database: Database) -> None:
    await make_prompt(database, await job(database), HitlType.PREVIEW, data={})
    (found,) = (await counted(database, until=datetime.now(UTC) + timedelta(minutes=1))).waits
    assert (found.kind, found.n, found.median, found.p90, found.open) == (HitlType.PREVIEW, 0, None, None, 1)


async def test_an_answer_that_was_used_again_counts_once_and_a_price_nobody_knows_is_not_zero(
    database: Database,
) -> None:
    one = await job(database)
    async with database.transaction() as session:
        for _ in range(3):
            await calls.keep(session, one, a_call("write/1/0", input_tokens=5, output_tokens=7, usd=0.25))
        await calls.keep(session, one, a_call("write/2/0", input_tokens=1, output_tokens=1))
        await calls.keep(session, one, a_call("old/1/0", input_tokens=1, usd=1.0))
        await session.execute(update(StepResult).values(created_at=YESTERDAY))
        await session.execute(update(StepResult).where(StepResult.key == "old/1/0").values(created_at=EARLY))
    assert (await counted(database)).calls == [
        CallTally(
            model="openai/a", day=YESTERDAY.date(), calls=2, input_tokens=6, output_tokens=8, usd=0.25, unpriced=1
        )
    ]


async def test_what_retention_has_removed_is_still_counted_on_the_day_the_job_ended(database: Database) -> None:
    past = {"calls": 4, "input_tokens": 10, "output_tokens": 20, "usd": 0.5, "models": ["a", "b"]}
    ended = {"status": "completed", "completed_at": YESTERDAY}
    await job(database, **ended, past_usage=past)
    await job(database, **ended, past_usage={**past, "usd": None})
    await job(database, status="completed", completed_at=EARLY, past_usage=past)
    assert (await counted(database)).calls == [
        CallTally(model="a, b", day=YESTERDAY.date(), calls=8, input_tokens=20, output_tokens=40, usd=0.5, unpriced=4)
    ]


def evaluation(model: str = "m", **more: Any) -> Evaluation:
    numbers = {"cases": 4, "without": 0.25, "with": 0.75}
    given = {"name": "notes", "version": "1.0.0", "digest": uuid4().hex, "reason": "demand", "verdict": "keep"}
    row = {**given, "evaluation_id": uuid4(), "model": model, "report": {"numbers": numbers}, "created_at": YESTERDAY}
    return Evaluation(**{**row, **more})


async def test_each_measurement_counts_once(database: Database) -> None:
    evidence = {"status": "measured", "n": 2, "without": 0.0, "with": 1.0}
    ended = {"status": "completed", "completed_at": YESTERDAY}
    published = await job(database, **ended, result={"digest": "p", "evidence": evidence})
    draft = await job(database, **ended, result={"digest": "d", "evidence": evidence})
    await job(database, **ended, result={"digest": "d", "evidence": {**evidence, "with": 0.0}})
    await job(database, **ended, result={"digest": "half", "evidence": {**evidence, "with": None}})
    await job(database, **ended, result={"digest": "none"})
    await job(database, result={"digest": "runs", "evidence": evidence})
    async with database.transaction() as session:
        session.add_all([evaluation(job_id=published, digest="p"), evaluation(report={"numbers": None})])
        session.add(evaluation(created_at=EARLY))
        later = YESTERDAY + timedelta(minutes=1)
        await session.execute(update(Job).where(Job.job_id == draft).values(completed_at=later))
        for case in ("one", "two"):
            run = {"arm": "with", "revision": 1, "run": 0, "passed": True, "detail": {"model": "small"}}
            session.add(EvaluationRun(job_id=draft, case_id=case, **run))
    found = sorted((await counted(database)).measured, key=lambda one: one.model)
    assert [(one.model, one.measured, one.cases, one.without, one.with_) for one in found] == [
        ("m", 1, 4, 1.0, 3.0),
        ("small", 1, 2, 0.0, 2.0),
    ]


async def test_publishing_by_force_and_refused(database: Database) -> None:
    one = await job(database)
    async with database.transaction() as session:
        skill = {"category": "d", "description": "", "status": "active", "version": "1", "digest": "d"}
        session.add(Skill(name="notes", **skill))
        await session.flush()
        version = {"name": "notes", "digest": "d", "promoted_by": "ada", "provenance": {}}
        for number, forced, made, by in (
            ("1.0.0", None, YESTERDAY, one),
            ("1.1.0", "urgent", YESTERDAY, one),
            ("1.2.0", None, EARLY, one),
            ("1.3.0", None, YESTERDAY, None),
        ):
            session.add(SkillVersion(version=number, forced_reason=forced, created_at=made, job_id=by, **version))
        for seq, kind in ((7, "promotion_failed"), (8, "promotion_failed"), (9, "note")):
            told = "INSERT INTO job_events VALUES (:job, :seq, :seq, :kind, 'completed', NULL, 0, '', '{}', :at)"
            await session.execute(text(told), {"job": one, "seq": seq, "kind": kind, "at": YESTERDAY})
    found = (await counted(database)).publishing
    assert (found.published, found.forced, found.refused) == (2, 1, 1)


MANY = """
INSERT INTO jobs (job_id, user_id, job_type, status, task_description, progress_message, progress_percent, options,
  sources, result, promoted, last_seq, created_at, completed_at, updated_at)
SELECT md5(i::text)::uuid, 'ada', 'create_skill', (ARRAY['completed','failed','cancelled'])[1 + i % 3], 't', '', 100,
  '{}', '[]', jsonb_build_object('digest', i, 'evidence', jsonb_build_object('n', 3, 'without', 0.5, 'with', 1)),
  false, 0, now() - (i % 80) * interval '1 day', now() - (i % 80) * interval '1 day', now()
FROM generate_series(1, 10000) i;
INSERT INTO step_results (job_id, key, label, input_digest, outputs, model, input_tokens, output_tokens, usd, latency,
  created_at)
SELECT md5((1 + i % 10000)::text)::uuid, 'write/' || i, 'writing', 'd', jsonb_build_array(repeat(md5(i::text), 20)),
  'model-' || i % 4, 100, 10, CASE WHEN i % 9 > 0 THEN 0.01 END, 1, now() - (i % 80) * interval '1 day'
FROM generate_series(1, 100000) i;
INSERT INTO hitl_interactions (interaction_id, job_id, round_number, interaction_type, prompt_data, form, status,
  channel, created_at, responded_at, reminders)
SELECT gen_random_uuid(), md5((1 + i % 10000)::text)::uuid, i, 'clarify', '{}', '{}', 'responded', 'page',
  now() - (i % 80) * interval '1 day' - interval '1 hour', now() - (i % 80) * interval '1 day', 0
FROM generate_series(1, 20000) i;
INSERT INTO evaluation_runs (job_id, case_id, arm, revision, run, passed, detail)
SELECT md5((1 + i % 10000)::text)::uuid, i::text, 'with', 1, 0, true, jsonb_build_object('model', 'm' || i % 3)
FROM generate_series(1, 20000) i;
ANALYZE jobs, step_results, hitl_interactions, evaluation_runs;
"""


async def test_ten_thousand_jobs_and_a_hundred_thousand_calls_are_added_up_at_once(database: Database) -> None:
    async with database.transaction() as session:
        for statement in MANY.split(";")[:-1]:
            await session.execute(text(statement))
    now = datetime.now(UTC)
    began = perf_counter()
    counts = await counted(database, now - timedelta(days=90), now + timedelta(minutes=1))
    took = perf_counter() - began
    found = summed(counts, now - timedelta(days=90), now)
    assert (sum(found.by_status.values()), found.spend.calls, found.waits[0].n) == (10_000, 100_000, 20_000)
    assert (found.pass_rates.measured, found.spend.unpriced) == (10_000, 11_111)
    assert took < 5, f"{took:.2f} s"
