"""The proof of one digest: runs with other bytes say nothing of it, and its description has a trial of its own."""

from sqlalchemy import delete

from domain.evaluation import Arm
from domain.evidence.policy import Policy
from domain.evidence.profile import STANDARD
from store import evidence, proof, tdd
from store.session import Database
from store.tables import RevisionFile
from tests.support.proof import HARMS, HELPS, chosen, make_proof, tried
from tests.support.rows import DESCRIPTION, SKILL, a_run, make_draft, make_evidence, make_job

REFUSE = Policy()


async def test_a_digest_has_its_own_runs_its_cases_and_the_trial_of_its_description(database: Database) -> None:
    job = await make_job(database)
    own = await make_draft(database, job)
    await make_proof(database, job)
    async with database.transaction() as session:
        found = await proof.of_digest(session, job, own, DESCRIPTION)
    assert ([case.id for case in found.cases], len(found.runs)) == (list(HELPS), 6)
    assert found.triggers == chosen()
    told = found.shown(REFUSE, profile="quick")
    assert (told.status, told.n, told.lacking, told.profile) == ("measured", 3, [], "quick")


async def test_other_bytes_have_the_control_arm_only(database: Database) -> None:
    job = await make_job(database)
    await make_draft(database, job)
    await make_proof(database, job)
    other = await make_draft(database, job, n=2, text=SKILL + "\nOne more line.\n")
    async with database.transaction() as session:
        found = await proof.of_digest(session, job, other, "Another description.")
    assert {run.arm for run in found.runs} == {Arm.WITHOUT}
    assert found.triggers is None
    told = found.shown(REFUSE)
    assert (told.status, told.lacking[0]) == ("pending", "no case has run with this text yet")


async def test_bytes_that_come_back_have_the_newest_runs_that_were_made_with_them(database: Database) -> None:
    job = await make_job(database)
    own = await make_draft(database, job)
    await make_draft(database, job, n=2, text=SKILL + "\nOne more line.\n")
    assert await make_draft(database, job, n=3) == own
    await make_proof(database, job, tried(HELPS))
    await make_evidence(database, job, *tried(HARMS, revision=2))
    async with database.transaction() as session:
        found = await proof.of_digest(session, job, own, None)
        assert {run.revision for run in found.runs} == {0, 1}
        await make_evidence(database, job, *tried(HELPS, revision=3))
        again = await proof.of_digest(session, job, own, None)
    assert {run.revision for run in again.runs} == {0, 3}


async def test_a_trial_that_the_budget_ended_does_not_hide_the_whole_one_of_the_same_bytes(database: Database) -> None:
    job = await make_job(database)
    own = await make_draft(database, job)
    await make_draft(database, job, n=2, text=SKILL + "\nOne more line.\n")
    await make_draft(database, job, n=3)
    await make_proof(database, job, tried(HELPS, repeats=3))
    begun = [run for run in tried(HELPS, revision=3, repeats=3) if run.arm is Arm.WITH]
    await make_evidence(database, job, *begun[:8])
    async with database.transaction() as session:
        found = await proof.of_digest(session, job, own, DESCRIPTION)
        known = await tdd.known_of(session, job, 3, STANDARD, REFUSE)
        await make_evidence(database, job, begun[8])
        again = await proof.of_digest(session, job, own, DESCRIPTION)
    assert (found.revision, found.shown(REFUSE, profile="standard").lacking) == (1, [])
    assert known.of(Arm.WITH) == [run for run in found.runs if run.arm is Arm.WITH], "the checklist counts the same"
    assert again.revision == 3


async def test_a_new_series_that_has_only_begun_is_no_whole_trial(database: Database) -> None:
    job = await make_job(database)
    own = await make_draft(database, job)
    await make_draft(database, job, n=2)
    await make_proof(database, job, tried(HELPS, repeats=3))
    chosen_by = [run for run in tried(HELPS, revision=2, repeats=3) if run.arm is Arm.WITH]
    again = [run.model_copy(update={"run": run.run + 3, "series": 1}) for run in chosen_by]
    await make_evidence(database, job, *chosen_by, *again[:-1])
    async with database.transaction() as session:
        assert await proof.tried_revision(session, job, own) == 1
        await make_evidence(database, job, again[-1])
        assert await proof.tried_revision(session, job, own) == 2


async def test_a_skill_that_quotes_its_own_test_is_not_proven(database: Database) -> None:
    job = await make_job(database)
    asks = (
        "Write one line for each of these changes:\n- rate limits of the billing api are doubled for everyone since May"
    )
    text = SKILL + "\n## Example\n\nRate limits of the billing API are doubled for everyone since May.\n"
    await make_draft(database, job, text=text)
    await make_proof(database, job)
    async with database.transaction() as session:
        cases = await evidence.cases_of(session, job)
        await evidence.settle_cases(session, job, [cases[0].model_copy(update={"prompt": asks}), *cases[1:]])
        found = await proof.of_revision(session, job, 1)
    assert found.shown(REFUSE).lacking == ["the skill holds the words of case-1: it was written to the test"]


async def test_what_an_agent_reads_beside_it_may_not_quote_the_test_either(database: Database) -> None:
    job = await make_job(database)
    await make_draft(database, job)
    await make_proof(database, job)
    words = "rate limits of the billing api are doubled for everyone since May"
    async with database.transaction() as session:
        session.add(RevisionFile(job_id=job, n=1, path="references/more.md", data=words.encode()))
        session.add(RevisionFile(job_id=job, n=1, path="assets/other.txt", data=b"what no agent reads of itself"))
        cases = await evidence.cases_of(session, job)
        await evidence.settle_cases(
            session, job, [*cases[:2], cases[2].model_copy(update={"prompt": f"Tell: {words}"})]
        )
        found = await proof.of_revision(session, job, 1)
    assert (found.leaked(), "no agent reads" in found.text) == (["case-3"], False)


async def test_a_job_without_cases_has_no_proof(database: Database) -> None:
    job = await make_job(database)
    own = await make_draft(database, job)
    async with database.transaction() as session:
        found = await proof.of_digest(session, job, own, DESCRIPTION)
    told = found.shown(REFUSE)
    assert (told.status, told.lacking[0]) == ("none", "no case was run, and at least 3 must prove it")


async def test_the_runs_that_the_profile_plans_are_missed(database: Database) -> None:
    job = await make_job(database)
    own = await make_draft(database, job)
    await make_proof(database, job, tried(HELPS, repeats=2))
    async with database.transaction() as session:
        found = await proof.of_digest(session, job, own, DESCRIPTION)
    assert found.shown(REFUSE, profile="standard").status == "partial"
    assert found.shown(REFUSE, profile="standard").lacking == [
        "the evidence is partial: some of the planned runs are missing"
    ]
    assert found.shown(REFUSE, profile="quick").lacking == []
    assert found.shown(profile="standard").lacking == []  # without a policy nothing lacks


async def test_the_proof_of_a_revision_is_that_of_its_bytes(database: Database) -> None:
    job = await make_job(database)
    own = await make_draft(database, job)
    await make_proof(database, job)
    async with database.transaction() as session:
        assert await proof.of_revision(session, job, 1) == await proof.of_digest(session, job, own, DESCRIPTION)
        for nothing in (None, 7):
            found = await proof.of_revision(session, job, nothing)
            assert ({run.arm for run in found.runs}, found.triggers) == ({Arm.WITHOUT}, None)


async def test_what_was_found_out_outlives_the_files(database: Database) -> None:
    job = await make_job(database)
    await make_draft(database, job)
    await make_proof(database, job)
    async with database.transaction() as session:
        await session.execute(delete(RevisionFile).where(RevisionFile.job_id == job))
        found = await proof.of_revision(session, job, 1)
    assert (found.shown().delta, found.triggers) == (0.6667, None)


async def test_a_revision_without_the_skill_never_counts_as_tried(database: Database) -> None:
    job = await make_job(database)
    own = await make_draft(database, job, n=1)
    await make_evidence(database, job, a_run(Arm.WITHOUT, 0))
    async with database.transaction() as session:
        found = await proof.of_digest(session, job, own, None)
    assert [run.arm for run in found.runs] == [Arm.WITHOUT]
