"""A published version on trial again: what is taken over from whoever made it, and what is concluded."""

import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from temporalio.testing import ActivityEnvironment

from activities.evidence.files import EVIDENCE
from activities.evidence.reviewing import A_NIGHT, DatabaseReviewing
from domain.errors import NotFound
from domain.evaluation import Arm, CaseRole, CaseRun, Evidence, TriggerQuery, TriggerReport
from domain.evidence.policy import Policy
from domain.job import Evaluates, JobStatus, StartJob
from domain.skill import SKILL_FILE, SkillStatus
from store import evaluations, evidence, jobs, revisions, skills, triggers, understanding
from store.library_tables import SkillFile, SkillVersion
from store.session import Database
from tests.activities.conftest import Run
from tests.support.evaluated import AT, a_report, evaluate
from tests.support.published import publish_skill
from tests.support.rows import (
    CATEGORY,
    NAME,
    a_case,
    a_run,
    kinds,
    list_version,
    make_draft,
    make_job,
    row_of,
    told,
)
from workflows import evaluation_messages as em

NEW = "openai/new"


@pytest.fixture
def reviewing(database: Database, tmp_path: Path) -> DatabaseReviewing:
    return DatabaseReviewing(database, tmp_path / "library", Policy(), NEW)


async def asked(database: Database, name: str = NAME, model: str = "", version: str = "") -> em.ForVersion:
    """An evaluation's job whose row is open."""
    wanted = Evaluates(name=name, model=model, version=version)
    start = StartJob(job_id=uuid4(), user_id="ada", task_description=f"Evaluate {name} again", evaluates=wanted)
    async with database.transaction() as session:
        await jobs.open_job(session, start)
        await jobs.change(session, start.job_id, "opened", "started", "begun", status=JobStatus.RUNNING)
    return em.ForVersion(job_id=start.job_id, name=name, model=model, version=version)


async def published(database: Database) -> UUID:
    """A version that a job made, with edited cases, a guard, and queries that its description was tried on."""
    maker = await make_job(database, status=JobStatus.COMPLETED)
    digest = await make_draft(database, maker)
    cases = [a_case().model_copy(update={"by_person": True}), a_case("case-2")]
    cases[1] = cases[1].model_copy(update={"role": CaseRole.GUARD, "note": "passes without the skill"})
    queries = [TriggerQuery(id="q1", text="write the notes", should=True, half="held_out")]
    tried = TriggerReport(status="measured", description="Writes release notes.", queries=queries, neighbours=["tags"])
    async with database.transaction() as session:
        await evidence.keep_cases(session, maker, cases)
        await triggers.keep(session, maker, tried)
        files = list(await revisions.files(session, maker, 1))
        assert await skills.reserve(session, NAME, CATEGORY, "Writes release notes.", digest, maker)
        row = await skills.get(session, NAME)
        assert row is not None
        version = SkillVersion(
            name=NAME,
            version="1.0.0",
            digest=digest,
            job_id=maker,
            revision=1,
            promoted_by="ada",
            changelog="",
            provenance={},
            created_at=AT,
        )
        await list_version(session, row, version)
        await session.flush()
        session.add_all([SkillFile(name=NAME, version="1.0.0", path=file.path, data=file.data) for file in files])
    return maker


async def runs(database: Database, what: em.ForVersion, *made: CaseRun) -> None:
    async with database.transaction() as session:
        for one in made:
            await evidence.keep_run(session, what.job_id, one)
        await jobs.merge_result(
            session, what.job_id, evidence=Evidence(profile="quick").model_dump(mode="json", by_alias=True)
        )


async def test_the_cases_of_the_job_that_made_it_are_tried_as_they_were(
    reviewing: DatabaseReviewing, database: Database, run: Run
) -> None:
    maker = await published(database)
    what = await asked(database, version="1.0.0")
    taken = await run(reviewing.take_version, what)
    assert taken == em.TakenUp(name=NAME, version="1.0.0", cases=2, path=f"{CATEGORY}/{NAME}")
    async with database.transaction() as session:
        theirs, ours = await jobs.plan_of(session, maker), await jobs.plan_of(session, what.job_id)
        cases = await evidence.cases_of(session, what.job_id)
        assert await revisions.content(session, what.job_id, 1) == await revisions.content(session, maker, 1)
        assert (await revisions.summary(session, what.job_id, 1)).digest == (
            await revisions.summary(session, maker, 1)
        ).digest
        known = await triggers.newest(session, what.job_id)
    assert (ours.name, ours.outline) == (NAME, theirs.outline)
    assert [case.by_person for case in cases] == [True, False]
    assert [case.role for case in cases] == [CaseRole.PROOF, CaseRole.GUARD]
    assert known is not None
    assert (known.status, [query.id for query in known.queries], known.neighbours) == ("partial", ["q1"], ["tags"])
    result = (await row_of(database, what.job_id)).result
    assert (result["skill_name"], result["revision"], result["taxonomy_path"]) == (NAME, 1, f"{CATEGORY}/{NAME}")


async def test_taking_it_up_again_after_a_crash_changes_nothing(
    reviewing: DatabaseReviewing, database: Database, run: Run
) -> None:
    await published(database)
    what = await asked(database)
    first = await run(reviewing.take_version, what)
    assert await run(reviewing.take_version, what) == first
    assert await kinds(database, what.job_id) == ["started", "adopted"]


async def test_a_skill_that_came_from_elsewhere_is_planned_from_its_own_words(
    reviewing: DatabaseReviewing, database: Database, run: Run
) -> None:
    await publish_skill(database, "foreign-skill", body="# Steps\n\n1. Sort the imports.\n")
    what = await asked(database, "foreign-skill")
    taken = await run(reviewing.take_version, what)
    assert (taken.cases, taken.path) == (0, "development/foreign-skill")
    async with database.transaction() as session:
        plan, brief = await jobs.plan_of(session, what.job_id), await understanding.brief_of(session, what.job_id)
        kept = await revisions.files(session, what.job_id, 1)
    assert (plan.name, plan.title) == ("foreign-skill", "Foreign skill")
    assert plan.description.startswith("Helps with foreign-skill.")
    assert "Sort the imports." in brief.sources[0].content
    assert [file.path for file in kept] == [SKILL_FILE]


@pytest.mark.parametrize(("name", "version"), [("nobody", ""), (NAME, "9.9.9")])
async def test_what_is_not_there_is_said_to_be_missing(
    reviewing: DatabaseReviewing, database: Database, run: Run, name: str, version: str
) -> None:
    await published(database)
    what = await asked(database, name, version=version)
    with pytest.raises(NotFound, match=version or "no published skill"):
        await run(reviewing.take_version, what)


async def test_the_conclusion_is_kept_told_and_written_once(
    reviewing: DatabaseReviewing, database: Database, run: Run, tmp_path: Path
) -> None:
    await published(database)
    what = await asked(database, model="openai/other")
    await run(reviewing.take_version, what)
    made = [a_run(case=case, passed=True) for case in ("case-1", "case-2")]
    made += [a_run(Arm.WITH, 1, case, passed=True) for case in ("case-1", "case-2")]
    await runs(database, what, *(one.model_copy(update={"model": "openai/other"}) for one in made))
    concluded = await run(reviewing.conclude, what)
    assert concluded.verdict == "retire"
    assert await run(reviewing.conclude, what) == concluded
    async with database.transaction() as session:
        [one] = await evaluations.listed(session, NAME)
    assert (one.model, one.reason, one.verdict, one.delta) == ("openai/other", "demand", "retire", 0.0)
    assert (one.job_id, one.evaluation_id) == (what.job_id, concluded.evaluation_id)
    assert (await row_of(database, what.job_id)).result["outcome"] == "retire"
    last = (await told(database, what.job_id))[-1]
    assert last.type == "evaluated"
    assert "without it 100 %" in last.message
    folder = tmp_path / "library" / EVIDENCE / NAME / "1.0.0"
    assert sorted(file.name for file in folder.iterdir()) == [
        "evaluation-openai-other.json",
        "evidence-openai-other.md",
    ]
    assert json.loads((folder / "evaluation-openai-other.json").read_text())["verdict"] == "retire"


async def test_a_night_concludes_for_the_night_even_when_nothing_was_tried(
    reviewing: DatabaseReviewing, database: Database, run: Run
) -> None:
    await published(database)
    what = (await asked(database)).model_copy(update={"reason": "schedule"})
    await run(reviewing.take_version, what)
    concluded = await run(reviewing.conclude, what)
    async with database.transaction() as session:
        report = await evaluations.get(session, concluded.evaluation_id)
    assert report is not None
    assert (report.reason, report.verdict, report.status) == ("schedule", "fix", "none")
    assert report.models.agent == NEW


async def test_a_bounded_number_is_due_and_none_without_a_model(
    reviewing: DatabaseReviewing, database: Database, tmp_path: Path
) -> None:
    for n in range(A_NIGHT + 2):
        await publish_skill(database, f"skill-{n:02}")
        await evaluate(database, a_report(f"skill-{n:02}", model="openai/old", made_at=AT - timedelta(hours=n)))
    await publish_skill(database, "withdrawn", status=SkillStatus.YANKED)
    await evaluate(database, a_report("withdrawn", model="openai/old"))
    found = await ActivityEnvironment().run(reviewing.due)
    assert len(found.skills) == A_NIGHT
    assert found.skills[0] == em.DueSkill(name=f"skill-{A_NIGHT + 1}", version="1.0.0", model=NEW)
    nobody = DatabaseReviewing(database, tmp_path, Policy(), None)
    assert (await ActivityEnvironment().run(nobody.due)).skills == []
