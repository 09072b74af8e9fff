"""What published versions were found to be worth, and which of them are due."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.errors import NotFound
from domain.evaluation import Arm
from domain.job import CREATE_SKILL, EVALUATE_SKILL, Evaluates, JobStatus, StartJob
from domain.skill import SkillStatus
from store import calls, evaluations, jobs, views
from store.session import Database
from tests.support.evaluated import AT, a_report, evaluate
from tests.support.published import publish_skill
from tests.support.rows import a_call, a_run, make_draft, make_evidence, make_job, row_of

NOW = datetime(2026, 2, 1, tzinfo=UTC)
NEW = "openai/new"


async def due(database: Database, model: str = NEW, limit: int = 20) -> list[str]:
    async with database.transaction() as session:
        return [one.name for one in await evaluations.due(session, model, NOW, limit)]


async def make_evaluation_job(
    database: Database, name: str, model: str = NEW, status: JobStatus = JobStatus.RUNNING
) -> None:
    start = StartJob(
        job_id=uuid4(), user_id="ada", task_description="again", evaluates=Evaluates(name=name, model=model)
    )
    async with database.transaction() as session:
        await jobs.open_job(session, start)
        await jobs.change(session, start.job_id, "opened", "started", "begun", status=status)


async def test_the_first_report_under_an_id_stands(database: Database) -> None:
    first = a_report("notes")
    key = await evaluate(database, first)
    await evaluate(database, a_report("notes", verdict="retire"), key)
    async with database.transaction() as session:
        assert await evaluations.get(session, key) == first
        assert len(await evaluations.listed(session, "notes")) == 1
        assert await evaluations.get(session, uuid4()) is None


async def test_the_newest_is_found_by_version_and_by_model(database: Database) -> None:
    for n, (version, model) in enumerate([("1.0.0", "a/x"), ("1.0.0", "b/y"), ("2.0.0", "a/x"), ("1.0.0", "a/x")]):
        await evaluate(database, a_report("notes", version, model=model, made_at=AT + timedelta(hours=n)))
    await evaluate(database, a_report("tags", made_at=AT + timedelta(days=9)))
    async with database.transaction() as session:

        async def at(version: str | None = None, model: str | None = None) -> tuple[str, str, datetime] | None:
            row = await evaluations.newest(session, "notes", version, model)
            return (row.version, row.model, row.created_at) if row else None

        assert await at() == ("1.0.0", "a/x", AT + timedelta(hours=3))
        assert await at("2.0.0") == ("2.0.0", "a/x", AT + timedelta(hours=2))
        assert await at("1.0.0", "b/y") == ("1.0.0", "b/y", AT + timedelta(hours=1))
        assert await at("2.0.0", "b/y") is None
        hours = [(one.created_at - AT) // timedelta(hours=1) for one in await evaluations.listed(session, "notes")]
        assert hours == [3, 2, 1, 0]


async def test_a_glance_has_the_numbers(database: Database) -> None:
    await evaluate(database, a_report("notes", reason="demand", verdict="fix"))
    async with database.transaction() as session:
        [one] = await evaluations.listed(session, "notes")
    assert (one.without, one.with_, one.delta, one.interval, one.cases) == (0.4, 0.9, 0.5, (0.2, 0.8), 3)
    assert (one.verdict, one.reason, one.status) == ("fix", "demand", "whole")
    async with database.transaction() as session:
        row = await evaluations.newest(session, "notes")
    assert row is not None and evaluations.summary(row) == one


async def test_due_is_what_was_last_proven_with_another_model_longest_ago_first(database: Database) -> None:
    for n, name in enumerate(("younger", "older", "with-the-new", "changed-its-mind", "never", "gone")):
        status = SkillStatus.YANKED if name == "gone" else SkillStatus.ACTIVE
        await publish_skill(database, name, status=status)
        if name != "never":
            model = NEW if name == "with-the-new" else "openai/old"
            await evaluate(database, a_report(name, model=model, made_at=AT - timedelta(days=n)))
    await evaluate(database, a_report("changed-its-mind", model=NEW, made_at=AT))
    assert await due(database) == ["older", "younger"]
    assert await due(database, limit=1) == ["older"]
    assert await due(database, "openai/old") == ["with-the-new", "changed-its-mind"]


async def test_only_the_version_that_agents_read_is_due(database: Database) -> None:
    await publish_skill(database, "notes", version="1.0.0")
    await evaluate(database, a_report("notes", "1.0.0", model="openai/old"))
    await publish_skill(database, "notes", version="2.0.0", body="# Other\n")
    assert await due(database) == []
    await evaluate(database, a_report("notes", "2.0.0", model="openai/old"))
    assert await due(database) == ["notes"]


async def test_what_is_being_evaluated_or_was_tried_this_week_is_not_due_again(database: Database) -> None:
    for name in ("running", "failed-now", "other-model"):
        await publish_skill(database, name)
        await evaluate(database, a_report(name, model="openai/old"))
    assert len(await due(database)) == 3
    await make_evaluation_job(database, "running", "openai/any")
    await make_evaluation_job(database, "failed-now", NEW, JobStatus.FAILED)
    await make_evaluation_job(database, "other-model", "openai/any", JobStatus.FAILED)
    assert await due(database) == ["other-model"]
    later = datetime.now(UTC) + timedelta(days=8)
    async with database.transaction() as session:
        found = [one.name for one in await evaluations.due(session, NEW, later, 20)]
    assert found == ["failed-now", "other-model"]


async def test_a_job_says_what_it_evaluates_and_with_which_model(database: Database) -> None:
    asked = Evaluates(name="notes", version="1.0.0", model=NEW, reason="schedule")
    start = StartJob(job_id=uuid4(), user_id="ada", task_description="again", evaluates=asked)
    async with database.transaction() as session:
        await jobs.open_job(session, start)
    plain = await make_job(database)
    for job_id, kind, wanted, model in (
        (start.job_id, EVALUATE_SKILL, asked, NEW),
        (plain, CREATE_SKILL, None, ""),
    ):
        row = await row_of(database, job_id)
        async with database.transaction() as session:
            view = await views.job_view(session, row)
            assert (view.job_type, view.evaluates) == (kind, wanted)
            assert await jobs.agent_model_of(session, job_id) == model


async def test_the_material_of_a_report_is_that_of_one_revision(database: Database) -> None:
    job_id = await make_job(database)
    await make_draft(database, job_id)
    await make_evidence(
        database,
        job_id,
        a_run(),
        a_run(Arm.WITH, 1, passed=True),
        a_run(Arm.WITH, 2, passed=False),
    )
    async with database.transaction() as session:
        await calls.keep(session, job_id, a_call("try/with/1/case-1/0", label="judging 1", model="openai/judge"))
        await calls.keep(session, job_id, a_call("write/1/0", label="writing", model="openai/author"))
        found = await evaluations.material(session, job_id, 1)
        with pytest.raises(NotFound):
            await evaluations.material(session, job_id, 7)
    assert {(run.arm, run.revision) for run in found.runs} == {(Arm.WITHOUT, 0), (Arm.WITH, 1)}
    assert (found.models.author, found.models.judge, found.models.agent) == ("model", "openai/judge", "")
    assert found.usage.calls == 2
    assert found.rationalizations == ["I left it out for brevity."]
