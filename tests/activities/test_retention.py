"""Retention's steps: only where it is switched on, never beyond this worker's days, in parts that can be cut off."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from temporalio.testing import ActivityEnvironment

from activities import retention as steps
from activities.library import FolderLibrary
from activities.records import DatabaseRecords
from activities.retention import DatabaseRetention
from activities.shelves import Shelves
from domain.errors import NotFound
from domain.job import JobStatus, Origin
from domain.retention import Batch, Gone, Keep, Kind, Mode, Overdue, Survey
from domain.skill import DRAFTS
from domain.taxonomy import parse_taxonomy
from store import jobs
from store.session import Database
from tests.activities.conftest import Run
from tests.support import old_rows as old
from tests.support.rows import CATEGORY, NAME, WARN, make_job, make_report, row_of
from workflows import messages as m
from workflows import promote_messages as pm

DAY = timedelta(days=1)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    root = tmp_path / "skills"
    (root / DRAFTS).mkdir(parents=True)
    return root


@pytest.fixture
def retention(database: Database, library: Path) -> DatabaseRetention:
    return DatabaseRetention(database, library, old.KEEP)


def in_mode(database: Database, library: Path, mode: Mode) -> DatabaseRetention:
    return DatabaseRetention(database, library, old.KEEP.model_copy(update={"mode": mode}))


async def batch(database: Database, kind: Kind, ago: timedelta = timedelta(0), after: str = "") -> Batch:
    return Batch(kind=kind, before=await old.moment(database, ago), after=after)


async def surveyed(retention: DatabaseRetention) -> Survey:
    return await ActivityEnvironment().run(retention.survey)


def files_of(library: Path, job: UUID) -> Path:
    folder = library / DRAFTS / str(job) / NAME
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text("text")
    return library / DRAFTS / str(job)


async def test_a_survey_counts_every_kind_by_its_own_days_and_removes_nothing(
    retention: DatabaseRetention, database: Database
) -> None:
    job, waits = await old.full(database), await make_job(database)
    await old.park(database, waits)
    await old.remember(database, "k")
    await old.send(database)
    before = await old.counts(database)
    found = {one.kind: one for one in (await surveyed(retention)).found}
    assert {kind: found[kind].days for kind in found} == {kind: old.KEEP.days(kind) for kind in Kind}
    assert {kind: found[kind].rows for kind in Kind if kind is not Kind.EVENTS} == dict.fromkeys(
        [kind for kind in Kind if kind is not Kind.EVENTS], 1
    )
    assert found[Kind.EVENTS].rows == await old.count(database, "job_events", job) - 1
    assert (found[Kind.DRAFTS].examples, found[Kind.PARKED_JOBS].examples) == ([job], [waits])
    assert await old.counts(database) == before


def test_each_kind_is_kept_as_long_as_its_own_setting_says() -> None:
    assert {kind: old.KEEP.days(kind) for kind in Kind} == {
        Kind.DRAFTS: 90,
        Kind.MODEL_ANSWERS: 80,
        Kind.EVENTS: 180,
        Kind.ANSWER_DRAFTS: 90,
        Kind.NOTIFICATIONS: 30,
        Kind.IDEMPOTENCY_KEYS: 2,
        Kind.PARKED_JOBS: 60,
        Kind.UPLOADS: 40,
    }


async def test_old_keys_go_in_a_dry_run_and_stay_where_retention_is_off(
    database: Database, library: Path, run: Run
) -> None:
    await old.remember(database, "k")
    for mode, rows in ((Mode.OFF, 0), (Mode.DRY_RUN, 1)):
        keys = await batch(database, Kind.IDEMPOTENCY_KEYS)
        assert await run(in_mode(database, library, mode).forget, keys) == Gone(kind=keys.kind, rows=rows)


@pytest.mark.parametrize("mode", [Mode.DRY_RUN, Mode.OFF])
async def test_unless_it_is_on_no_step_removes_anything_whoever_asks(
    database: Database, library: Path, run: Run, mode: Mode
) -> None:
    retention = in_mode(database, library, mode)
    job, waits = await old.full(database), await make_job(database)
    await old.execute(database, "DELETE FROM revision_files")
    await old.execute(database, "DELETE FROM revisions")
    files = files_of(library, job)
    await old.park(database, waits)
    await old.send(database)
    before = await old.counts(database)
    for kind in Kind:
        if kind is not Kind.PARKED_JOBS:
            assert await run(retention.forget, await batch(database, kind)) == Gone(kind=kind)
    assert (await run(retention.remove_folders, await batch(database, Kind.DRAFTS))).folders == 0
    assert await run(retention.overdue, await batch(database, Kind.PARKED_JOBS)) == Overdue()
    assert await old.counts(database) == before
    assert files.is_dir()


async def test_switched_on_all_that_was_found_goes(
    retention: DatabaseRetention, database: Database, library: Path, run: Run
) -> None:
    ended = [await old.full(database, old.LONG + number * DAY) for number in range(3)]
    young = await old.full(database, DAY)
    await old.remember(database, "k")
    await old.send(database)
    folders = [files_of(library, job) for job in (*ended, young)]
    survey = await surveyed(retention)
    for found in survey.found:
        if found.kind is not Kind.PARKED_JOBS:
            gone = await run(retention.forget, Batch(kind=found.kind, before=found.before))
            assert (gone.rows, gone.jobs, gone.more) == (found.rows, found.jobs, False)
    assert (await run(retention.remove_folders, await batch(database, Kind.DRAFTS))).folders == 3
    assert [folder.exists() for folder in folders] == [False, False, False, True]
    assert [one.rows for one in (await surveyed(retention)).found] == [0] * len(Kind)
    assert await old.count(database, "step_results", young) == 1


async def test_nothing_younger_than_this_workers_own_days_goes_whatever_a_batch_says(
    retention: DatabaseRetention, database: Database, run: Run
) -> None:
    await old.full(database, 79 * DAY)
    asked = Batch(kind=Kind.MODEL_ANSWERS, before=await old.moment(database, -old.LONG))
    assert (await run(retention.forget, asked)).rows == 0


async def test_nothing_goes_that_became_old_after_it_was_counted(
    retention: DatabaseRetention, database: Database, run: Run
) -> None:
    await old.full(database, 100 * DAY)
    assert (await run(retention.forget, await batch(database, Kind.MODEL_ANSWERS, 101 * DAY))).rows == 0
    assert (await run(retention.forget, await batch(database, Kind.MODEL_ANSWERS, 99 * DAY))).rows == 1


async def test_a_batch_ends_when_it_is_enough_and_the_next_goes_on(
    retention: DatabaseRetention, database: Database, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "ROWS", 2)
    monkeypatch.setattr(steps, "ENOUGH", 4)
    for number in range(7):
        await old.remember(database, f"k{number}")
    job = await make_job(database)
    async with database.transaction() as session:
        for number in range(4):
            await jobs.change(session, job, f"n{number}", "phase", "going on")
    await old.end(database, job)
    keys, events = await batch(database, Kind.IDEMPOTENCY_KEYS), await batch(database, Kind.EVENTS)
    assert [(gone.rows, gone.more) for gone in [await run(retention.forget, keys) for _ in range(3)]] == [
        (4, True),
        (3, False),
        (0, False),
    ]
    assert [(gone.rows, gone.more) for gone in [await run(retention.forget, events) for _ in range(2)]] == [
        (4, True),
        (1, False),
    ]


async def test_large_files_go_a_few_in_each_transaction(
    retention: DatabaseRetention, database: Database, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "UPLOADS", 2)
    monkeypatch.setattr(steps, "ENOUGH", 4)
    for _ in range(5):
        await old.send(database)
    asked = await batch(database, Kind.UPLOADS)
    parts = [await run(retention.forget, asked) for _ in range(3)]
    assert [(gone.rows, gone.more) for gone in parts] == [(4, True), (1, False), (0, False)]


async def test_a_batch_goes_through_so_many_jobs_and_says_that_there_are_more(
    retention: DatabaseRetention, database: Database, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "JOBS", 2)
    for _ in range(3):
        await old.full(database)
    asked = await batch(database, Kind.MODEL_ANSWERS)
    parts = [await run(retention.forget, asked) for _ in range(2)]
    assert [(gone.jobs, gone.rows, gone.more) for gone in parts] == [(2, 2, True), (1, 1, False)]


async def test_folders_go_in_parts_and_one_that_cannot_go_stops_no_other(
    retention: DatabaseRetention, database: Database, library: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "FOLDERS", 2)
    ended = [await make_job(database) for _ in range(4)]
    for job in ended:
        await old.end(database, job)
    hindered, runs = min(ended), await make_job(database)
    (library / DRAFTS / str(hindered)).write_text("a file")
    folders = [files_of(library, job) for job in (*(job for job in ended if job != hindered), runs)]
    done, after = Gone(kind=Kind.DRAFTS, more=True), ""
    parts = 0
    while done.more:
        one = await run(retention.remove_folders, await batch(database, Kind.DRAFTS, after=after))
        done, after, parts = done.and_then(one), one.after, parts + 1
    assert (done.folders, done.kept, parts) == (3, 1, 3)
    assert [folder.exists() for folder in folders] == [False, False, False, True]
    assert (library / DRAFTS / str(hindered)).read_text() == "a file"


async def test_files_whose_rows_are_still_there_stay(
    retention: DatabaseRetention, database: Database, library: Path, run: Run
) -> None:
    """The rows are the word; a night that was cut off between the two has removed too little, never too much."""
    files = files_of(library, await old.full(database))
    assert (await run(retention.remove_folders, await batch(database, Kind.DRAFTS))).folders == 0
    assert files.is_dir()
    await run(retention.forget, await batch(database, Kind.DRAFTS))
    assert (await run(retention.remove_folders, await batch(database, Kind.DRAFTS))).folders == 1
    assert not files.exists()


async def test_parked_jobs_are_named_with_the_reason_to_cancel_them(
    retention: DatabaseRetention, database: Database, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "JOBS", 2)
    parked = sorted([await make_job(database) for _ in range(3)])
    for job in parked:
        await old.park(database, job)
    first = await run(retention.overdue, await batch(database, Kind.PARKED_JOBS))
    second = await run(retention.overdue, await batch(database, Kind.PARKED_JOBS, after=first.after))
    assert (first.jobs, first.more, first.reason) == (parked[:2], True, "nobody answered for 60 days")
    assert (second.jobs, second.more) == (parked[2:], False)


async def test_a_job_that_goes_on_from_a_draft_that_is_gone_is_told_so_and_takes_nothing(
    retention: DatabaseRetention, database: Database, run: Run
) -> None:
    job = await old.drafted(database)
    await old.end(database, job)
    await run(retention.forget, await batch(database, Kind.DRAFTS))
    heir = await make_job(database, origin=Origin(job_id=job, revision=1))
    # The old name is free, so nothing of the old job stands in the way but its missing text.
    with pytest.raises(NotFound, match="no revision 1"):
        await run(DatabaseRecords(database).adopt, m.ForJob(job_id=heir))
    assert await old.count(database, "revisions", heir) == 0


async def test_who_takes_over_from_a_job_holds_it_so_that_nothing_of_it_goes_meanwhile(
    database: Database, run: Run
) -> None:
    job = await old.drafted(database)
    await old.end(database, job)
    heir = await make_job(database, origin=Origin(job_id=job, revision=1))
    async with database.transaction() as session:
        await jobs.locked(session, job)
        adoption = asyncio.create_task(run(DatabaseRecords(database).adopt, m.ForJob(job_id=heir)))
        await old.waiting_for_a_lock(database)
    assert (await adoption).revision == 1


async def test_a_promotion_that_finds_its_text_gone_publishes_nothing(
    retention: DatabaseRetention, database: Database, library: Path, run: Run
) -> None:
    shelves = Shelves(library)
    at_work = FolderLibrary(database, shelves, parse_taxonomy(shelves.prepare()), WARN)
    job = await old.drafted(database)
    await make_report(database, job, (await row_of(database, job)).result["digest"], passed=True)
    await old.end(database, job, status=JobStatus.COMPLETED)
    request = pm.PromoteRequest(job_id=job, by="ada")
    move = pm.Move(request=request, placed=await run(at_work.place, request))
    await old.age_events(database, job, old.LONG)
    await run(retention.forget, await batch(database, Kind.DRAFTS))
    with pytest.raises(NotFound, match="too old"):
        await run(at_work.publish_files, move)
    assert not (library / CATEGORY / NAME).exists()


def test_days_are_whole_ones() -> None:
    assert (
        Keep(drafts=1, model_answers=1, events=1, parked=1, idempotency=1, notifications=1, uploads=1).age(Kind.EVENTS)
        == DAY
    )
