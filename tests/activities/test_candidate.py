"""What a draft becomes: the next version of the skill that its job goes on from, with all that led to it."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.candidate import MOST_STEPS, by_step
from activities.drafts import draft_path
from activities.library import FolderLibrary
from activities.records import DatabaseRecords
from activities.shelves import Shelves
from domain.errors import LibraryConflict, PromotionRefused
from domain.job import JobStatus, Origin
from domain.safety import edition
from domain.skill import SKILL_FILE, SkillStatus
from domain.skill_file import digest as digest_of
from domain.taxonomy import parse_taxonomy
from store import calls, jobs, revisions, skills, versions
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
    new_revision,
    row_of,
)
from tests.support.rows import told as events_of
from tests.support.wanted import told
from workflows import messages as m
from workflows import promote_messages as pm


@pytest.fixture
def library(database: Database, tmp_path: Path) -> FolderLibrary:
    shelves = Shelves(tmp_path / "library")
    return FolderLibrary(database, shelves, parse_taxonomy(shelves.prepare()), WARN)


async def ready(library: FolderLibrary, run: Run, job: UUID, number: int) -> pm.PromoteRequest:
    """A job whose last revision is saved, validated and complete."""
    async with library.database.transaction() as session:
        digest = (await revisions.summary(session, job, number)).digest
        await jobs.merge_result(session, job, revision=number, digest=digest)
        await jobs.change(session, job, "end", "completed", "over", status=JobStatus.COMPLETED)
    await run(library.save_draft, m.ForRevision(job_id=job, revision=number))
    await make_report(library.database, job, digest, passed=True)
    return pm.PromoteRequest(job_id=job, by="ada", digest=digest)


async def promote(library: FolderLibrary, run: Run, request: pm.PromoteRequest) -> pm.Placed:
    placed = await run(library.place, request)
    move = pm.Move(request=request, placed=placed)
    if not placed.done:
        await run(library.publish_files, move)
        await run(library.publish_rows, move)
    return placed


async def first(library: FolderLibrary, run: Run, text: str = SKILL) -> UUID:
    """A job whose skill is published as its first version."""
    job = await make_job(library.database)
    await make_draft(library.database, job, text=text)
    assert (await promote(library, run, await ready(library, run, job, 1))).version
    return job


async def following(library: FolderLibrary, run: Run, of: UUID, text: str, revision: int = 1) -> pm.PromoteRequest:
    """A job that goes on from another one and has revised its skill; ready to be promoted."""
    job = await make_job(library.database, user="bob", origin=Origin(job_id=of, revision=revision))
    await run(DatabaseRecords(library.database).adopt, m.ForJob(job_id=job))
    async with library.database.transaction() as session:
        await revisions.keep(session, job, new_revision(2, text, feedback="say more"))
    return await ready(library, run, job, 2)


async def test_a_job_that_goes_on_from_a_published_skill_publishes_its_next_version(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    old = await first(library, run)
    request = await following(library, run, old, SKILL + "\nMore.\n")
    assert library.shelves.digest_at(draft_path(request.job_id, NAME)) == request.digest
    assert (await told(database, library.shelves, NAME))[:3] == ("active", "1.0.0", "1.0.0"), "a draft changes nothing"
    placed = await promote(library, run, request)
    assert (placed.path, placed.version) == (f"{CATEGORY}/{NAME}", "1.0.1")
    assert await told(database, library.shelves, NAME) == ("active", "1.0.1", "1.0.1", ["1.0.0", "1.0.1"], False)
    assert (await promote(library, run, request)).done
    with pytest.raises(LibraryConflict, match=rf"agents read 1\.0\.1 instead.*skills rollback {NAME} 1\.0\.0"):
        await promote(library, run, pm.PromoteRequest(job_id=old, by="eve"))
    assert (await told(database, library.shelves, NAME)).version == "1.0.1"


async def test_what_a_reader_notices_raises_the_middle_number(library: FolderLibrary, run: Run) -> None:
    text = SKILL.replace("when a release is cut", "when a release is cut or a tag is set")
    request = await following(library, run, await first(library, run), text)
    assert (await promote(library, run, request)).version == "1.1.0"


async def test_the_number_that_its_author_gives_counts(library: FolderLibrary, run: Run) -> None:
    text = SKILL.replace("---\n# Rel", 'metadata:\n  version: "2.0.0"\n---\n# Rel')
    request = await following(library, run, await first(library, run), text)
    assert (await promote(library, run, request)).version == "2.0.0"


async def test_a_number_that_is_not_higher_is_refused_and_told(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    text = SKILL.replace("---\n# Rel", 'metadata:\n  version: "0.9.0"\n---\n# Rel')
    request = await following(library, run, await first(library, run), text)
    with pytest.raises(LibraryConflict, match=r"0\.9\.0, and 1\.0\.0 stands"):
        await run(library.place, request)
    assert (await kinds(database, request.job_id))[-1] == "promotion_failed"


async def test_of_two_jobs_from_one_version_the_second_is_told_what_came_between(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    old = await first(library, run)
    one, two = [await following(library, run, old, SKILL + f"\nMore {n}.\n") for n in (1, 2)]
    await promote(library, run, one)
    with pytest.raises(LibraryConflict, match=rf"1\.0\.1, published by ada, came between.*--from-job {one.job_id}"):
        await promote(library, run, two)
    assert (await told(database, library.shelves, NAME))[:3] == ("active", "1.0.1", "1.0.1")
    rebased = await following(library, run, one.job_id, SKILL + "\nMore 1 and 2.\n", revision=2)
    assert (await promote(library, run, rebased)).version == "1.0.2"


async def test_of_two_jobs_that_publish_at_once_one_is_told_who_publishes(library: FolderLibrary, run: Run) -> None:
    old = await first(library, run)
    one, two = [await following(library, run, old, SKILL + f"\nMore {n}.\n") for n in (1, 2)]
    placed = await run(library.place, one)
    with pytest.raises(LibraryConflict, match=f"ada is publishing version {placed.version} of {NAME} since"):
        await run(library.place, two)


async def test_a_version_says_where_it_came_from(library: FolderLibrary, database: Database, run: Run) -> None:
    old = await first(library, run)
    request = await following(library, run, old, SKILL + "\nMore.\n")
    async with database.transaction() as session:
        await calls.keep(session, request.job_id, a_call(usd=0.5))
    await promote(library, run, request)
    async with database.transaction() as session:
        version = await versions.get(session, NAME, "1.0.1")
        row = await skills.get(session, NAME)
    assert version is not None
    assert (version.job_id, version.revision, version.promoted_by) == (request.job_id, 2, "ada")
    assert version.changelog.startswith("- say more")
    said = version.provenance
    assert said["rules"] == edition()
    assert (said["base"], said["usd"], said["approved_by_promoting"], said["waivers"]) == ("1.0.0", 0.5, True, [])
    (approval,) = said["approvals"]
    assert (approval["by"], approval["channel"]) == ("ada", "promotion")
    assert approval["at"].startswith(version.created_at.strftime("%Y-%m-%dT%H:%M"))
    assert said["prompts"] == {"write": {"prompts": 1, "digest": a_call().input_digest}}
    assert row is not None
    assert row.job_id == request.job_id


def test_prompts_are_told_by_step_in_little_room() -> None:
    digests = [f"{n:064x}" for n in range(400)]
    asked = [(f"try/with/{n % 4}/case-{n}/Answer/0/x", digest) for n, digest in enumerate(digests)]
    asked += [("try/without/0/case-1/Answer/0/x", "a"), ("try/without/0/case-2/Answer/0/x", "a")]
    told = by_step(asked)
    assert {step: one["prompts"] for step, one in told.items()} == {"try/with": 400, "try/without": 1}
    assert told["try/without"]["digest"] == "a"
    assert told == by_step(asked[::-1]) and told["try/with"] != by_step(asked[1:])["try/with"]


@given(st.dictionaries(st.text(), st.text("0123456789abcdef", min_size=64, max_size=64), max_size=90))
def test_whatever_a_jobs_steps_are_called_its_prompts_take_less_than_four_kilobytes(asked: dict[str, str]) -> None:
    ascii_only = {key.encode("ascii", "replace").decode() * 9: digest for key, digest in asked.items()}
    told = by_step(ascii_only.items())
    assert len(json.dumps(told)) <= 4096
    assert len(told) <= MOST_STEPS


async def test_a_draft_that_goes_on_from_nothing_published_has_a_name_of_its_own(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    job = await make_job(database)
    await make_draft(database, job)
    await ready(library, run, job, 1)
    request = await following(library, run, job, SKILL + "\nMore.\n")
    async with database.transaction() as session:
        assert (await jobs.plan_of(session, request.job_id)).name == f"{NAME}-2"
        assert digest_of(await revisions.files(session, request.job_id, 2)) == request.digest


async def unchanged(library: FolderLibrary, run: Run, of: UUID) -> pm.PromoteRequest:
    """A job that goes on from another one and changed nothing; ready to be promoted."""
    job = await make_job(library.database, user="bob", origin=Origin(job_id=of, revision=1))
    await run(DatabaseRecords(library.database).adopt, m.ForJob(job_id=job))
    return await ready(library, run, job, 1)


async def test_bytes_that_are_a_version_already_mark_the_job_and_make_no_second_one(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    request = await unchanged(library, run, await first(library, run))
    for _ in range(2):
        placed = await run(library.place, request)
        assert (placed.path, placed.done) == (f"{CATEGORY}/{NAME}", True)
    job = await row_of(database, request.job_id)
    assert (job.promoted, job.final_path, job.result["final_path"]) == (True, placed.path, placed.path)
    last = (await events_of(database, request.job_id))[-1]
    assert (last.type, last.message) == ("promotion_completed", f"these bytes are {NAME} 1.0.0 already")
    assert (await kinds(database, request.job_id)).count("promotion_completed") == 1
    assert (await told(database, library.shelves, NAME)).versions == ["1.0.0"]


async def test_bytes_of_a_withdrawn_version_are_refused_with_the_way_back(
    library: FolderLibrary, database: Database, run: Run
) -> None:
    old = await first(library, run)
    same = await unchanged(library, run, old)
    async with database.transaction() as session:
        row = await skills.get(session, NAME)
        assert row is not None
        row.status = SkillStatus.YANKED
    for job in (old, same.job_id):
        with pytest.raises(LibraryConflict, match=f"{NAME} was withdrawn.*skills restore {NAME}"):
            await run(library.place, pm.PromoteRequest(job_id=job, by="ada"))
        assert (await kinds(database, job))[-1] == "promotion_failed"


async def test_a_first_version_says_where_it_came_from(library: FolderLibrary, database: Database, run: Run) -> None:
    job = await first(library, run)
    async with database.transaction() as session:
        version = await versions.get(session, NAME, "1.0.0")
    assert version is not None
    assert version.changelog == f"first version: from job {job}"


async def test_a_draft_that_somebody_edited_is_not_taken_for_the_version_it_was_made_from(
    library: FolderLibrary, run: Run
) -> None:
    request = await unchanged(library, run, await first(library, run))
    file = library.shelves.root / draft_path(request.job_id, NAME) / SKILL_FILE
    file.write_text("mine")
    with pytest.raises(PromotionRefused, match="were changed after revision 1"):
        await run(library.place, request)
    assert file.read_text() == "mine"
