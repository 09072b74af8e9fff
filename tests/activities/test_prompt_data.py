"""What a person is shown with each prompt: the record as it stands, and never more than a screen can bear."""

from uuid import UUID, uuid4

import pytest

from activities.estimates import estimate
from activities.prompt_data import prompt_data, shown_diff
from domain.answering import answers
from domain.brief import Proposal, Understanding
from domain.budget import Budget, Spend
from domain.compare.diff import LARGEST
from domain.errors import NotFound
from domain.evaluation import Arm, Evidence
from domain.evidence.policy import Policy
from domain.evidence.profile import QUICK, STANDARD
from domain.job import Phase
from domain.prompt import (
    Answer,
    BudgetData,
    ConfirmData,
    HitlType,
    PreviewData,
    PromptAction,
    PromptData,
    QuestionsData,
    StructureFixData,
    SuggestedFix,
    ValidateData,
)
from store import calls, evidence, jobs, revisions, understanding
from store.session import Database
from tests.support.rows import (
    QUESTIONS,
    SKILL,
    a_call,
    a_run,
    make_draft,
    make_evidence,
    make_job,
    make_prompt,
    make_report,
    new_revision,
)
from workflows import messages as m


async def shown(database: Database, **prompt: object) -> PromptData:
    asked = m.Prompt.model_validate({"round": 1, **prompt})
    diff = await shown_diff(database, asked)
    async with database.transaction() as session:
        return await prompt_data(session, asked, diff)


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
    await make_evidence(database, job, a_run(), a_run(Arm.WITH, 1, passed=True), a_run(Arm.WITH, 2))
    data = await shown(database, job_id=job, kind=HitlType.PREVIEW, revision=1)
    assert isinstance(data, PreviewData)
    assert data.evidence is not None
    assert (data.evidence.with_, data.evidence.without, data.evidence.n) == (1.0, 0.0, 1)
    assert data.written_by == ["openai/a"]
    assert (data.made_by, data.by_person) == ("model", False)
    edited = new_revision(2, SKILL + "\nBy hand.\n", made_by="ada").model_copy(update={"by_person": True})
    async with database.transaction() as session:
        await revisions.keep(session, job, edited)
    data = await shown(database, job_id=job, kind=HitlType.PREVIEW, revision=2)
    assert isinstance(data, PreviewData)
    assert (data.made_by, data.by_person, data.written_by) == ("ada", True, ["openai/a"])


async def test_the_first_preview_says_what_the_evidence_lacks_by_the_operators_policy(database: Database) -> None:
    job = await make_job(database)
    await make_draft(database, job)
    await make_evidence(database, job, a_run(), a_run(Arm.WITH, 1, passed=True))
    asked = m.Prompt(job_id=job, kind=HitlType.PREVIEW, round=1, revision=1)
    async with database.transaction() as session:
        strict = await prompt_data(session, asked, profile=QUICK, policy=Policy(cases=2))
        lenient = await prompt_data(session, asked, profile=QUICK, policy=Policy(cases=1, recall=0, precision=0))
    assert isinstance(strict, PreviewData) and strict.evidence and isinstance(lenient, PreviewData) and lenient.evidence
    assert strict.evidence.lacking[0] == "1 of at least 2 cases prove it"
    assert (lenient.evidence.lacking, lenient.evidence.status) == ([], "measured")
    assert strict.evidence.profile == "quick"


async def test_a_first_preview_after_a_spent_budget_says_that_planned_runs_are_missing(database: Database) -> None:
    job = await make_job(database)
    await make_draft(database, job)
    await make_evidence(database, job, a_run(), a_run(Arm.WITH, 1, passed=True))
    asked = m.Prompt(job_id=job, kind=HitlType.PREVIEW, round=1, revision=1)
    async with database.transaction() as session:
        data = await prompt_data(session, asked, profile=STANDARD, policy=Policy(cases=1, recall=0, precision=0))
    assert isinstance(data, PreviewData) and data.evidence
    assert (data.evidence.status, data.evidence.profile, data.evidence.delta) == ("partial", "standard", 1.0)
    assert data.evidence.lacking == ["the evidence is partial: some of the planned runs are missing"]


async def test_a_preview_counts_by_the_profile_under_which_the_job_ran(database: Database) -> None:
    """The worker was started anew under another profile meanwhile."""
    job = await make_job(database)
    await make_draft(database, job)
    await make_evidence(database, job, a_run(), a_run(Arm.WITH, 1, passed=True))
    asked = m.Prompt(job_id=job, kind=HitlType.PREVIEW, round=1, revision=1)
    async with database.transaction() as session:
        await jobs.merge_result(session, job, evidence=Evidence(profile="quick").model_dump(mode="json"))
        data = await prompt_data(session, asked, profile=STANDARD)
    assert isinstance(data, PreviewData) and data.evidence
    assert (data.evidence.status, data.evidence.profile) == ("measured", "quick")


async def test_a_preview_of_a_revision_that_is_not_there_is_refused(database: Database) -> None:
    with pytest.raises(NotFound):
        await shown(database, job_id=await make_job(database), kind=HitlType.PREVIEW, revision=1)


async def test_a_failed_validation_says_what_is_wrong_and_how_to_mend_it(database: Database) -> None:
    job = await make_job(database)
    report = await make_report(database, job, "d", passed=False, revision=3)
    data = await shown(database, job_id=job, kind=HitlType.VALIDATE, report_id=report)
    assert isinstance(data, ValidateData)
    assert (data.passed, data.revision, data.digest) == (False, 3, "d")
    assert data.report == "1 error in revision 3:\n- fact-missing: 300 is not stated. State it."


FIX = SuggestedFix(field="skill_name", issue="It has capitals.", current="Notes", suggested="notes")


async def test_a_structure_fix_shows_what_was_proposed_and_what_the_rules_say(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        await jobs.keep_proposal(session, job, Proposal(name="Notes", description="Writes.", fixes=[FIX]))
    data = await shown(database, job_id=job, kind=HitlType.STRUCTURE_FIX)
    assert data == StructureFixData(skill_name="Notes", description="Writes.", suggested_fixes=[FIX])


async def test_there_is_nothing_to_fix_before_anything_was_proposed(database: Database) -> None:
    with pytest.raises(NotFound, match="proposed no name"):
        await shown(database, job_id=await make_job(database), kind=HitlType.STRUCTURE_FIX)


async def test_deeper_questions_come_with_what_is_known_and_how_ready_it_is(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        await understanding.keep_questions(session, job, QUESTIONS)
        await understanding.keep_understanding(session, job, Understanding(summary="short notes", readiness=0.6))
        await understanding.keep_questions(session, job, QUESTIONS[1:], 2)
    data = await shown(database, job_id=job, kind=HitlType.DEEP_UNDERSTANDING)
    assert data == QuestionsData(questions=QUESTIONS[1:], summary="short notes", readiness=0.6)


async def test_a_spent_budget_is_shown_with_its_limit_and_what_is_still_to_come(database: Database) -> None:
    job = await make_job(database, budget={"calls": 2})
    async with database.transaction() as session:
        for key in ("a", "b"):
            await calls.keep(session, job, a_call(key, input_tokens=3, output_tokens=4, usd=0.5))
        await jobs.change(session, job, "p", "phase", "", current_phase=Phase.VALIDATION)
    data = await shown(database, job_id=job, kind=HitlType.BUDGET, reason="2 of 2 model calls are spent")
    assert isinstance(data, BudgetData)
    assert (data.spent, data.limit) == (Spend(calls=2, tokens=14, usd=1.0), Budget(calls=2))
    assert data.reason == "2 of 2 model calls are spent; nothing is written yet, so to finish now ends the job"
    assert data.estimate is not None
    assert data.estimate.model_calls == 1


async def test_calls_that_were_under_way_are_spent_when_people_are_asked(database: Database) -> None:
    job = await make_job(database, budget={"calls": 2})
    async with database.transaction() as session:
        for key in ("a", "b"):
            await calls.keep(session, job, a_call(key))
    said = "1 of 2 model calls are spent and 1 is under way"
    data = await shown(database, job_id=job, kind=HitlType.BUDGET, reason=said)
    assert isinstance(data, BudgetData)
    assert (data.spent.calls, data.reason.partition(";")[0]) == (2, "2 of 2 model calls are spent")


async def test_a_spent_budget_is_estimated_by_the_profile_less_what_is_made_of_the_present_loop(
    database: Database,
) -> None:
    job = await make_job(database, budget={"calls": 9})
    await make_evidence(database, job, a_run())
    async with database.transaction() as session:
        cases = await evidence.cases_of(session, job)
        await jobs.change(session, job, "p", "phase", "", current_phase=Phase.TDD_RED)
        asked = m.Prompt(job_id=job, kind=HitlType.BUDGET, round=1)
        before = await prompt_data(session, asked, profile=STANDARD)
        for run in range(2):
            made = a_call(f"try/without/0/{cases[0].id}/{run}/x", input_tokens=100, usd=None)
            await calls.keep(session, job, made)
        after = await prompt_data(session, asked, profile=STANDARD)
    assert isinstance(before, BudgetData) and before.estimate and isinstance(after, BudgetData) and after.estimate
    assert before.estimate == estimate(within=Phase.TDD_RED, cases=len(cases), profile=STANDARD)
    assert after.estimate.model_calls == before.estimate.model_calls - 2
    assert after.estimate.tokens == 100 * after.estimate.model_calls
    assert after.estimate.usd is None and "a price that is unknown" in after.estimate.note


async def previewed(database: Database, job: UUID, number: int, revision: int) -> PreviewData:
    """The data of one preview, which is then kept as shown."""
    data = await shown(database, job_id=job, kind=HitlType.PREVIEW, round=number, revision=revision)
    assert isinstance(data, PreviewData)
    await make_prompt(database, job, HitlType.PREVIEW, number=number, data=data, revision=revision)
    return data


async def test_a_preview_is_compared_with_what_its_reader_saw_last(database: Database) -> None:
    job = await make_job(database)
    for number, word in enumerate(("every", "each", "all", "any"), 1):
        await make_draft(database, job, n=number, text=SKILL.replace("Read every", f"Read {word}"))
    first = await previewed(database, job, 1, 2)
    second = await previewed(database, job, 2, 4)
    assert (first.against, second.against) == (1, 2)
    assert "-- Read each merged" in second.diff
    assert "+- Read any merged" in second.diff


async def test_a_revision_that_is_shown_again_is_compared_with_the_one_before_it(database: Database) -> None:
    job = await make_job(database)
    for number, word in enumerate(("every", "each"), 1):
        await make_draft(database, job, n=number, text=SKILL.replace("Read every", f"Read {word}"))
    await previewed(database, job, 1, 2)
    assert (await previewed(database, job, 2, 2)).against == 1


@pytest.mark.parametrize("kind", list(HitlType))
async def test_every_kind_of_prompt_has_a_form_and_can_be_cancelled(database: Database, kind: HitlType) -> None:
    job = await make_job(database, budget={"calls": 1})
    digest = await make_draft(database, job)
    report = await make_report(database, job, digest, passed=False)
    await make_evidence(database, job, a_run())
    async with database.transaction() as session:
        await jobs.keep_proposal(session, job, Proposal(name="Notes", description="Writes.", fixes=[FIX]))
        await understanding.keep_questions(session, job, QUESTIONS)
    data = await shown(database, job_id=job, kind=kind, revision=1, report_id=report)
    assert answers.form(kind, data)["required"] == ["action"]
    stored = data.model_dump(mode="json", by_alias=True)
    given = Answer(action="cancel", interaction_id=uuid4())
    assert answers.check(kind, stored, given) is PromptAction.CANCEL
