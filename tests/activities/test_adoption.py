"""A new job goes on from an ended one: it has all that was paid for and decided, a name of its own, and leaves the old
job as it was."""

from uuid import UUID, uuid4

import pytest

from activities.adoption import NOT_YET
from activities.records import DatabaseRecords
from domain.brief import Decision, Understanding
from domain.errors import NotFound
from domain.evaluation import Arm
from domain.job import JobStatus, Origin, StartJob
from domain.skill import SKILL_FILE, RevisionSummary, SkillFileEntry
from domain.skill_file import digest, frontmatter_of, parse
from store import evidence, jobs, revisions, skills, understanding, views
from store.library_tables import SkillVersion
from store.session import Database
from tests.activities.conftest import Run
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
        name=NAME, path=f"{CATEGORY}/{NAME}", revision=1, cases=2, passed_without=1, passed_with=1
    )
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
    new = await successor(database, await ended(database, JobStatus.CANCELLED), 1)
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
