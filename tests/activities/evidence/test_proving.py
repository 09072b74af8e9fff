"""A publication keeps what its evidence proved: with the rows, and as files that fail nothing."""

import json
import shutil
from pathlib import Path

import pytest

from activities.evidence.files import EVIDENCE
from activities.library import FolderLibrary
from activities.library_check import LibraryKeeper
from activities.shelves import Shelves
from domain.errors import LibraryConflict
from domain.evaluation import Arm
from domain.evidence.report import EvaluationReport
from domain.job import JobStatus
from domain.library.archive import ArchiveFormat, archive
from domain.taxonomy import parse_taxonomy
from store import evaluations, publications, versions
from store.session import Database
from tests.activities.conftest import Run
from tests.support.evaluated import a_report, evaluate
from tests.support.rows import (
    CATEGORY,
    NAME,
    WARN,
    a_run,
    kinds,
    make_draft,
    make_evidence,
    make_job,
    make_report,
    told,
)
from workflows import library_messages as lib
from workflows import messages as m
from workflows import promote_messages as pm


@pytest.fixture
def library(database: Database, tmp_path: Path) -> FolderLibrary:
    shelves = Shelves(tmp_path / "library")
    return FolderLibrary(database, shelves, parse_taxonomy(shelves.prepare()), WARN)


async def placed(library: FolderLibrary, run: Run) -> pm.Move:
    """A draft with evidence, whose name is claimed."""
    job = await make_job(library.database, status=JobStatus.COMPLETED)
    digest = await make_draft(library.database, job)
    await make_evidence(library.database, job, a_run(), a_run(Arm.WITH, 1, passed=True))
    await make_report(library.database, job, digest, passed=True)
    await run(library.save_draft, m.ForRevision(job_id=job, revision=1))
    request = pm.PromoteRequest(job_id=job, by="ada")
    return pm.Move(request=request, placed=await run(library.place, request))


async def report_of(database: Database, version: str = "1.0.0") -> EvaluationReport | None:
    async with database.transaction() as session:
        row = await evaluations.newest(session, NAME, version)
        return evaluations.report_of(row) if row else None


async def test_the_report_stands_with_the_rows_and_lies_beside_the_library(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    move = await placed(library, run)
    await run(library.publish_files, move)
    assert await report_of(database) is None
    await run(library.publish_rows, move)
    report = await report_of(database)
    assert report is not None and report.numbers is not None
    assert (report.reason, report.job_id, report.digest) == ("publication", move.request.job_id, move.placed.digest)
    assert (report.numbers.without, report.numbers.with_, len(report.cases)) == (0.0, 1.0, 1)
    assert report.made_at == move.placed.at
    folder = library.shelves.root / EVIDENCE / NAME / "1.0.0"
    assert json.loads((folder / "evaluation.json").read_text())["digest"] == move.placed.digest
    assert "without it 0 %" in (folder / "evidence.md").read_text()


async def test_what_agents_read_and_fetch_holds_no_evidence(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    move = await placed(library, run)
    await run(library.publish_files, move)
    await run(library.publish_rows, move)
    assert library.shelves.places() == [f"{CATEGORY}/{NAME}"]
    async with database.transaction() as session:
        files = await versions.files(session, NAME, "1.0.0")
    packed = archive(NAME, files, ArchiveFormat.ZIP)
    assert b"evidence" not in packed
    check = await run(LibraryKeeper(database, library.shelves).check_library, lib.CheckRequest(by="ada"))
    assert check.differences == []


async def test_a_step_that_is_done_again_keeps_one_report_and_the_same_files(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    move = await placed(library, run)
    await run(library.publish_files, move)
    await run(library.publish_rows, move)
    file = library.shelves.root / EVIDENCE / NAME / "1.0.0" / "evaluation.json"
    before = file.read_bytes()
    file.unlink()  # the worker died before it was written
    await run(library.publish_rows, move)
    assert file.read_bytes() == before
    async with database.transaction() as session:
        assert len(await evaluations.listed(session, NAME)) == 1


async def test_a_publication_that_was_given_up_leaves_no_report(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    move = await placed(library, run)
    async with database.transaction() as session:
        await publications.release(session, NAME, f"promote-skill:{move.request.job_id}")
    with pytest.raises(LibraryConflict):
        await run(library.publish_rows, move)
    assert await report_of(database) is None
    assert not (library.shelves.root / EVIDENCE).exists()


async def test_a_disk_that_refuses_the_files_fails_no_promotion(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    move = await placed(library, run)
    await run(library.publish_files, move)
    (library.shelves.root / EVIDENCE).write_text("in the way")
    await run(library.publish_rows, move)
    assert await report_of(database) is not None
    assert "promotion_completed" in await kinds(database, move.request.job_id)
    last = (await told(database, move.request.job_id))[-1]
    assert last.type == "trouble"
    assert "lies in the database only" in last.message


async def test_files_that_are_gone_are_told_of_and_written_anew(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    move = await placed(library, run)
    await run(library.publish_files, move)
    await run(library.publish_rows, move)
    await evaluate(database, a_report(NAME, reason="demand", model="openai/other"))
    folder = library.shelves.root / EVIDENCE / NAME / "1.0.0"
    before = (folder / "evidence.md").read_bytes()
    shutil.rmtree(library.shelves.root / EVIDENCE)
    keeper = LibraryKeeper(database, library.shelves)
    looked = await run(keeper.check_library, lib.CheckRequest(by="ada"))
    assert [(each.code, bool(each.mended)) for each in looked.differences] == [("evidence", False)] * 2
    assert not folder.exists()
    mended = await run(keeper.check_library, lib.CheckRequest(by="ada", repair=True))
    assert [(each.code, bool(each.mended)) for each in mended.differences] == [("evidence", True)] * 2
    assert (folder / "evidence.md").read_bytes() == before
    assert (folder / "evaluation-openai-other.json").exists()
    assert (await run(keeper.check_library, lib.CheckRequest(by="ada"))).differences == []
