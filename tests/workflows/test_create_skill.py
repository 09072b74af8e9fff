"""How a job flows: order, loops, waiting for people, trouble, and honest ends. Steps are fakes; time is skipped."""

from datetime import timedelta

import pytest
from temporalio.client import WorkflowFailureError

from domain.job import CancelRequest, JobStatus
from domain.prompt import AnswerSignal, HitlType
from tests.workflows.conftest import Stage
from workflows import messages as m
from workflows import promote_messages as pm
from workflows.create_skill import CreateSkill
from workflows.promote_skill import PromoteSkill
from workflows.steps import WORKFLOWS


async def test_phases_come_in_order_and_prompts_answer_themselves_when_asked_to(stage: Stage) -> None:
    outcome = await (await stage.start(auto_approve=True)).result()
    assert outcome.status is JobStatus.COMPLETED
    phases = [told for told in stage.memory.told if told.endswith(":1") and not told.startswith("ask")]
    assert phases == [
        f"{phase}:1"
        for phase in (
            "refinement",
            "understanding",
            "planning",
            "tdd_red",
            "generation",
            "tdd_refactor",
            "preview",
            "validation",
        )
    ]
    assert stage.memory.told[-1] == "finish completed"


async def test_answers_sent_before_their_prompts_open_are_kept(stage: Stage) -> None:
    handle = await stage.start()
    for kind in (HitlType.PREVIEW, HitlType.CLARIFY):
        await handle.signal(CreateSkill.answer, stage.answer_to(kind))
    assert (await handle.result()).status is JobStatus.COMPLETED


async def test_a_job_waits_37_days_parked_and_goes_on_when_answered(stage: Stage) -> None:
    handle = await stage.start(max_questions=0, hitl_timeout=timedelta(days=7))
    await stage.until("ask preview:1")
    await stage.env.sleep(timedelta(days=37))
    assert stage.memory.told.count("park") == 1
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
    assert (await handle.result()).status is JobStatus.COMPLETED


async def test_twelve_rounds_of_revision_each_write_once(stage: Stage) -> None:
    handle = await stage.start(max_questions=0)
    for number in range(1, 13):
        await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW, number, "revise"))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW, 13))
    outcome = await handle.result()
    assert outcome.revision == 13
    written = [told for told in stage.memory.told if told.startswith("write")]
    assert written == ["write 1 from 0 (first)", *(f"write {n + 1} from {n} (answer)" for n in range(1, 13))]


async def test_the_evidence_of_the_approved_revision_ends_before_the_job_does(stage: Stage) -> None:
    handle = await stage.start(max_questions=0)
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW, 1, "revise"))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW, 2))
    await handle.result()
    assert stage.memory.told.index("try with 2") < stage.memory.told.index("finish completed")


async def test_a_counter_revision_is_written_when_cases_still_fail(stage: Stage) -> None:
    stage.memory.passed_with = [1, 2]
    outcome = await (await stage.start(auto_approve=True)).result()
    assert "write 2 from 1 (counter)" in stage.memory.told and outcome.revision == 2


async def test_a_counter_revision_that_does_worse_is_not_kept(stage: Stage) -> None:
    stage.memory.passed_with = [1, 0]
    outcome = await (await stage.start(auto_approve=True)).result()
    assert outcome.revision == 1 and stage.memory.told.count("draft 1") == 2


async def test_findings_are_fixed_twice_by_itself_then_the_job_fails_with_the_report(stage: Stage) -> None:
    stage.memory.verdicts = [False, False, False]
    outcome = await (await stage.start(auto_approve=True)).result()
    assert outcome.status is JobStatus.FAILED
    assert stage.memory.ending and "Validation still fails" in (stage.memory.ending.error or "")


async def test_fix_issues_asks_for_no_second_preview(stage: Stage) -> None:
    stage.memory.verdicts = [False]
    handle = await stage.start(max_questions=0)
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.VALIDATE, 1, "revise"))
    assert (await handle.result()).revision == 2
    assert [told for told in stage.memory.told if told.startswith("ask preview")] == ["ask preview:1"]


async def test_a_waiver_ends_validation(stage: Stage) -> None:
    stage.memory.verdicts = [False]
    handle = await stage.start(max_questions=0)
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.VALIDATE, 1, "waive"))
    assert (await handle.result()).status is JobStatus.COMPLETED
    assert "waive" in stage.memory.told


async def test_a_refused_answer_never_shadows_a_good_one(stage: Stage) -> None:
    handle = await stage.start(max_questions=0)
    await handle.signal(CreateSkill.answer, AnswerSignal(responded_by="bob"))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
    assert (await handle.result()).status is JobStatus.COMPLETED


async def test_what_only_a_person_can_mend_parks_the_job_until_retry(stage: Stage) -> None:
    stage.memory.trouble = ["the key was refused"]
    handle = await stage.start(auto_approve=True)
    await stage.until("problem the key was refused")
    await handle.signal(CreateSkill.retry, m.RetryRequest(by="ada"))
    assert (await handle.result()).status is JobStatus.COMPLETED
    assert "resume" in stage.memory.told


async def test_a_full_disk_parks_the_job_and_loses_nothing(stage: Stage) -> None:
    stage.memory.disk = ["no space left"]
    handle = await stage.start(auto_approve=True)
    await stage.until("problem no space left")
    await handle.signal(CreateSkill.retry, m.RetryRequest(by="ada"))
    assert (await handle.result()).status is JobStatus.COMPLETED
    assert stage.memory.told.count("write 1 from 0 (first)") == 1 and "draft 1" in stage.memory.told


async def test_cancel_names_who_and_why(stage: Stage) -> None:
    handle = await stage.start()
    await handle.signal(CreateSkill.cancel, CancelRequest(by="ada", reason="not needed"))
    assert (await handle.result()).status is JobStatus.CANCELLED
    assert stage.memory.ending and stage.memory.ending.reason == "not needed"


async def test_cancel_while_parked_on_a_problem_ends_the_job(stage: Stage) -> None:
    stage.memory.trouble = ["the key was refused"]
    handle = await stage.start(auto_approve=True)
    await stage.until("problem the key was refused")
    await handle.signal(CreateSkill.cancel, CancelRequest(by="ada"))
    assert (await handle.result()).status is JobStatus.CANCELLED


async def test_options_promote_publishes_before_the_job_is_completed(stage: Stage) -> None:
    await (await stage.start(auto_approve=True, promote=True)).result()
    assert stage.memory.told[-3:] == ["publish files", "publish rows", "finish completed"]


async def test_a_promotion_whose_rows_fail_takes_the_files_back_and_never_fails_the_job(stage: Stage) -> None:
    stage.library.rows_fail = True
    assert (await (await stage.start(auto_approve=True, promote=True)).result()).status is JobStatus.COMPLETED
    assert "undo: the row is locked" in stage.memory.told


async def test_a_promotion_alone_fails_loudly_when_its_rows_fail(stage: Stage) -> None:
    stage.library.rows_fail = True
    request = pm.PromoteRequest(job_id=stage.job_id, by="ada")
    with pytest.raises(WorkflowFailureError):
        await stage.client.execute_workflow(PromoteSkill.run, request, id=f"p-{stage.job_id}", task_queue=WORKFLOWS)


@pytest.mark.parametrize(
    ("rounds", "held"),
    [
        ([(True, True), (True, True), (True, False)], 4),
        ([(True, True), (False, False)], 2),
        ([(False, False)], 1),
        ([(True, False)], 2),
    ],
)
async def test_failing_cases_are_answered_as_long_as_a_round_is_worth_another(
    stage: Stage, rounds: list[tuple[bool, bool]], held: int
) -> None:
    stage.memory.rounds = list(rounds)
    stage.memory.passed_with = [0] + [1] * len(rounds)
    outcome = await (await stage.start(auto_approve=True)).result()
    told = stage.memory.told
    assert [line for line in told if line.startswith("round")] == [
        f"round {number}: {number + 1} against {number}" for number in range(1, len(rounds) + 1)
    ]
    assert [line for line in told if line.startswith("write")] == [
        "write 1 from 0 (first)",
        *(f"write {number + 1} from {number} (counter)" for number in range(1, len(rounds) + 1)),
    ]
    assert outcome.revision == held
    assert [line for line in told if line.startswith("draft")][-1] == f"draft {held}"


@pytest.mark.parametrize(("harmed", "held"), [(True, 2), (False, 1)])
async def test_harm_to_a_case_that_passes_without_the_skill_is_answered_though_all_others_pass(
    stage: Stage, harmed: bool, held: int
) -> None:
    stage.memory.harmed, stage.memory.rounds = harmed, [(True, False)]
    outcome = await (await stage.start(auto_approve=True)).result()
    written = [line for line in stage.memory.told if line.startswith("write")]
    assert written == ["write 1 from 0 (first)", "write 2 from 1 (counter)"][:held]
    assert outcome.revision == held
