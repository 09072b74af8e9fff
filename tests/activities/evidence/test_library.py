"""Promotion by evidence: what the policy refuses is not published, what it warns of is told wherever a version is."""

from pathlib import Path
from uuid import UUID

import pytest

from activities.library import FolderLibrary
from activities.shelves import Shelves
from domain.errors import PromotionRefused
from domain.evidence.policy import Policy
from domain.job import JobStatus
from domain.taxonomy import parse_taxonomy
from store import skills
from store.library_tables import SkillVersion
from store.session import Database
from tests.activities.conftest import Run
from tests.support.proof import HARMS, HELPS, chosen, make_proof, tried
from tests.support.rows import CATEGORY, NAME, SKILL, WARN, kinds, make_draft, make_job, make_report, row_of, told
from workflows import messages as m
from workflows import promote_messages as pm

REFUSE = Policy()
PLACE = f"{CATEGORY}/{NAME}"


def library(database: Database, folder: Path, policy: Policy) -> FolderLibrary:
    shelves = Shelves(folder / "library")
    return FolderLibrary(database, shelves, parse_taxonomy(shelves.prepare()), policy)


async def validated(at: FolderLibrary, run: Run, *, n: int = 1, text: str = SKILL, job: UUID | None = None) -> UUID:
    """A completed job whose draft is saved and valid."""
    known = job or await make_job(at.database, status=JobStatus.COMPLETED)
    digest = await make_draft(at.database, known, n=n, text=text)
    await run(at.save_draft, m.ForRevision(job_id=known, revision=n))
    await make_report(at.database, known, digest, passed=True, revision=n)
    return known


async def promoted(at: FolderLibrary, run: Run, job: UUID, **how: object) -> SkillVersion:
    """The version that a promotion of the job made."""
    request = pm.PromoteRequest.model_validate({"job_id": job, "by": "ada", **how})
    # As it is kept in a history between the steps.
    placed = pm.Placed.model_validate_json((await run(at.place, request)).model_dump_json(exclude_unset=True))
    move = pm.Move(request=request, placed=placed)
    await run(at.publish_files, move)
    await run(at.publish_rows, move)
    async with at.database.transaction() as session:
        version = await skills.version_of(session, NAME, "1.0.0")
    assert version is not None
    return version


async def test_a_skill_that_helps_is_published_with_its_numbers(database: Database, tmp_path: Path, run: Run) -> None:
    at = library(database, tmp_path, REFUSE)
    job = await validated(at, run)
    await make_proof(database, job)
    version = await promoted(at, run, job)
    kept = version.provenance["evidence"]
    assert (kept["policy"], kept["lacking"], kept["status"]) == ("refuse", [], "measured")
    assert (kept["with"], kept["without"], kept["delta"], kept["recall"]) == (1.0, 0.3333, 0.6667, 1.0)
    last = (await told(database, job))[-1]
    assert (last.message, last.data["evidence"]) == (f"published as {PLACE}", kept)


async def test_a_skill_that_does_harm_is_refused(database: Database, tmp_path: Path, run: Run) -> None:
    at = library(database, tmp_path, REFUSE)
    job = await validated(at, run)
    await make_proof(database, job, tried(HARMS, repeats=3))
    with pytest.raises(PromotionRefused) as refused:
        await promoted(at, run, job)
    assert "The gain is -66.67 points; more than 0 is needed." in str(refused.value)
    assert "Clearly worse with the skill: case-1, case-2." in str(refused.value)
    assert (await kinds(database, job))[-1] == "promotion_failed"
    assert not (tmp_path / "library" / PLACE).exists()


async def test_a_revision_after_the_proof_has_none(database: Database, tmp_path: Path, run: Run) -> None:
    at = library(database, tmp_path, REFUSE)
    job = await validated(at, run)
    await make_proof(database, job)
    await validated(at, run, job=job, n=2, text=SKILL + "\nA model changed this.\n")
    with pytest.raises(PromotionRefused, match="No case has run with this text yet"):
        await promoted(at, run, job)


async def test_a_person_who_forces_it_is_on_record_with_what_was_passed_over(
    database: Database, tmp_path: Path, run: Run
) -> None:
    at = library(database, tmp_path, REFUSE)
    job = await validated(at, run)
    await make_proof(database, job, tried(HARMS))
    with pytest.raises(PromotionRefused):
        await promoted(at, run, job, force=True, reason=" ")
    version = await promoted(at, run, job, force=True, reason="we need it")
    assert version.forced_reason == "we need it"
    assert "clearly worse with the skill: case-1, case-2" in version.provenance["evidence"]["lacking"]
    last = (await told(database, job))[-1]
    assert last.data["forced"] == {"person": "ada", "reason": "we need it"}
    assert "clearly worse with the skill: case-1, case-2" in last.message


async def test_what_is_only_warned_of_is_told_in_event_version_and_result(
    database: Database, tmp_path: Path, run: Run
) -> None:
    at = library(database, tmp_path, WARN)
    job = await validated(at, run)
    await make_proof(database, job, tried({"case-1": HELPS["case-1"]}), chosen(0.6))
    version = await promoted(at, run, job)
    lacking = [
        "1 of at least 3 cases prove it",
        "agents chose it for 60 % of the fitting queries; 80 % are needed",
    ]
    assert (version.provenance["evidence"]["policy"], version.provenance["evidence"]["lacking"]) == ("warn", lacking)
    last = (await told(database, job))[-1]
    assert last.message == f"published as {PLACE}, with a warning: {'; '.join(lacking)}"
    assert (await row_of(database, job)).result["evidence"]["lacking"] == lacking


async def test_a_promotion_that_was_decided_by_an_earlier_release_goes_on(
    database: Database, tmp_path: Path, run: Run
) -> None:
    at = library(database, tmp_path, REFUSE)
    job = await validated(at, run)
    await make_proof(database, job)
    request = pm.PromoteRequest(job_id=job, by="ada")
    placed = (await run(at.place, request)).model_copy(update={"evidence": None, "policy": None})
    move = pm.Move(request=request, placed=placed)
    await run(at.publish_files, move)
    await run(at.publish_rows, move)
    async with database.transaction() as session:
        version = await skills.version_of(session, NAME, "1.0.0")
    assert version is not None
    assert "evidence" not in version.provenance
    assert (await told(database, job))[-1].message == f"published as {PLACE}"
