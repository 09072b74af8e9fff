"""What a person is shown with each prompt: the record as it stands, and never more than a screen can bear."""

from uuid import uuid4

import pytest

from activities.prompt_data import prompt_data
from domain.diff import LARGEST
from domain.errors import NotFound
from domain.evaluation import Arm, CaseRun
from domain.prompt import ConfirmData, HitlType, PreviewData, PromptData, QuestionsData, ValidateData
from store import calls, evidence, jobs, understanding
from store.session import Database
from tests.support.rows import QUESTIONS, SKILL, a_call, make_draft, make_job, make_report
from workflows import messages as m


async def shown(database: Database, **prompt: object) -> PromptData:
    async with database.transaction() as session:
        return await prompt_data(session, m.Prompt.model_validate({"round": 1, **prompt}))


async def preview(database: Database, *texts: str) -> PreviewData:
    job = await make_job(database)
    for number, content in enumerate(texts, start=1):
        await make_draft(database, job, n=number, text=content)
    data = await shown(database, job_id=job, kind=HitlType.PREVIEW, revision=len(texts))
    assert isinstance(data, PreviewData)
    return data


async def test_questions_come_with_the_request_as_it_was_understood(database: Database) -> None:
    job = await make_job(database, task="Write notes")
    async with database.transaction() as session:
        await understanding.keep_questions(session, job, QUESTIONS)
    plain = await shown(database, job_id=job, kind=HitlType.CLARIFY)
    assert plain == QuestionsData(questions=QUESTIONS, summary="Write notes")
    async with database.transaction() as session:
        await jobs.change(session, job, "r", "refined", "", task_description_refined="Write short notes")
    assert (await shown(database, job_id=job, kind=HitlType.CLARIFY)).model_dump()["summary"] == "Write short notes"


async def test_a_plan_is_confirmed_with_its_place_its_assumptions_and_what_it_will_take(database: Database) -> None:
    job = await make_job(database)
    await make_draft(database, job)
    data = await shown(database, job_id=job, kind=HitlType.CONFIRM)
    assert isinstance(data, ConfirmData)
    assert (data.path, data.plan) == ("development/release-notes", ["Rules"])
    assert data.key_assumptions == ["the list of pull requests is complete"]
    assert data.estimate is not None


async def test_there_is_nothing_to_confirm_before_a_plan_stands(database: Database) -> None:
    with pytest.raises(NotFound):
        await shown(database, job_id=await make_job(database), kind=HitlType.CONFIRM)


async def test_a_first_preview_shows_the_text_and_compares_it_with_nothing(database: Database) -> None:
    data = await preview(database, SKILL)
    assert (data.content, data.revision, data.against, data.diff) == (SKILL, 1, None, "")
    assert [highlight.section for highlight in data.highlights] == ["Rules"]


async def test_a_later_preview_shows_what_changed(database: Database) -> None:
    data = await preview(database, SKILL, SKILL.replace("Read every", "Read each"))
    assert data.against == 1
    assert "-- Read every merged" in data.diff
    assert "+- Read each merged" in data.diff


async def test_texts_too_large_to_compare_are_shown_without_a_comparison(database: Database) -> None:
    data = await preview(database, SKILL, SKILL + "x" * LARGEST)
    assert data.diff == "The texts are too large to compare here."
    assert len(data.content) > LARGEST


async def test_a_text_that_is_no_skill_file_can_be_looked_at_all_the_same(database: Database) -> None:
    data = await preview(database, "no frontmatter at all")
    assert (data.content, data.highlights) == ("no frontmatter at all", [])


async def test_a_preview_has_the_evidence_of_its_own_revision_and_who_wrote_it(database: Database) -> None:
    job = await make_job(database)
    await make_draft(database, job)
    async with database.transaction() as session:
        await calls.keep(session, job, a_call(model="openai/a"))
        for arm, revision, passed in ((Arm.WITHOUT, None, False), (Arm.WITH, 1, True), (Arm.WITH, 2, False)):
            run = CaseRun(case_id="c", arm=arm, revision=revision, output="o", passed=passed, checked=[])
            await evidence.keep_run(session, job, run)
    data = await shown(database, job_id=job, kind=HitlType.PREVIEW, revision=1)
    assert isinstance(data, PreviewData)
    assert data.evidence is not None
    assert (data.evidence.with_, data.evidence.without, data.evidence.n) == (1.0, 0.0, 1)
    assert data.written_by == ["openai/a"]


async def test_a_preview_of_a_revision_that_is_not_there_is_refused(database: Database) -> None:
    with pytest.raises(NotFound):
        await shown(database, job_id=await make_job(database), kind=HitlType.PREVIEW, revision=1)


async def test_a_failed_validation_says_what_is_wrong_and_how_to_mend_it(database: Database) -> None:
    job = await make_job(database)
    report = await make_report(database, job, "d", passed=False, revision=3)
    data = await shown(database, job_id=job, kind=HitlType.VALIDATE, report_id=report)
    assert isinstance(data, ValidateData)
    assert (data.passed, data.revision, data.digest) == (False, 3, "d")
    assert data.report == "1 errors in revision 3:\n- fact-missing: 300 is not stated. State it."


@pytest.mark.parametrize("kind", [HitlType.BUDGET, HitlType.TDD_RED, HitlType.STRUCTURE_FIX])
async def test_a_kind_of_prompt_that_this_version_does_not_open_is_refused(database: Database, kind: HitlType) -> None:
    with pytest.raises(KeyError):
        await shown(database, job_id=uuid4(), kind=kind)
