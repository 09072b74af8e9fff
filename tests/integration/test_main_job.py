"""The main job on real parts, the model provider apart: from a sentence to a published skill."""

import asyncio
from uuid import UUID, uuid4

import pytest
import skills_ref
from temporalio.client import WorkflowFailureError

from domain.evaluation import Arm
from domain.job import CancelRequest, JobStatus, Phase, Source
from domain.prompt import AnswerSignal, HitlType
from domain.skill import SKILL_FILE
from store import evidence, jobs, skills, understanding
from tests.support.fleet import TASK, Fleet
from tests.support.provider import FaultKind
from workflows import messages as m
from workflows import promote_messages as pm
from workflows.create_skill import CreateSkill
from workflows.promote_skill import PromoteSkill
from workflows.steps import WORKFLOWS

INVALID = "---\nname: wrong-name\n---\n\n# Nothing\n\nTODO: write this.\n"


async def promote(fleet: Fleet, request: pm.PromoteRequest) -> m.Outcome:
    """Promote as the API does."""
    name = f"promote-skill:{request.job_id}"
    return await fleet.client.execute_workflow(PromoteSkill.run, request, id=name, task_queue=WORKFLOWS)


async def test_a_sentence_becomes_a_published_skill_without_a_person(fleet: Fleet) -> None:
    job_id = await fleet.start(auto_approve=True, promote=True)
    outcome = await fleet.outcome(job_id)
    job = await fleet.job(job_id)
    assert outcome.status is JobStatus.COMPLETED, job.error
    assert job.promoted and job.final_path == outcome.path
    assert skills_ref.validate(fleet.library / job.final_path) == []
    assert "Acme CLI" in (fleet.library / job.final_path / SKILL_FILE).read_text()
    assert not (fleet.library / "_drafts" / str(job_id)).exists()
    assert {item.responded_by for item in await fleet.interactions(job_id)} == {"auto_approve"}
    assert job.progress_percent == 100 and job.result.usage and job.result.usage.models == ["openai/stand-in"]


async def test_one_at_a_time_three_rounds_have_one_question_each_about_different_things(fleet: Fleet) -> None:
    fleet.provider.when(field="ready").answer(False)
    job_id = await fleet.start(one_at_a_time=True, max_rounds=3, confirm=True, style="minimal")
    asked, last = [], None
    for kind in (HitlType.CLARIFY, HitlType.DEEP_UNDERSTANDING, HitlType.DEEP_UNDERSTANDING):
        [question] = (await fleet.prompt(job_id, kind, after=last)).prompt_data["questions"]
        asked.append(question["text"])
        last = await fleet.answer(job_id, kind, after=last, answers={question["id"]: f"answer {len(asked)}"})
    assert (await fleet.prompt(job_id, HitlType.CONFIRM)).prompt_data["style"] == "minimal"
    async with fleet.database.transaction() as session:
        known = await understanding.view(session, job_id)
    assert len(set(asked)) == 3
    assert [(item.question, item.answer) for item in known.answers] == [
        (text, f"answer {number}") for number, text in enumerate(asked, 1)
    ]
    assert [question.round for question in known.questions] == [1, 2, 3]


async def test_each_phase_is_told_once_in_order_and_seq_has_no_gap(fleet: Fleet) -> None:
    job_id = await fleet.start(auto_approve=True)
    await fleet.outcome(job_id)
    events = await fleet.events(job_id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    phases = [event.phase for event in events if event.type == "phase"]
    assert phases == [phase for phase in Phase if phase is not Phase.PROMOTION]
    assert [event.progress for event in events] == sorted(event.progress for event in events)
    assert events[-1].type == "completed" and events[-1].progress == 100


async def test_questions_answers_preview_approval_and_promotion_by_people(fleet: Fleet) -> None:
    job_id = await fleet.start(max_questions=3)
    asked = (await fleet.prompt(job_id, HitlType.CLARIFY)).prompt_data["questions"]
    assert 2 <= len(asked) <= 3
    answers = {question["id"]: "you decide" for question in asked}
    answers[asked[0]["id"]] = "At most 300 words, in Markdown"
    await fleet.answer(job_id, HitlType.CLARIFY, answers=answers)
    preview = (await fleet.prompt(job_id, HitlType.PREVIEW)).prompt_data
    assert "At most 300 words, in Markdown" in preview["content"]
    assert preview["evidence"]["n"] > 0 and preview["revision"] >= 1
    draft = await fleet.job(job_id)
    assert draft.draft_path and (fleet.library / draft.draft_path / SKILL_FILE).read_text() == preview["content"]
    await fleet.answer(job_id, HitlType.PREVIEW)
    assert (await fleet.outcome(job_id)).status is JobStatus.COMPLETED
    job = await fleet.job(job_id)
    assert job.validation_passed and not job.promoted and job.result.understanding_summary

    done = await promote(fleet, pm.PromoteRequest(job_id=job_id, by="ada"))
    again = await promote(fleet, pm.PromoteRequest(job_id=job_id, by="ada"))
    assert done.path == again.path == (await fleet.job(job_id)).final_path
    async with fleet.database.transaction() as session:
        listed = await skills.listed(session)
    assert [skill.path for skill in listed] == [done.path]
    assert (await fleet.job(job_id)).status is JobStatus.COMPLETED


async def test_both_arms_really_run_and_every_verdict_has_its_reason(fleet: Fleet) -> None:
    job_id = await fleet.start(auto_approve=True)
    await fleet.outcome(job_id)
    async with fleet.database.transaction() as session:
        runs = await evidence.runs_of(session, job_id)
        cases = await evidence.cases_of(session, job_id)
    assert {run.arm for run in runs} == {Arm.WITH, Arm.WITHOUT}
    assert len([run for run in runs if run.arm is Arm.WITHOUT]) == len(cases) > 0
    assert all(checked.reason for run in runs for checked in run.checked)
    tried = [call for call in fleet.provider.calls() if cases[0].prompt in call.text]
    assert len(tried) >= 2


async def test_feedback_makes_a_new_revision_and_the_rest_stays(fleet: Fleet) -> None:
    job_id = await fleet.start(max_questions=0)
    first = (await fleet.prompt(job_id, HitlType.PREVIEW)).prompt_data
    feedback = "Add more examples to the Quick Start section"
    answered = await fleet.answer(job_id, HitlType.PREVIEW, "revise", feedback=feedback)
    second = (await fleet.prompt(job_id, HitlType.PREVIEW, after=answered)).prompt_data
    assert second["diff"] and "Quick Start" in " ".join(item["section"] for item in second["highlights"])
    headings = [line for line in first["content"].splitlines() if line.startswith("## ")]
    assert headings == [line for line in second["content"].splitlines() if line.startswith("## ")]
    assert (await fleet.job(job_id)).feedback == [feedback]
    await fleet.answer(job_id, HitlType.PREVIEW)
    assert (await fleet.outcome(job_id)).status is JobStatus.COMPLETED
    measured = (await fleet.job(job_id)).result.evidence
    assert measured and measured.status == "measured"


async def test_an_edit_that_breaks_the_format_is_found_and_fix_issues_mends_it(fleet: Fleet) -> None:
    job_id = await fleet.start(max_questions=0)
    edited = await fleet.answer(job_id, HitlType.PREVIEW, "edit", content=INVALID)
    assert (await fleet.prompt(job_id, HitlType.PREVIEW, after=edited)).prompt_data["content"] == INVALID
    await fleet.answer(job_id, HitlType.PREVIEW)
    report = (await fleet.prompt(job_id, HitlType.VALIDATE)).prompt_data
    job = await fleet.job(job_id)
    assert job.status is JobStatus.PENDING_REVIEW and job.hitl_type is HitlType.VALIDATE
    assert any("description" in (finding["field"] or "") for finding in report["findings"])
    await fleet.answer(job_id, HitlType.VALIDATE, "edit", content=good_skill(await name_of(fleet, job_id)))
    assert (await fleet.outcome(job_id)).status is JobStatus.COMPLETED
    assert (await fleet.job(job_id)).validation_passed


async def name_of(fleet: Fleet, job_id: UUID) -> str:
    async with fleet.database.transaction() as session:
        return (await jobs.plan_of(session, job_id)).name


def good_skill(name: str) -> str:
    return f"---\nname: {name}\ndescription: Does it. Use when asked.\n---\n\n# It\n\n{TASK}: Added, Fixed, Breaking.\n"


async def test_fix_issues_regenerates_the_frontmatter(fleet: Fleet) -> None:
    job_id = await fleet.start(max_questions=0)
    shown = (await fleet.prompt(job_id, HitlType.PREVIEW)).prompt_data["content"]
    broken = shown.replace("description:", "about:", 1)
    edited = await fleet.answer(job_id, HitlType.PREVIEW, "edit", content=broken)
    await fleet.answer(job_id, HitlType.PREVIEW, after=edited)
    await fleet.answer(job_id, HitlType.VALIDATE, "revise")
    assert (await fleet.outcome(job_id)).status is JobStatus.COMPLETED
    assert (await fleet.job(job_id)).validation_passed
    assert len([item for item in await fleet.interactions(job_id) if item.interaction_type is HitlType.PREVIEW]) == 2


async def test_a_waiver_names_person_and_reason_and_allows_promotion(fleet: Fleet) -> None:
    job_id = await fleet.start(max_questions=0)
    edited = await fleet.answer(job_id, HitlType.PREVIEW, "edit", content=INVALID)
    await fleet.answer(job_id, HitlType.PREVIEW, after=edited)
    await fleet.answer(job_id, HitlType.VALIDATE, "waive", reason="a try-out")
    assert (await fleet.outcome(job_id)).status is JobStatus.COMPLETED
    job = await fleet.job(job_id)
    async with fleet.database.transaction() as session:
        report = await evidence.last_report(session, job_id, job.result.digest or "")
    assert report and report.waived == {"by": "ada", "reason": "a try-out", "findings": None}
    assert (await promote(fleet, pm.PromoteRequest(job_id=job_id, by="ada"))).path


async def test_a_waiver_must_name_the_errors_that_stand(fleet: Fleet) -> None:
    job_id = await fleet.start(max_questions=0)
    edited = await fleet.answer(job_id, HitlType.PREVIEW, "edit", content=INVALID)
    await fleet.answer(job_id, HitlType.PREVIEW, after=edited)
    await fleet.answer(job_id, HitlType.VALIDATE, "waive", reason="why not", findings=["nope"])
    await fleet.answer(job_id, HitlType.VALIDATE, "cancel")
    assert (await fleet.outcome(job_id)).status is JobStatus.CANCELLED
    refused = [event.message for event in await fleet.events(job_id) if event.type == "answer_refused"]
    assert len(refused) == 1 and "nope" in refused[0]


async def test_hostile_characters_in_signals_and_answers_stop_nothing(fleet: Fleet) -> None:
    job_id = await fleet.start(max_questions=2)
    asked = (await fleet.prompt(job_id, HitlType.CLARIFY)).prompt_data["questions"]
    given = {question["id"]: "a\x00b" for question in asked}
    await fleet.answer(job_id, HitlType.CLARIFY, answers=given, responded_by="ada\x00")
    await fleet.prompt(job_id, HitlType.PREVIEW)
    await fleet.handle(job_id).signal(CreateSkill.cancel, CancelRequest(reason="no\x00ne", by="a\x00da"))
    assert (await fleet.outcome(job_id)).status is JobStatus.CANCELLED
    assert (await fleet.job(job_id)).status is JobStatus.CANCELLED


async def test_a_job_that_is_not_ended_is_not_promoted(fleet: Fleet) -> None:
    job_id = await fleet.start(max_questions=0)
    await fleet.prompt(job_id, HitlType.PREVIEW)
    with pytest.raises(WorkflowFailureError):
        await promote(fleet, pm.PromoteRequest(job_id=job_id, by="ada"))
    assert not (await fleet.job(job_id)).promoted
    assert "promotion_failed" in [event.type for event in await fleet.events(job_id)]


async def test_a_plan_is_confirmed_or_revised_before_anything_is_written(fleet: Fleet) -> None:
    job_id = await fleet.start(max_questions=0, confirm=True)
    asked = await fleet.answer(job_id, HitlType.CONFIRM, "revise", feedback="Call it acme-notes")
    assert (await fleet.prompt(job_id, HitlType.CONFIRM, after=asked)).round_number == 2
    assert any("acme-notes" in call.text for call in fleet.provider.calls())
    await fleet.answer(job_id, HitlType.CONFIRM)
    assert (await fleet.prompt(job_id, HitlType.PREVIEW)).prompt_data["revision"] >= 1


async def test_an_answer_without_a_prompt_id_means_the_open_prompt(fleet: Fleet) -> None:
    job_id = await fleet.start(max_questions=0)
    await fleet.prompt(job_id, HitlType.PREVIEW)
    await fleet.handle(job_id).signal(CreateSkill.answer, AnswerSignal(action="proceed", responded_by="grace"))
    assert (await fleet.outcome(job_id)).status is JobStatus.COMPLETED
    assert (await fleet.interactions(job_id))[-1].responded_by == "grace"


async def test_an_illegal_answer_is_refused_and_a_legal_one_still_counts(fleet: Fleet) -> None:
    job_id = await fleet.start()
    await fleet.answer(job_id, HitlType.CLARIFY, answers={})
    await fleet.answer(job_id, HitlType.CLARIFY, "waive")
    await fleet.handle(job_id).signal(CreateSkill.answer, AnswerSignal(interaction_id=uuid4(), action="proceed"))
    await fleet.answer(job_id, HitlType.CLARIFY)
    await fleet.prompt(job_id, HitlType.PREVIEW)
    refused = [event.message for event in await fleet.events(job_id) if event.type == "answer_refused"]
    assert len(refused) == 2 and "Not answered yet" in refused[0] and "not an action" in refused[1]


async def test_the_same_answer_twice_is_applied_once(fleet: Fleet) -> None:
    job_id = await fleet.start(max_questions=0)
    row = await fleet.prompt(job_id, HitlType.PREVIEW)
    given = AnswerSignal(interaction_id=row.interaction_id, action="revise", feedback="Shorter", responded_by="ada")
    await asyncio.gather(*(fleet.handle(job_id).signal(CreateSkill.answer, given) for _ in range(5)))
    await fleet.answer(job_id, HitlType.PREVIEW, after=row.interaction_id)
    await fleet.outcome(job_id)
    answered = [event for event in await fleet.events(job_id) if event.type == "answered"]
    assert len(answered) == 2


async def test_cancel_aborts_the_model_call_in_flight_and_keeps_what_exists(fleet: Fleet) -> None:
    fleet.provider.when(field="steps").fail(FaultKind.HANG, times=1)
    job_id = await fleet.start(auto_approve=True)
    await fleet.provider.until(
        lambda calls: any(call.outcome == "open" and "steps" in call.fields for call in calls), 30
    )
    await fleet.handle(job_id).signal(CreateSkill.cancel, CancelRequest(reason="not needed", by="ada"))
    assert (await fleet.outcome(job_id)).status is JobStatus.CANCELLED
    job = await fleet.job(job_id)
    assert job.status is JobStatus.CANCELLED and "ada" in job.progress_message and "not needed" in job.progress_message
    await fleet.provider.until(lambda calls: any(call.disconnected for call in calls), 5)


async def test_cancel_from_temporal_itself_is_an_honest_end_too(fleet: Fleet) -> None:
    job_id = await fleet.start(max_questions=0)
    await fleet.prompt(job_id, HitlType.PREVIEW)
    await fleet.handle(job_id).cancel()
    assert (await fleet.outcome(job_id)).status is JobStatus.CANCELLED
    assert (await fleet.interactions(job_id))[-1].status == "cancelled"


async def test_an_answer_may_cancel_the_job(fleet: Fleet) -> None:
    job_id = await fleet.start()
    await fleet.answer(job_id, HitlType.CLARIFY, "cancel")
    assert (await fleet.outcome(job_id)).status is JobStatus.CANCELLED


async def test_a_refused_key_parks_the_job_until_someone_retries(fleet: Fleet) -> None:
    fleet.provider.fail(FaultKind.UNAUTHORIZED, times=1)
    job_id = await fleet.start(auto_approve=True)
    job = await fleet.parked(job_id)
    assert job.status is JobStatus.RUNNING and job.error and "SKILL_FLEET_MODEL_API_KEY" in job.error
    await fleet.handle(job_id).signal(CreateSkill.retry, m.RetryRequest(by="ada"))
    assert (await fleet.outcome(job_id)).status is JobStatus.COMPLETED
    assert (await fleet.job(job_id)).error is None


async def test_answers_in_no_usable_form_are_told_and_paid_answers_are_not_paid_again(fleet: Fleet) -> None:
    fleet.provider.when(field="steps").fail(FaultKind.PROSE, times=3)
    job_id = await fleet.start(auto_approve=True)
    assert "SKILL_FLEET_MODEL" in ((await fleet.parked(job_id)).error or "")
    await fleet.handle(job_id).signal(CreateSkill.retry, m.RetryRequest(by="ada"))
    assert (await fleet.outcome(job_id)).status is JobStatus.COMPLETED
    usage = (await fleet.job(job_id)).result.usage
    assert usage and usage.calls == fleet.provider.ledger().total


async def test_a_rate_limit_waits_as_long_as_the_provider_says(fleet: Fleet) -> None:
    fleet.provider.fail(FaultKind.RATE_LIMIT, times=1, seconds=2)
    job_id = await fleet.start(auto_approve=True)
    assert (await fleet.outcome(job_id)).status is JobStatus.COMPLETED
    first, second = fleet.provider.calls()[:2]
    assert (second.started_at - first.started_at).total_seconds() >= 2


async def test_sources_reach_the_author_as_labelled_data(fleet: Fleet) -> None:
    notes = Source(name="notes.md", content="The release train leaves on Tuesdays.")
    job_id = await fleet.start(auto_approve=True, sources=[notes])
    await fleet.outcome(job_id)
    told = [call.text for call in fleet.provider.calls() if "leaves on Tuesdays" in call.text]
    assert told and all("notes.md" in text for text in told)


async def test_two_jobs_that_want_one_name_get_two(fleet: Fleet) -> None:
    both = [await fleet.start(auto_approve=True, promote=True) for _ in range(2)]
    paths = {(await fleet.outcome(job_id)).path for job_id in both}
    assert len(paths) == 2 and all((fleet.library / path / SKILL_FILE).exists() for path in paths)


async def test_a_parked_prompt_can_still_be_answered(fleet: Fleet) -> None:
    job_id = await fleet.start(max_questions=0, hitl_timeout="PT0.2S")
    assert (await fleet.parked(job_id)).hitl_type is HitlType.PREVIEW
    await fleet.answer(job_id, HitlType.PREVIEW)
    assert (await fleet.outcome(job_id)).status is JobStatus.COMPLETED
    assert (await fleet.job(job_id)).parked_at is None


async def test_nothing_of_the_texts_is_in_the_history(fleet: Fleet) -> None:
    job_id = await fleet.start(max_questions=2)
    asked = (await fleet.prompt(job_id, HitlType.CLARIFY)).prompt_data["questions"]
    await fleet.answer(job_id, HitlType.CLARIFY)
    content = (await fleet.prompt(job_id, HitlType.PREVIEW)).prompt_data["content"]
    await fleet.answer(job_id, HitlType.PREVIEW)
    await fleet.outcome(job_id)
    history = (await fleet.handle(job_id).fetch_history()).to_json()
    assert asked[0]["text"] not in history and content.splitlines()[-1] not in history
    assert ((await fleet.handle(job_id).describe()).raw_description.workflow_execution_info.history_size_bytes) < 60_000


async def test_readiness_and_answers_are_on_record(fleet: Fleet) -> None:
    job_id = await fleet.start(max_questions=2)
    await fleet.answer(job_id, HitlType.CLARIFY)
    await fleet.prompt(job_id, HitlType.PREVIEW)
    async with fleet.database.transaction() as session:
        brief = await understanding.brief_of(session, job_id)
    assert brief.understanding and brief.decisions == []
