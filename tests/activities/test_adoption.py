"""A new job goes on from an ended one: it has all that was paid for and decided, a name of its own, and leaves the old
job as it was."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete

from activities.adoption import NOT_YET
from activities.records import DatabaseRecords
from domain.brief import Decision, Understanding
from domain.errors import NotFound
from domain.evaluation import Arm, Comparison
from domain.evidence.policy import Policy
from domain.evidence.profile import QUICK, STANDARD
from domain.job import JobStatus, Origin, StartJob
from domain.skill import SKILL_FILE, RevisionSummary, SkillFileEntry
from domain.skill_file import digest, frontmatter_of, parse
from store import evidence, jobs, proof, revisions, skills, triggers, understanding, views
from store.evidence_tables import TriggerTrial
from store.library_tables import SkillVersion
from store.session import Database
from tests.activities.conftest import Run
from tests.support.proof import HELPS, chosen, make_proof, tried
from tests.support.rows import (
    CATEGORY,
    DESCRIPTION,
    NAME,
    QUESTIONS,
    SKILL,
    a_plan,
    a_run,
    kinds,
    list_version,
    make_draft,
    make_evidence,
    make_job,
    new_revision,
    row_of,
    told,
)
from workflows import messages as m

SAID = [Decision(question="Who reads them?", answer="kids & „Ältere“")]
KNOWN = Understanding(summary="short notes", user_problem="too long", readiness=0.8, complete=False)
LATER = SKILL + "\n## Examples\n\nOne.\n"


@pytest.fixture
def records(database: Database) -> DatabaseRecords:
    return DatabaseRecords(database)


async def ended(database: Database, status: JobStatus, *, text: str = LATER) -> UUID:
    """A job with two revisions, its name reserved and its evidence complete, that has ended."""
    job = await make_job(database)
    await make_draft(database, job)
    await make_evidence(
        database, job, a_run(), a_run(Arm.WITH, 1), a_run(Arm.WITH, 2, passed=True), a_run(case="case-2", passed=True)
    )
    second = new_revision(2, text, feedback="more examples", made_by="openai/a")
    async with database.transaction() as session:
        await understanding.keep_questions(session, job, QUESTIONS)
        await understanding.keep_decisions(session, job, SAID)
        await understanding.keep_understanding(session, job, KNOWN)
        await revisions.keep(session, job, second)
        await skills.reserve(session, NAME, CATEGORY, DESCRIPTION, second.digest, job)
        await jobs.merge_result(session, job, understanding_summary="short notes", outcome="no_skill_needed")
        await jobs.change(session, job, "r", "refined", "", task_description_refined="Write short notes")
        await jobs.change(session, job, "end", status, "over", status=status)
    return job


async def successor(database: Database, of: UUID, revision: int = 2, category: str | None = None) -> UUID:
    return await make_job(database, user="bob", origin=Origin(job_id=of, revision=revision), category=category)


async def adopt(records: DatabaseRecords, run: Run, job: UUID) -> m.Adopted:
    return await run(records.adopt, m.ForJob(job_id=job))


async def first_revision(database: Database, job: UUID) -> tuple[RevisionSummary, str]:
    async with database.transaction() as session:
        return await revisions.summary(session, job, 1), await revisions.content(session, job, 1)


async def test_a_new_job_knows_what_the_old_one_understood_planned_and_proved(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    old = await ended(database, JobStatus.CANCELLED)
    new = await successor(database, old)
    adopted = await adopt(records, run, new)
    assert adopted == m.Adopted(
        name=NAME, path=f"{CATEGORY}/{NAME}", revision=1, cases=2, passed_without=1, passed_with=None
    ), "one of two cases ran with it: the other one is run beside the preview"
    async with database.transaction() as session:
        brief = await understanding.brief_of(session, new)
        assert (brief.refined, brief.decisions, brief.understanding) == ("Write short notes", SAID, KNOWN)
        assert await jobs.plan_of(session, new) == a_plan()
        runs = await evidence.runs_of(session, new)
        state = await evidence.tdd_of(session, new)
        view = await views.job_view(session, await jobs.locked(session, new))
    assert [(one.arm, one.revision, one.passed) for one in runs] == [
        (Arm.WITHOUT, 0, False),
        (Arm.WITHOUT, 0, True),
        (Arm.WITH, 1, True),
    ]
    assert state is not None
    assert (state.baseline_tests_run, state.checklist_state["with_run"]) == (2, True)
    assert view.origin == Origin(job_id=old, revision=2)
    assert (view.result.understanding_summary, view.result.skill_name, view.result.revision) == ("short notes", NAME, 1)
    assert view.result.outcome is None
    assert view.result.evidence is not None
    # Of two cases one ran in both arms; the other says nothing of a difference.
    found = view.result.evidence
    assert (found.status, found.n, found.with_, found.without) == ("partial", 1, 1.0, 0.0)


async def test_evidence_that_is_taken_over_is_counted_by_the_profile_it_was_made_under(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    old = await ended(database, JobStatus.CANCELLED)
    async with database.transaction() as session:
        await evidence.keep_run(session, old, a_run(Arm.WITH, 2, "case-2", passed=True))
        found = (await proof.of_revision(session, old, 2)).shown(profile="standard")
        await jobs.merge_result(session, old, evidence=found.model_dump(mode="json", by_alias=True))
    new = await successor(database, old)
    await adopt(records, run, new)
    async with database.transaction() as session:
        taken = (await views.job_view(session, await jobs.locked(session, new))).result.evidence
    assert taken is not None
    assert (taken.profile, taken.status, taken.n) == ("standard", "partial", 2), "of three runs one is there"


async def test_a_task_of_its_own_is_what_the_new_job_is_about(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    old, task = await ended(database, JobStatus.CANCELLED), "Write long notes for auditors"
    new = await make_job(database, task=task, origin=Origin(job_id=old, revision=2))
    for _ in range(2):  # the step is tried again after it was done
        await adopt(records, run, new)
    async with database.transaction() as session:
        brief = await understanding.brief_of(session, new)
    short, content = await first_revision(database, new)
    assert (brief.task, brief.refined, content) == (task, task, LATER)
    assert short.changes == [f"taken over from job {old}, revision 2", NOT_YET]


async def test_the_revision_is_the_first_of_the_new_job_and_says_where_it_came_from(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    old = await ended(database, JobStatus.CANCELLED)
    new = await successor(database, old)
    await adopt(records, run, new)
    short, content = await first_revision(database, new)
    assert content == LATER
    assert (short.made_by, short.by_person, short.feedback) == ("openai/a", False, None)
    assert short.changes == [f"taken over from job {old}, revision 2"]
    assert short.digest == digest([SkillFileEntry(path=SKILL_FILE, data=LATER.encode())])
    assert (await told(database, new))[-1].message == f"taken over from job {old}, revision 2"


async def test_an_earlier_revision_can_be_gone_on_from_with_its_own_evidence(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    old = await ended(database, JobStatus.CANCELLED)
    await make_evidence(database, old, a_run(Arm.WITH, 1, "case-2"))
    new = await successor(database, old, 1)
    assert (await adopt(records, run, new)).passed_with == 0
    assert (await first_revision(database, new))[1] == SKILL


async def test_a_revision_that_was_never_measured_has_no_evidence_to_take_over(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    old = await ended(database, JobStatus.CANCELLED)
    async with database.transaction() as session:
        await revisions.keep(session, old, new_revision(3, SKILL))
    adopted = await adopt(records, run, await successor(database, old, 3))
    assert (adopted.cases, adopted.passed_without, adopted.passed_with) == (2, 1, None)


async def proven(database: Database, status: JobStatus, *, repeats: int = 1) -> UUID:
    """An ended job whose second revision is proven with all cases, and its description with queries."""
    job = await make_job(database)
    await make_draft(database, job)
    own = await make_draft(database, job, n=2, text=LATER)
    await make_proof(database, job, tried(HELPS, revision=2, repeats=repeats))
    async with database.transaction() as session:
        await skills.reserve(session, NAME, CATEGORY, DESCRIPTION, own, job)
        await jobs.change(session, job, "end", status, "over", status=status)
    return job


async def proof_of(database: Database, job: UUID) -> proof.Proof:
    async with database.transaction() as session:
        return await proof.of_revision(session, job, 1)


async def test_bytes_that_change_with_the_name_have_no_runs_and_no_trial_of_the_description(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    new = await successor(database, await proven(database, JobStatus.COMPLETED))
    adopted = await adopt(records, run, new)
    assert (adopted.name, adopted.cases, adopted.passed_without, adopted.passed_with) == (f"{NAME}-2", 3, 1, None)
    found = await proof_of(database, new)
    assert ({one.arm for one in found.runs}, found.triggers) == ({Arm.WITHOUT}, None)
    assert found.shown(Policy()).lacking[0] == "no case has run with this text yet"
    async with database.transaction() as session:
        assert await triggers.newest(session, new) is None
        state = await evidence.tdd_of(session, new)
    assert state is not None and not state.checklist_state.get("with_run")


async def test_the_same_bytes_have_their_proof_whichever_revision_was_tried(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    old = await proven(database, JobStatus.CANCELLED)
    assert await make_draft(database, old, n=3) != await make_draft(database, old, n=4, text=LATER)
    new = await successor(database, old, 4)
    assert (await adopt(records, run, new)).passed_with == 3
    found = await proof_of(database, new)
    assert ({one.revision for one in found.runs}, found.triggers) == ({0, 1}, chosen())
    assert found.shown(Policy()).lacking == []


@pytest.mark.parametrize(("repeats", "report", "passed"), [(3, None, 3), (2, None, None), (3, "partial", None)])
async def test_evidence_that_the_profile_finds_too_little_is_completed(
    database: Database, run: Run, repeats: int, report: str | None, passed: int | None
) -> None:
    old = await proven(database, JobStatus.CANCELLED, repeats=repeats)
    if report:
        async with database.transaction() as session:
            await session.execute(delete(TriggerTrial))
            await triggers.keep(session, old, chosen(status=report))
    new = await successor(database, old)
    assert (await adopt(DatabaseRecords(database, profile=STANDARD), run, new)).passed_with == passed


@pytest.mark.parametrize("gone", ["the trial", "its model"])
async def test_a_description_that_was_not_tried_with_the_model_of_the_runs_is_tried(
    database: Database, run: Run, gone: str
) -> None:
    old = await proven(database, JobStatus.CANCELLED, repeats=3)
    async with database.transaction() as session:
        await session.execute(delete(TriggerTrial))
        if gone == "its model":
            await triggers.keep(session, old, chosen(model="openai/other"))
    new = await successor(database, old)
    assert (await adopt(DatabaseRecords(database, profile=STANDARD), run, new)).passed_with is None
    other = await successor(database, new, 1)
    async with database.transaction() as session:
        await jobs.change(session, new, "end", "cancelled", "over", status=JobStatus.CANCELLED)
    assert (await adopt(DatabaseRecords(database, profile=QUICK), run, other)).passed_with == 3


async def test_comparisons_of_the_old_revisions_say_nothing_of_the_new_ones(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    old = await proven(database, JobStatus.CANCELLED)
    async with database.transaction() as session:
        await evidence.keep_comparison(session, old, Comparison(revision=2, against=1, winner=2))
    new = await successor(database, old)
    await adopt(records, run, new)
    async with database.transaction() as session:
        assert await evidence.comparisons_of(session, new) == []


@pytest.mark.parametrize("status", [JobStatus.CANCELLED, JobStatus.FAILED])
async def test_a_job_that_came_to_nothing_hands_its_name_on(
    records: DatabaseRecords, database: Database, run: Run, status: JobStatus
) -> None:
    old = await ended(database, status)
    new = await successor(database, old)
    assert (await adopt(records, run, new)).name == NAME
    async with database.transaction() as session:
        row = await skills.get(session, NAME)
        assert row is not None
        assert row.job_id == new
        assert await skills.of_job(session, old) is None


async def test_two_jobs_that_go_on_from_one_get_a_name_each(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    old = await ended(database, JobStatus.CANCELLED)
    names = [(await adopt(records, run, await successor(database, old))).name for _ in range(3)]
    assert names == [NAME, f"{NAME}-2", f"{NAME}-3"]


async def test_a_completed_job_keeps_its_name_and_the_new_text_says_the_new_one(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    old = await ended(database, JobStatus.COMPLETED)
    new = await successor(database, old)
    adopted = await adopt(records, run, new)
    assert (adopted.name, adopted.path) == (f"{NAME}-2", f"{CATEGORY}/{NAME}-2")
    short, content = await first_revision(database, new)
    front = frontmatter_of(parse(content.encode()))
    assert (front.name, front.description) == (f"{NAME}-2", DESCRIPTION)
    assert content.partition("# Release notes")[2] == LATER.partition("# Release notes")[2]
    assert short.changes[1] == f"renamed to {NAME}-2: {NAME} is the other job's"
    async with database.transaction() as session:
        assert (await jobs.plan_of(session, new)).name == f"{NAME}-2"
        row = await skills.of_job(session, old)
        assert row is not None
        assert row.name == NAME


@pytest.mark.parametrize("status", [JobStatus.COMPLETED, JobStatus.FAILED])
async def test_a_job_that_goes_on_from_a_published_skill_has_its_name_and_the_row_stays(
    records: DatabaseRecords, database: Database, run: Run, status: JobStatus
) -> None:
    old = await ended(database, status)
    async with database.transaction() as session:
        skill = await skills.get(session, NAME)
        assert skill is not None
        version = SkillVersion(
            name=NAME, version="1.0.0", digest="d", job_id=old, revision=2, promoted_by="ada", provenance={}
        )
        await list_version(session, skill, version)
    adopted = await adopt(records, run, await successor(database, old))
    assert (adopted.name, adopted.path) == (NAME, f"{CATEGORY}/{NAME}")
    async with database.transaction() as session:
        row = await skills.get(session, NAME)
        assert row is not None
        assert (row.job_id, row.status, row.digest) == (old, "active", "d")


async def test_a_hand_made_text_without_frontmatter_gets_one_with_the_new_name(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    old = await ended(database, JobStatus.COMPLETED, text="Just words.\n")
    new = await successor(database, old)
    await adopt(records, run, new)
    content = (await first_revision(database, new))[1]
    assert frontmatter_of(parse(content.encode())).name == f"{NAME}-2"
    assert content.endswith("Just words.\n")


async def test_the_shelf_that_the_new_request_names_counts(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    new = await successor(database, await ended(database, JobStatus.CANCELLED), category="writing")
    assert (await adopt(records, run, new)).path == f"writing/{NAME}"


async def test_a_retry_takes_over_nothing_twice_and_says_the_same(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    old = await ended(database, JobStatus.COMPLETED)
    new = await successor(database, old)
    first, again = await adopt(records, run, new), await adopt(records, run, new)
    assert first == again
    assert (await kinds(database, new)).count("adopted") == 1
    async with database.transaction() as session:
        assert len(await revisions.history(session, new)) == 1


async def test_the_old_job_stays_as_it_was(records: DatabaseRecords, database: Database, run: Run) -> None:
    old = await ended(database, JobStatus.CANCELLED)
    before = (await row_of(database, old)).result, await kinds(database, old)
    await adopt(records, run, await successor(database, old))
    assert ((await row_of(database, old)).result, await kinds(database, old)) == before
    async with database.transaction() as session:
        assert [one.n for one in await revisions.history(session, old)] == [1, 2]
        assert len(await evidence.runs_of(session, old)) == 4


@pytest.mark.parametrize("revision", [0, 7])
async def test_nothing_is_taken_over_from_a_revision_that_is_not_there(
    records: DatabaseRecords, database: Database, run: Run, revision: int
) -> None:
    new = await successor(database, await ended(database, JobStatus.CANCELLED), revision)
    with pytest.raises(NotFound, match=f"no revision {revision}"):
        await adopt(records, run, new)
    assert await kinds(database, new) == ["started"]


async def test_nothing_is_taken_over_from_a_job_that_is_not_there(
    records: DatabaseRecords, database: Database, run: Run
) -> None:
    for job in (await successor(database, uuid4()), await make_job(database)):
        with pytest.raises(NotFound, match="no job that it could take"):
            await adopt(records, run, job)


async def test_a_job_remembers_where_it_comes_from(records: DatabaseRecords, database: Database, run: Run) -> None:
    origin = Origin(job_id=uuid4(), revision=3)
    start = StartJob(job_id=uuid4(), user_id="ada", task_description="Write notes", origin=origin)
    await run(records.open_job, start)
    assert (await row_of(database, start.job_id)).origin == origin.model_dump(mode="json")
