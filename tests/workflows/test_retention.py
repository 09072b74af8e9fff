"""A night of retention on real servers: counted first, shown, and only where it is on does anything go."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import OperationalError
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities import retention as steps
from activities.edge import Edge
from activities.retention import DatabaseRetention
from domain.job import Evaluates, JobStatus, StartJob
from domain.retention import Batch, Found, Gone, Kind, Mode, Report, Survey
from domain.skill import DRAFTS
from store.session import Database
from tests.support import old_rows as old
from tests.support.fake_steps import FakeAuthor, FakeChecks, FakeEvaluator, FakeLibrary, FakeRecords, Memory
from tests.support.rows import make_job
from tests.workflows.conftest import steps_of
from worker import Step
from workflows import messages as m
from workflows.create_skill import CreateSkill
from workflows.evaluate_skill import EvaluateSkill
from workflows.retention import Retention, described
from workflows.steps import LIBRARY, MODELS, WORKFLOWS

DRY = old.KEEP.model_copy(update={"mode": Mode.DRY_RUN})
NOW = "2026-01-02T03:04:05Z"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    root = tmp_path / "skills"
    (root / DRAFTS).mkdir(parents=True)
    return root


async def no_job(job: UUID, key: str, message: str) -> None:
    raise AssertionError(f"retention is no step of a job: {message}")


@asynccontextmanager
async def at_work(client: Client, retention: DatabaseRetention, memory: Memory) -> AsyncIterator[None]:
    """Workers as the composition root makes them, with the steps of jobs faked."""
    fakes = (FakeRecords(memory), FakeAuthor(memory), FakeEvaluator(memory), FakeChecks(memory), FakeLibrary(memory))
    by_queue: dict[str, list[Step]] = steps_of(*fakes)
    by_queue[WORKFLOWS] += [retention.survey, retention.forget, retention.overdue]
    by_queue[LIBRARY] += [retention.remove_folders]
    async with AsyncExitStack() as stack:
        for queue in (WORKFLOWS, MODELS, LIBRARY):
            await stack.enter_async_context(
                Worker(
                    client,
                    task_queue=queue,
                    workflows=[Retention, CreateSkill, EvaluateSkill] if queue == WORKFLOWS else [],
                    activities=by_queue[queue],
                    interceptors=[Edge(no_job)],
                )
            )
        yield


async def night(client: Client) -> WorkflowHandle[Retention, Report]:
    return await client.start_workflow(Retention.run, id=f"retention-{uuid4()}", task_queue=WORKFLOWS)


async def report_of(client: Client, retention: DatabaseRetention, memory: Memory | None = None) -> Report:
    async with at_work(client, retention, memory or Memory()):
        return await asyncio.wait_for((await night(client)).result(), 60)


def went(report: Report) -> dict[Kind, Gone]:
    return {gone.kind: gone for gone in report.gone}


def files_of(library: Path, job: UUID) -> Path:
    folder = library / DRAFTS / str(job) / "release-notes"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text("text")
    return library / DRAFTS / str(job)


async def test_a_dry_run_reports_what_would_go_and_leaves_all_of_it(
    temporal: WorkflowEnvironment, database: Database, library: Path
) -> None:
    job, waits = await old.full(database), await make_job(database)
    files = files_of(library, job)
    await old.park(database, waits)
    await old.send(database)
    before = await old.counts(database)
    report = await report_of(temporal.client, DatabaseRetention(database, library, DRY))
    assert (report.survey.mode, report.gone) == (Mode.DRY_RUN, [])
    assert {found.kind: found.jobs for found in report.survey.found} == {
        kind: int(kind not in (Kind.IDEMPOTENCY_KEYS, Kind.UPLOADS)) for kind in Kind
    }
    assert [found.rows for found in report.survey.found if found.kind is Kind.UPLOADS] == [1]
    assert await old.counts(database) == before
    assert files.is_dir()


async def test_a_dry_run_lets_old_keys_go_and_nothing_else(
    temporal: WorkflowEnvironment, database: Database, library: Path
) -> None:
    job = await old.full(database)
    await old.remember(database, "k")
    report = await report_of(temporal.client, DatabaseRetention(database, library, DRY))
    assert report.gone == [Gone(kind=Kind.IDEMPOTENCY_KEYS, rows=1)]
    assert await old.count(database, "revision_files", job) == 1


async def test_switched_on_rows_and_files_go_and_the_report_says_how_many(
    temporal: WorkflowEnvironment, database: Database, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "JOBS", 2)
    ended, young = [await old.full(database) for _ in range(5)], await old.full(database, timedelta(days=1))
    await old.remember(database, "k")
    await old.send(database)
    folders = [files_of(library, job) for job in (*ended, young)]
    report = await report_of(temporal.client, DatabaseRetention(database, library, old.KEEP))
    gone = went(report)
    assert list(gone) == list(Kind)
    for found in report.survey.found:
        assert (gone[found.kind].rows, gone[found.kind].jobs) == (found.rows, found.jobs)
    assert gone[Kind.DRAFTS].folders == 5
    assert not [one for one in report.gone if one.more or one.error or one.kept]
    assert [folder.exists() for folder in folders] == [False] * 5 + [True]
    second = await report_of(temporal.client, DatabaseRetention(database, library, old.KEEP))
    assert [found.rows for found in second.survey.found] == [0] * len(Kind)
    assert sum(one.rows + one.folders for one in second.gone) == 0


class CutOff(DatabaseRetention):
    """A worker that dies amid each kind: rows are gone, and nobody was told."""

    def __init__(self, database: Database, library: Path) -> None:
        super().__init__(database, library, old.KEEP)
        self.died: set[str] = set()

    @activity.defn
    async def forget(self, batch: Batch) -> Gone:
        done = await super().forget(batch)
        self.die(batch.kind)
        return done

    @activity.defn
    async def remove_folders(self, batch: Batch) -> Gone:
        done = await super().remove_folders(batch)
        self.die("folders")
        return done

    def die(self, what: str) -> None:
        if what not in self.died:
            self.died.add(what)
            raise OperationalError("COMMIT", {}, Exception("the server closed the connection"))


async def test_a_night_that_is_cut_off_after_each_part_goes_on_and_loses_nothing_it_should_keep(
    temporal: WorkflowEnvironment, database: Database, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "JOBS", 1)
    ended, young = [await old.full(database) for _ in range(2)], await old.full(database, timedelta(days=1))
    folders = [files_of(library, job) for job in (*ended, young)]
    retention = CutOff(database, library)
    report = await report_of(temporal.client, retention)
    assert len(retention.died) == 8
    assert not [one for one in report.gone if one.error or one.more]
    assert [folder.exists() for folder in folders] == [False, False, True]
    for job in ended:
        assert await old.count(database, "step_results", job) == 0
    survey = (await report_of(temporal.client, DatabaseRetention(database, library, DRY))).survey
    assert [found.rows for found in survey.found] == [0] * len(Kind)
    assert await old.count(database, "revision_files", young) == 1


class Faulty(DatabaseRetention):
    """A mistake in the code of one kind."""

    @activity.defn
    async def forget(self, batch: Batch) -> Gone:
        if batch.kind is Kind.EVENTS:
            raise RuntimeError("not thought of")
        return await super().forget(batch)


async def test_a_kind_that_fails_is_said_and_the_others_go_all_the_same(
    temporal: WorkflowEnvironment, database: Database, library: Path
) -> None:
    await old.full(database)
    gone = went(await report_of(temporal.client, Faulty(database, library, old.KEEP)))
    assert "RuntimeError" in gone[Kind.EVENTS].error and gone[Kind.EVENTS].more
    assert {kind: one.error for kind, one in gone.items() if kind is not Kind.EVENTS and one.error} == {}
    assert gone[Kind.NOTIFICATIONS].rows == 1


async def test_a_folder_left_by_a_night_that_was_cut_off_goes_in_the_next(
    temporal: WorkflowEnvironment, database: Database, library: Path
) -> None:
    job = await make_job(database)
    await old.end(database, job)
    half = files_of(library, job).rename(library / DRAFTS / f".{job}.gone")
    report = await report_of(temporal.client, DatabaseRetention(database, library, old.KEEP))
    assert (went(report)[Kind.DRAFTS].rows, went(report)[Kind.DRAFTS].folders) == (0, 1)
    assert not half.exists()


async def test_jobs_that_nobody_came_for_are_cancelled_by_the_signal_that_people_use(
    temporal: WorkflowEnvironment, database: Database, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "JOBS", 1)
    memory = Memory()
    waits, fresh, lost = [await make_job(database) for _ in range(3)]
    await old.park(database, waits)
    await old.park(database, fresh, timedelta(days=59))
    await old.park(database, lost)  # its workflow is gone
    async with at_work(temporal.client, DatabaseRetention(database, library, old.KEEP), memory):
        handles = {job: await started(temporal.client, job) for job in (waits, fresh)}
        report = await asyncio.wait_for((await night(temporal.client)).result(), 60)
        outcome = await asyncio.wait_for(handles[waits].result(), 30)
        still = await handles[fresh].describe()
        await handles[fresh].terminate("the test is over")
    gone = went(report)[Kind.PARKED_JOBS]
    assert (gone.jobs, gone.kept, gone.error) == (1, 1, "")
    assert outcome.status is JobStatus.CANCELLED
    assert memory.ending is not None
    assert (memory.ending.by, memory.ending.reason) == ("retention", "nobody answered for 60 days")
    assert still.status is not None and still.status.name == "RUNNING"


async def test_a_parked_evaluation_is_cancelled_too(
    temporal: WorkflowEnvironment, database: Database, library: Path
) -> None:
    memory, job = Memory(), await make_job(database)
    await old.park(database, job)
    start = StartJob(job_id=job, user_id="ada", task_description="Again", evaluates=Evaluates(name="a-skill"))
    async with at_work(temporal.client, DatabaseRetention(database, library, old.KEEP), memory):
        handle = await temporal.client.start_workflow(
            EvaluateSkill.run, start, id=start.workflow_id, task_queue=WORKFLOWS
        )
        report = await asyncio.wait_for((await night(temporal.client)).result(), 60)
        outcome = await asyncio.wait_for(handle.result(), 30)
    assert went(report)[Kind.PARKED_JOBS].jobs == 1
    assert outcome.status is JobStatus.CANCELLED
    assert memory.ending is not None and memory.ending.by == "retention"


async def started(client: Client, job: UUID) -> WorkflowHandle[CreateSkill, m.Outcome]:
    start = StartJob(job_id=job, user_id="ada", task_description="Write release notes")
    return await client.start_workflow(CreateSkill.run, start, id=f"create-skill:{job}", task_queue=WORKFLOWS)


@pytest.fixture
def survey() -> Iterator[Survey]:
    found = [
        Found(kind=Kind.DRAFTS, days=90, before=NOW, jobs=2, rows=2, oldest=NOW, examples=[UUID(int=7)]),
        Found(kind=Kind.EVENTS, days=180, before=NOW),
    ]
    yield Survey(mode=Mode.ON, at=NOW, found=found)


def test_the_web_ui_shows_what_was_found_and_what_went(survey: Survey) -> None:
    gone = [Gone(kind=Kind.DRAFTS, rows=2, jobs=2, folders=1, kept=1, error="`x`\n# away")]
    assert described(survey, gone).splitlines() == [
        "Retention is **on**: what is found goes.",
        "",
        "- **drafts** older than 90 days: 2 of 2 jobs, oldest 2026-01-02 03:04 UTC "
        "`00000000-0000-0000-0000-000000000007`. Went: 2 rows, 2 jobs, 1 folders; 1 could not go; "
        "stopped: `'x' # away`",
        "- **events** older than 180 days: none",
    ]


def test_a_dry_run_says_how_to_switch_it_on(survey: Survey) -> None:
    dry = survey.model_copy(update={"mode": Mode.DRY_RUN})
    assert "SKILL_FLEET_RETENTION=on" in described(dry, []).splitlines()[0]


async def test_a_person_at_the_web_ui_reads_the_survey(
    temporal: WorkflowEnvironment, database: Database, library: Path
) -> None:
    await old.full(database)
    async with at_work(temporal.client, DatabaseRetention(database, library, DRY), Memory()):
        handle = await night(temporal.client)
        await asyncio.wait_for(handle.result(), 60)
        shown = await handle.query("__temporal_workflow_metadata")
    assert "**drafts** older than 90 days: 1 of 1 jobs" in str(shown)
