"""One night of re-evaluation: each published skill that was proven with another agent model is tried again.

Started by the schedule `reevaluate` (`reevaluation.py`). Which skills are due, and how many of them, a step decides.
"""

from datetime import timedelta
from uuid import UUID

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    import workflows.evaluation_messages as em
    from domain.job import Evaluates, JobOptions, JobStatus, StartJob
    from workflows.attributes import STATUS, USER
    from workflows.evaluate_skill import EvaluateSkill
    from workflows.evaluation_steps import Reviewing
    from workflows.steps import FILES

BY = "skill-fleet"
"""Whose jobs these are."""

MOST_CALLS = 300
"""The model calls that one evaluation of a night may spend, for nobody watches it. The largest that is expected takes
some 220 (docs/evidence.md, "Evaluating again"); what is cut off is told as partial, and the verdict is then fix."""

PATIENCE = timedelta(minutes=30)
"""How long one evaluation is waited for before the next begins: one that is parked holds up no other."""


@workflow.defn(name="EvaluateLibrary")
class EvaluateLibrary:
    """One night, `reevaluate-{time}`."""

    @workflow.run
    async def run(self) -> em.Night:
        """One after the other, so that people's own jobs find the provider free; each goes on if the night ends."""
        due = await workflow.execute_activity_method(Reviewing.due, summary="find what is due", **FILES)
        started: list[UUID] = []
        ended = 0
        for skill in due.skills:
            job_id = workflow.uuid4()
            started.append(job_id)
            ended += await evaluated(job_id, skill)
            workflow.set_current_details(f"{len(started)} of {len(due.skills)} begun, {ended} ended")
        return em.Night(started=started, ended=ended)


async def evaluated(job_id: UUID, skill: em.DueSkill) -> bool:
    """Start one evaluation and wait a while for its end; False when it goes on, or failed."""
    start = StartJob(
        job_id=job_id,
        user_id=BY,
        task_description=f"Evaluate {skill.name} {skill.version} again with {skill.model}",
        options=JobOptions.model_validate({"auto_approve": True, "budget": {"calls": MOST_CALLS}}),
        evaluates=Evaluates(name=skill.name, version=skill.version, model=skill.model, reason="schedule"),
    )
    job = await workflow.start_child_workflow(
        EvaluateSkill.run,
        start,
        id=f"evaluate-skill:{job_id}",
        parent_close_policy=ParentClosePolicy.ABANDON,
        static_summary=f"Evaluate `{skill.name}` again",
        search_attributes=TypedSearchAttributes(
            [SearchAttributePair(USER, BY), SearchAttributePair(STATUS, JobStatus.PENDING.value)]
        ),
    )
    done, _ = await workflow.wait([job], timeout=PATIENCE.total_seconds())
    return bool(done) and job.exception() is None
