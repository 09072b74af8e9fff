"""How people are asked: every kind of prompt, reminders, parking, asking again. Steps are fakes; time is skipped."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.budget import Budget
from domain.job import CancelRequest, JobOptions, JobStatus, Origin
from domain.prompt import AnswerSignal, HitlType
from tests.workflows.conftest import Stage
from workflows import messages as m
from workflows.asking import alarms
from workflows.create_skill import CreateSkill

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def waits(stage: Stage) -> list[str]:
    """What happened to prompts that nobody answered."""
    kinds = ("remind", "escalate", "park", "reopen")
    return [told for told in stage.memory.told if told.startswith(kinds)]


def asked(stage: Stage) -> list[str]:
    return [told.removeprefix("ask ") for told in stage.memory.told if told.startswith("ask ")]


def test_alarms_come_in_order_and_none_after_the_prompt_is_parked() -> None:
    options = JobOptions(hitl_timeout=timedelta(hours=30), remind_after=[timedelta(hours=24), timedelta(hours=4)])
    assert [(alarm.kind, alarm.at - NOW) for alarm in reversed(alarms(options, NOW, remind=True))] == [
        ("remind", timedelta(hours=4)),
        ("remind", timedelta(hours=24)),
        ("park", timedelta(hours=30)),
    ]
    assert [alarm.kind for alarm in alarms(options, NOW, remind=False)] == ["park"]


async def test_in_37_days_people_are_reminded_the_owner_is_told_and_the_prompt_is_parked(stage: Stage) -> None:
    handle = await stage.start(max_questions=0)
    await stage.until("ask preview:1")
    await stage.env.sleep(timedelta(days=37))
    assert waits(stage) == ["remind 1", "remind 2", "escalate 3", "park"]
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
    assert (await handle.result()).status is JobStatus.COMPLETED


async def test_reopen_asks_again_and_reminds_anew(stage: Stage) -> None:
    handle = await stage.start(max_questions=0, remind_after=[timedelta(hours=4)], escalate_after=None)
    await stage.until("ask preview:1")
    await stage.env.sleep(timedelta(days=8))
    await handle.signal(CreateSkill.reopen, m.ReopenRequest(by="grace"))
    await stage.env.sleep(timedelta(days=8))
    assert waits(stage) == ["remind 1", "park", "reopen 1 by grace", "remind 2", "park"]
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
    assert (await handle.result()).status is JobStatus.COMPLETED


async def test_reopening_what_is_not_parked_leaves_its_reminders_as_they_are(stage: Stage) -> None:
    handle = await stage.start(max_questions=0, hitl_timeout=timedelta(hours=6), escalate_after=None)
    await stage.until("ask preview:1")
    await handle.signal(CreateSkill.reopen, m.ReopenRequest(by="grace"))
    await stage.env.sleep(timedelta(days=1))
    assert waits(stage) == ["remind 1", "park"]
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
    await handle.result()


async def test_a_prompt_that_is_answered_in_time_reminds_nobody(stage: Stage) -> None:
    handle = await stage.start()
    await stage.until("ask clarify:1")
    await stage.env.sleep(timedelta(hours=1))
    for kind in (HitlType.CLARIFY, HitlType.PREVIEW):
        await handle.signal(CreateSkill.answer, stage.answer_to(kind))
    await handle.result()
    assert waits(stage) == []


async def test_the_step_behind_an_answer_goes_first_and_that_of_a_job_not_begun_last(stage: Stage) -> None:
    handle = await stage.start(confirm=True)
    for kind in (HitlType.CLARIFY, HitlType.CONFIRM, HitlType.PREVIEW):
        await stage.until(f"ask {kind}:1")
        await handle.signal(CreateSkill.answer, stage.answer_to(kind))
    await handle.result()
    steps = [event.activity_task_scheduled_event_attributes for event in (await handle.fetch_history()).events]
    turns = [(step.activity_type.name, step.priority.priority_key) for step in steps if step.priority.priority_key]
    assert turns == [("refine", 4), ("summarize", 1), ("write_cases", 1), ("validate", 1)]


@pytest.mark.parametrize("auto", [False, True])
async def test_people_confirm_a_place_that_is_unsure_though_nobody_asked_to_confirm(stage: Stage, auto: bool) -> None:
    stage.memory.unsure = 1
    handle = await stage.start(max_questions=0, auto_approve=auto)
    for kind in () if auto else (HitlType.CONFIRM, HitlType.PREVIEW):
        await stage.until(f"ask {kind}:1")
        await handle.signal(CreateSkill.answer, stage.answer_to(kind))
    assert (await handle.result()).status is JobStatus.COMPLETED
    assert asked(stage) == ["confirm:1", "preview:1"]


async def test_deeper_rounds_are_asked_until_enough_is_known(stage: Stage) -> None:
    stage.memory.incomplete = 2
    handle = await stage.start(max_rounds=5)
    for kind, number in ((HitlType.CLARIFY, 1), (HitlType.DEEP_UNDERSTANDING, 1), (HitlType.DEEP_UNDERSTANDING, 2)):
        await handle.signal(CreateSkill.answer, stage.answer_to(kind, number))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
    assert (await handle.result()).status is JobStatus.COMPLETED
    assert asked(stage) == ["clarify:1", "deep_understanding:1", "deep_understanding:2", "preview:1"]


@pytest.mark.parametrize(("rounds", "silent"), [(1, False), (3, True)])
async def test_deeper_rounds_end_with_their_number_or_with_the_questions(
    stage: Stage, rounds: int, silent: bool
) -> None:
    stage.memory.incomplete, stage.memory.no_more_questions = 9, silent
    handle = await stage.start(max_rounds=rounds)
    for kind in (HitlType.CLARIFY, HitlType.PREVIEW):
        await handle.signal(CreateSkill.answer, stage.answer_to(kind))
    await handle.result()
    assert asked(stage) == ["clarify:1", "preview:1"]


async def test_a_name_that_rules_refuse_is_mended_before_anything_expensive(stage: Stage) -> None:
    stage.memory.fixes = 1
    handle = await stage.start(max_questions=0)
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.STRUCTURE_FIX, 1, "accept"))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
    await handle.result()
    told = stage.memory.told
    assert told.index("ask structure_fix:1") < told.index("fix_structure") < told.index("understanding:1")


async def test_checkpoints_show_each_half_of_the_experiment(stage: Stage) -> None:
    handle = await stage.start(max_questions=0, tdd_checkpoints=True)
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.TDD_RED, 1, "revise"))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.TDD_RED, 2))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.TDD_GREEN, 1, "revise"))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.TDD_GREEN, 2))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.TDD_REFACTOR))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
    assert (await handle.result()).revision == 2
    assert asked(stage) == ["tdd_red:1", "tdd_red:2", "tdd_green:1", "tdd_green:2", "tdd_refactor:1", "preview:1"]
    assert stage.memory.told.count("try without 0") == 2 and "revise_cases 1" in stage.memory.told


async def test_when_every_case_passes_without_the_skill_people_are_asked_whether_to_write_it(stage: Stage) -> None:
    stage.memory.passed_without = [2]
    handle = await stage.start(max_questions=0)
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.TDD_RED))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
    assert (await handle.result()).status is JobStatus.COMPLETED
    prompt = next(prompt for prompt in stage.memory.prompts.values() if prompt.kind is HitlType.TDD_RED)
    assert prompt.no_skill_needed


async def test_sharpened_cases_that_fail_go_on_by_themselves(stage: Stage) -> None:
    stage.memory.passed_without = [2, 1]
    handle = await stage.start(max_questions=0)
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.TDD_RED, 1, "edit"))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
    await handle.result()
    assert asked(stage) == ["tdd_red:1", "preview:1"]


async def test_no_skill_needed_cancelled_is_an_outcome_of_its_own(stage: Stage) -> None:
    stage.memory.passed_without = [2]
    handle = await stage.start(max_questions=0)
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.TDD_RED, 1, "cancel"))
    assert (await handle.result()).status is JobStatus.CANCELLED
    assert stage.memory.ending and stage.memory.ending.outcome == "no_skill_needed"


async def test_a_raised_budget_goes_on_where_it_stopped(stage: Stage) -> None:
    stage.memory.broke = {"write": 1}
    handle = await stage.start(max_questions=0, budget=Budget(calls=3))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.BUDGET, 1, "raise"))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
    assert (await handle.result()).status is JobStatus.COMPLETED
    assert stage.memory.told.count("write 1 from 0 (first)") == 1 and "raise_budget" in stage.memory.told


async def test_a_budget_spent_before_anything_is_written_ends_the_job_in_words(stage: Stage) -> None:
    stage.memory.broke = {"refine": 1}
    handle = await stage.start(budget=Budget(calls=1))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.BUDGET, 1, "finish"))
    assert (await handle.result()).status is JobStatus.CANCELLED
    assert stage.memory.ending and stage.memory.ending.outcome == "budget_spent"


async def test_finish_goes_on_with_what_is_there_and_asks_no_model_more(stage: Stage) -> None:
    stage.memory.broke = {"try": 0, "validate": 9}
    stage.memory.passed_with = [0]
    handle = await stage.start(max_questions=0, budget=Budget(calls=9))
    await stage.until("write 2 from 1 (counter)")
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.BUDGET, 1, "finish"))
    assert (await handle.result()).status is JobStatus.COMPLETED
    assert "validate 2 by rules alone" in stage.memory.told


async def test_a_revision_that_the_budget_forbids_leaves_the_one_before_it(stage: Stage) -> None:
    handle = await stage.start(max_questions=0, budget=Budget(calls=9))
    await stage.until("ask preview:1")
    stage.memory.broke = {"write": 1}
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW, 1, "revise"))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.BUDGET, 1, "finish"))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW, 2))
    assert (await handle.result()).revision == 1


async def test_evidence_beside_an_open_preview_asks_for_budget_only_after_it(stage: Stage) -> None:
    handle = await stage.start(max_questions=0, budget=Budget(calls=9))
    await stage.until("ask preview:1")
    stage.memory.broke = {"try": 1}
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW, 1, "revise"))
    await stage.until("ask preview:2")
    await stage.env.sleep(timedelta(minutes=1))
    assert "ask budget:1" not in stage.memory.told
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW, 2))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.BUDGET, 1, "raise"))
    assert (await handle.result()).revision == 2
    assert "try with 2" in stage.memory.told


async def test_auto_approve_finishes_with_what_is_there_when_the_budget_is_spent(stage: Stage) -> None:
    stage.memory.broke = {"validate": 99}
    handle = await stage.start(auto_approve=True, budget=Budget(calls=9))
    assert (await handle.result()).status is JobStatus.COMPLETED
    assert asked(stage)[-1] == "budget:1"


async def test_a_late_answer_and_an_unreadable_one_are_refused_on_record(stage: Stage) -> None:
    handle = await stage.start()
    late = stage.answer_to(HitlType.CLARIFY)
    await handle.signal(CreateSkill.answer, late)
    await stage.until("ask preview:1")
    await handle.signal(CreateSkill.answer, late.model_copy(update={"responded_by": "bob"}))
    await handle.signal("answer", ["no", "object"])
    await handle.signal("answer", {"interaction_id": "no-uuid", "action": "proceed"})
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
    assert (await handle.result()).status is JobStatus.COMPLETED
    refused = [told for told in stage.memory.told if told.startswith("refuse")]
    assert len(refused) == 3 and refused[0] == "refuse proceed"


async def test_the_same_delivery_twice_is_silent(stage: Stage) -> None:
    handle = await stage.start()
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.CLARIFY))
    await stage.until("ask preview:1")
    key = stage.memory.prompt_id(stage.job_id, HitlType.CLARIFY, 1)
    await handle.signal(CreateSkill.answer, AnswerSignal(interaction_id=key))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW))
    await handle.result()
    assert not [told for told in stage.memory.told if told.startswith("refuse")]


async def test_a_job_goes_on_from_the_revision_of_another(stage: Stage) -> None:
    handle = await stage.start(origin=Origin(job_id=uuid4(), revision=4))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW, 1, "revise"))
    await handle.signal(CreateSkill.answer, stage.answer_to(HitlType.PREVIEW, 2))
    assert (await handle.result()).revision == 2
    told = stage.memory.told
    assert told.index("adopt") < told.index("draft 1") < told.index("ask preview:1")
    assert "write 2 from 1 (answer)" in told and "refinement:1" not in told


@pytest.mark.parametrize("kind", ["clarify:1", "tdd_red:1", "tdd_green:1", "tdd_refactor:1", "preview:1", "validate:1"])
async def test_a_job_can_be_cancelled_at_every_prompt(stage: Stage, kind: str) -> None:
    stage.memory.verdicts = [False]
    handle = await stage.start(tdd_checkpoints=True)
    for earlier in (HitlType.CLARIFY, HitlType.TDD_RED, HitlType.TDD_GREEN, HitlType.TDD_REFACTOR, HitlType.PREVIEW):
        if str(earlier) == kind.split(":")[0]:
            break
        await handle.signal(CreateSkill.answer, stage.answer_to(earlier))
    await stage.until(f"ask {kind}")
    await handle.signal(CreateSkill.cancel, CancelRequest(by="ada", reason="not needed"))
    assert (await handle.result()).status is JobStatus.CANCELLED
    assert stage.memory.ending and stage.memory.ending.by == "ada"
