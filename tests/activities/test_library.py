"""Publishing: what may not be published is refused in words, and files and rows never tell two stories."""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from activities.drafts import draft_path
from activities.library import FolderLibrary
from activities.shelves import Shelves
from domain.errors import LibraryConflict, NotFound, PromotionRefused
from domain.job import JobStatus, Phase
from domain.skill import DRAFTS, SKILL_FILE
from domain.taxonomy import parse_taxonomy
from store import calls, changes, evidence, skills
from store.library_tables import Skill, SkillVersion
from store.session import Database
from tests.activities.conftest import Run
from tests.support.rows import (
    CATEGORY,
    NAME,
    SKILL,
    WARN,
    a_call,
    kinds,
    make_draft,
    make_job,
    make_report,
    row_of,
    told,
)
from tests.support.wanted import told as whole
from workflows import messages as m
from workflows import promote_messages as pm

PLACE = f"{CATEGORY}/{NAME}"


@pytest.fixture
def library(database: Database, tmp_path: Path) -> FolderLibrary:
    shelves = Shelves(tmp_path / "library")
    return FolderLibrary(database, shelves, parse_taxonomy(shelves.prepare()), WARN)


async def drafted(library: FolderLibrary, run: Run, *, status: JobStatus = JobStatus.COMPLETED) -> tuple[UUID, str]:
    """A job whose draft is saved; its id and the draft's digest."""
    job = await make_job(library.database, status=status)
    digest = await make_draft(library.database, job)
    await run(library.save_draft, m.ForRevision(job_id=job, revision=1))
    return job, digest


def ask(job: UUID, **how: object) -> pm.PromoteRequest:
    return pm.PromoteRequest.model_validate({"job_id": job, "by": "ada", **how})


async def placed(library: FolderLibrary, run: Run, job: UUID, digest: str, **how: object) -> pm.Move:
    """A move that was allowed."""
    await make_report(library.database, job, digest, passed=True)
    request = ask(job, **how)
    return pm.Move(request=request, placed=await run(library.place, request))


async def published(library: FolderLibrary, run: Run, **how: object) -> pm.Move:
    job, digest = await drafted(library, run)
    move = await placed(library, run, job, digest, **how)
    await run(library.publish_files, move)
    await run(library.publish_rows, move)
    return move


async def skill_of(database: Database, job: UUID) -> Skill:
    async with database.transaction() as session:
        row = await skills.of_job(session, job)
        assert row is not None
        return row


async def test_a_draft_lies_where_its_row_says_and_is_listed_as_a_draft(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    job, digest = await drafted(library, run)
    path = draft_path(job, NAME)
    assert (library.shelves.root / path / SKILL_FILE).read_text() == SKILL
    row = await row_of(database, job)
    assert (row.draft_path, row.result["draft_path"], row.result["digest"]) == (path, path, digest)
    assert (await skill_of(database, job)).status == "draft"
    assert await kinds(database, job) == ["started", "draft"]


async def test_a_draft_saved_again_after_a_crash_is_the_same_and_told_once(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    job, digest = await drafted(library, run)
    await run(library.save_draft, m.ForRevision(job_id=job, revision=1))
    assert library.shelves.digest_at(draft_path(job, NAME)) == digest
    assert await kinds(database, job) == ["started", "draft"]


async def test_a_later_revision_takes_the_drafts_place(library: FolderLibrary, database: Database, run: Run) -> None:
    job, first = await drafted(library, run)
    second = await make_draft(database, job, n=2, text=SKILL + "\nMore.\n")
    await run(library.save_draft, m.ForRevision(job_id=job, revision=2))
    assert library.shelves.digest_at(draft_path(job, NAME)) == second != first
    assert (await skill_of(database, job)).digest == second


async def test_a_draft_whose_name_another_job_has_is_refused(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    await drafted(library, run)
    late = await make_job(database)
    await make_draft(database, late)
    with pytest.raises(LibraryConflict, match="taken by another job"):
        await run(library.save_draft, m.ForRevision(job_id=late, revision=1))
    assert (await row_of(database, late)).draft_path is None


async def test_a_revision_that_was_never_written_cannot_be_saved(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    job = await make_job(database)
    with pytest.raises(NotFound):
        await run(library.save_draft, m.ForRevision(job_id=job, revision=1))


async def test_a_job_without_a_draft_has_nothing_to_publish(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    with pytest.raises(PromotionRefused, match="no draft yet"):
        await run(library.place, ask(await make_job(database, status=JobStatus.COMPLETED)))


async def test_a_draft_that_no_validation_passed_is_refused_and_it_is_told_once(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    job, _ = await drafted(library, run)
    for _ in range(2):
        with pytest.raises(PromotionRefused, match="has not been validated"):
            await run(library.place, ask(job))
    assert await kinds(database, job) == ["started", "draft", "promotion_failed"]


async def test_a_verdict_on_another_text_says_nothing_about_this_one(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    job, _ = await drafted(library, run)
    await make_report(database, job, "digest of an earlier revision", passed=True)
    with pytest.raises(PromotionRefused, match="has not been validated"):
        await run(library.place, ask(job))


@pytest.mark.parametrize("status", [JobStatus.PENDING_HITL, JobStatus.PENDING_REVIEW, JobStatus.CANCELLED])
async def test_a_job_that_waits_or_was_given_up_publishes_nothing_even_by_force(
    library: FolderLibrary, run: Run, status: JobStatus
) -> None:
    job, _ = await drafted(library, run, status=status)
    with pytest.raises(PromotionRefused, match="not completed"):
        await run(library.place, ask(job, force=True, reason="we need it"))


async def test_force_needs_a_reason_and_then_publishes_against_the_verdict(library: FolderLibrary, run: Run) -> None:
    job, digest = await drafted(library, run)
    await make_report(library.database, job, digest, passed=False)
    with pytest.raises(PromotionRefused, match="reason"):
        await run(library.place, ask(job, force=True, reason=" "))
    allowed = await run(library.place, ask(job, force=True, reason="we need it"))
    assert (allowed.path, allowed.revision, allowed.digest, allowed.version) == (PLACE, 1, digest, "1.0.0")


async def test_findings_that_a_person_let_stand_do_not_keep_a_draft_back(library: FolderLibrary, run: Run) -> None:
    job, digest = await drafted(library, run)
    report = await make_report(library.database, job, digest, passed=False)
    async with library.database.transaction() as session:
        await evidence.waive(session, report, {"by": "ada", "reason": "known"})
    assert (await run(library.place, ask(job))).path == PLACE


async def test_a_running_job_may_publish_what_it_has_just_validated(library: FolderLibrary, run: Run) -> None:
    job, digest = await drafted(library, run, status=JobStatus.RUNNING)
    move = await placed(library, run, job, digest)
    assert (move.placed.path, move.placed.revision, move.placed.digest) == (PLACE, 1, digest)
    assert (await told(library.database, job))[-1].message == f"publishing as {PLACE} 1.0.0"


async def test_a_published_skill_lies_at_its_place_and_nowhere_else(library: FolderLibrary, run: Run) -> None:
    move = await published(library, run)
    assert library.shelves.digest_at(PLACE) == move.placed.digest
    assert library.shelves.names() == {NAME}
    assert not (library.shelves.root / DRAFTS / str(move.request.job_id)).exists()


async def test_a_published_skill_is_active_in_its_rows(library: FolderLibrary, run: Run) -> None:
    move = await published(library, run)
    job = await row_of(library.database, move.request.job_id)
    assert (job.promoted, job.final_path, job.current_phase) == (True, PLACE, Phase.PROMOTION)
    assert (job.result["final_path"], job.result["taxonomy_path"]) == (PLACE, PLACE)
    row = await skill_of(library.database, move.request.job_id)
    assert (row.status, row.digest, row.category) == ("active", move.placed.digest, CATEGORY)
    assert row.published_at is not None


async def test_the_version_says_who_published_what_and_what_it_cost(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    job, digest = await drafted(library, run)
    async with database.transaction() as session:
        await calls.keep(session, job, a_call(usd=0.5))
    move = await placed(library, run, job, digest, force=True, reason="we need it")
    await run(library.publish_files, move)
    await run(library.publish_rows, move)
    async with database.transaction() as session:
        version = await skills.version_of(session, NAME, "1.0.0")
    assert version is not None
    assert (version.digest, version.revision, version.promoted_by) == (digest, 1, "ada")
    assert (version.forced_reason, version.provenance["usd"]) == ("we need it", 0.5)
    forced = {"person": "ada", "reason": "we need it"}
    async with database.transaction() as session:
        (change,) = await changes.listed(session, NAME)
    assert change.data["forced"] == forced
    last = (await told(database, job))[-1]
    assert last.message.startswith(f"published as {PLACE}, forced by ada: we need it, with a warning: no case was run")
    assert last.data["forced"] == forced


async def test_a_reason_that_forced_nothing_is_no_forced_reason(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    await published(library, run, reason="just because")
    async with database.transaction() as session:
        version = await skills.version_of(session, NAME, "1.0.0")
    assert version is not None
    assert version.forced_reason is None


async def test_every_step_of_publishing_may_run_twice(library: FolderLibrary, database: Database, run: Run) -> None:
    move = await published(library, run)
    await run(library.publish_files, move)
    await run(library.publish_rows, move)
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(SkillVersion)) == 1
    assert (await kinds(database, move.request.job_id)).count("promotion_completed") == 1
    assert library.shelves.digest_at(PLACE) == move.placed.digest


async def test_publishing_what_is_published_already_is_done_at_once(library: FolderLibrary, run: Run) -> None:
    move = await published(library, run)
    again = await run(library.place, ask(move.request.job_id, category="general"))
    assert again == pm.Placed(path=PLACE, revision=1, digest=move.placed.digest, done=True)


async def test_a_draft_can_be_published_in_another_category(library: FolderLibrary, run: Run) -> None:
    move = await published(library, run, category="documents")
    assert move.placed.path == f"documents/{NAME}"
    assert library.shelves.digest_at(f"documents/{NAME}") == move.placed.digest
    assert library.shelves.digest_at(PLACE) is None
    assert (await skill_of(library.database, move.request.job_id)).category == "documents"
    assert (await row_of(library.database, move.request.job_id)).final_path == f"documents/{NAME}"


@pytest.mark.parametrize(("word", "shelf"), [("Docs", "documents"), ("../../etc", "general"), ("", CATEGORY)])
async def test_whatever_word_is_given_the_place_is_a_shelf_of_the_taxonomy(
    library: FolderLibrary, run: Run, word: str, shelf: str
) -> None:
    job, digest = await drafted(library, run)
    assert (await placed(library, run, job, digest, category=word)).placed.path == f"{shelf}/{NAME}"


async def test_a_place_that_somebody_else_has_taken_by_hand_is_left_alone(library: FolderLibrary, run: Run) -> None:
    job, digest = await drafted(library, run)
    move = await placed(library, run, job, digest)
    by_hand = library.shelves.root / PLACE
    by_hand.mkdir(parents=True)
    (by_hand / SKILL_FILE).write_text("by hand")
    with pytest.raises(LibraryConflict):
        await run(library.publish_files, move)
    await run(library.undo, move.model_copy(update={"error": "the place is taken"}))
    assert (by_hand / SKILL_FILE).read_text() == "by hand"


async def test_files_without_rows_are_taken_back_and_the_draft_stays(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    job, digest = await drafted(library, run)
    move = await placed(library, run, job, digest)
    await run(library.publish_files, move)
    await run(library.undo, move.model_copy(update={"error": "the rows could not be written"}))
    assert library.shelves.digest_at(PLACE) is None
    assert library.shelves.digest_at(draft_path(job, NAME)) == digest
    last = (await told(database, job))[-1]
    assert (last.type, last.message) == ("promotion_failed", "the rows could not be written")


async def test_files_that_the_rows_list_are_never_taken_back(library: FolderLibrary, run: Run) -> None:
    move = await published(library, run)
    await run(library.undo, move.model_copy(update={"error": "the answer of the database was lost"}))
    assert library.shelves.digest_at(PLACE) == move.placed.digest
    assert "promotion_failed" not in await kinds(library.database, move.request.job_id)


async def test_undoing_twice_undoes_once(library: FolderLibrary, database: Database, run: Run) -> None:
    job, digest = await drafted(library, run)
    move = (await placed(library, run, job, digest)).model_copy(update={"error": "no"})
    await run(library.publish_files, move)
    for _ in range(2):
        await run(library.undo, move)
    assert (await kinds(database, job)).count("promotion_failed") == 1


async def test_rows_that_cannot_be_written_whole_are_not_written_at_all(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    job, digest = await drafted(library, run)
    move = await placed(library, run, job, digest)
    async with database.transaction() as session:
        await session.execute(text("DELETE FROM publications"))
    with pytest.raises(LibraryConflict, match="given up"):
        await run(library.publish_rows, move)
    assert not (await row_of(database, job)).promoted
    assert (await skill_of(database, job)).status == "draft"
    assert library.shelves.digest_at(draft_path(job, NAME)) == digest


async def test_a_promotion_that_an_earlier_release_began_is_ended_by_this_one(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    job, digest = await drafted(library, run)
    older = pm.Move(request=ask(job), placed=pm.Placed(path=PLACE, revision=1, digest=digest))
    for step in (library.publish_files, library.publish_rows, library.publish_rows, library.undo):
        await run(step, older)
    assert await whole(database, library.shelves, NAME) == ("active", "1.0.0", "1.0.0", ["1.0.0"], False)
    assert (await row_of(database, job)).promoted


async def test_a_place_that_died_before_its_files_is_taken_up_where_it_was(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    job, digest = await drafted(library, run)
    first = await placed(library, run, job, digest)
    again = await run(library.place, ask(job))
    assert again == first.placed
