"""One night of retention: count what is too old, show it, and only where it is switched on let it go, kind by kind.

Started by the schedule `retention` (`nightly.py`). What goes, and how old it must be, the steps decide.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    import domain.retention as r
    import workflows.steps as steps
    from domain.job import CancelRequest
    from workflows.create_skill import CreateSkill

MOST_BATCHES = 300
"""Batches of one kind in one night, so that the history stays small; the rest goes the next night."""

BY = "retention"
"""Who cancels a parked job."""

EVALUATIONS = "jobs-that-evaluate"
"""Patch since 0.5.0: a job without a workflow of the one kind may have one of the other."""

Step = Callable[[Any, r.Batch], Awaitable[r.Gone]]


@workflow.defn(name="Retention")
class Retention:
    """One night, `retention-{time}`."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self.gone: list[r.Gone] = []

    @workflow.run
    async def run(self) -> r.Report:
        """Count first, whatever is switched on; then each kind, so that the trouble of one leaves the others alone."""
        survey = await workflow.execute_activity_method(
            steps.Retention.survey, summary="count what is too old", **steps.RETENTION
        )
        self.show(survey)
        for found in survey.found:
            if found.goes or survey.mode is r.Mode.ON:
                self.gone.append(await self.kind(found))
                self.show(survey)
        return r.Report(survey=survey, gone=self.gone)

    async def kind(self, found: r.Found) -> r.Gone:
        """All of one kind that was found, or why not all of it."""
        first = r.Batch(kind=found.kind, before=found.before)
        if found.kind is r.Kind.PARKED_JOBS:
            return await self.cancel_parked(first)
        forget = steps.Retention.forget
        gone = await self.batches(forget, first, steps.RETENTION, f"remove old {found.kind}")
        if found.kind is not r.Kind.DRAFTS or gone.error:
            return gone
        # Also when no row was found: a folder may be left from a night that was cut off.
        folders = steps.Retention.remove_folders
        return gone.and_then(await self.batches(folders, first, steps.RETENTION_FILES, "remove their files"))

    async def batches(self, step: Step, batch: r.Batch, options: steps.StepOptions, summary: str) -> r.Gone:
        """Batch after batch until nothing is left, or it is enough for one night."""
        gone = r.Gone(kind=batch.kind)
        for _ in range(MOST_BATCHES):
            try:
                done = await workflow.execute_activity_method(step, batch, summary=summary, **options)
            except ActivityError as failure:
                return _stopped(gone, failure)
            gone = gone.and_then(done)
            if not gone.more:
                break
            batch = batch.model_copy(update={"after": done.after})
        return gone

    async def cancel_parked(self, batch: r.Batch) -> r.Gone:
        """Ask each job that nobody came for to end, as a person would; its own workflow writes its end."""
        gone = r.Gone(kind=batch.kind)
        for _ in range(MOST_BATCHES):
            try:
                overdue = await workflow.execute_activity_method(
                    steps.Retention.overdue, batch, summary="find jobs that nobody came for", **steps.RETENTION
                )
            except ActivityError as failure:
                return _stopped(gone, failure)
            asked = [await _cancel(job_id, overdue.reason) for job_id in overdue.jobs]
            done = r.Gone(kind=batch.kind, jobs=sum(asked), kept=len(asked) - sum(asked), more=overdue.more)
            gone = gone.and_then(done)
            if not gone.more:
                break
            batch = batch.model_copy(update={"after": overdue.after})
        return gone

    def show(self, survey: r.Survey) -> None:
        """The survey and what went, for who looks into the Temporal Web UI."""
        workflow.set_current_details(described(survey, self.gone))


async def _cancel(job_id: UUID, reason: str) -> bool:
    """Send the signal; False when the job's workflow is gone: then the api's reconciler writes the job's end."""
    if await _asked(f"create-skill:{job_id}", reason):
        return True
    return workflow.patched(EVALUATIONS) and await _asked(f"evaluate-skill:{job_id}", reason)


async def _asked(workflow_id: str, reason: str) -> bool:
    """Of either kind of job: their signals are the same."""
    job: workflow.ExternalWorkflowHandle[CreateSkill]
    job = workflow.get_external_workflow_handle_for(CreateSkill.run, workflow_id)
    try:
        await job.signal(CreateSkill.cancel, CancelRequest(reason=reason, by=BY))
    except ApplicationError:
        return False
    return True


def _stopped(gone: r.Gone, failure: ActivityError) -> r.Gone:
    """What went before a step failed for good, and why it did. Raises a cancellation."""
    if is_cancelled_exception(failure):
        raise failure
    text = failure.cause.message if isinstance(failure.cause, FailureError) else str(failure)
    return gone.model_copy(update={"more": True, "error": text})


def described(survey: r.Survey, gone: list[r.Gone]) -> str:
    """Markdown: a line for each kind."""
    went = {one.kind: one for one in gone}
    lines = [f"- **{found.kind}** {_found(found)}{_went(went.get(found.kind))}" for found in survey.found]
    head = {
        r.Mode.ON: "Retention is **on**: what is found goes.",
        r.Mode.DRY_RUN: "A **dry run**: only idempotency keys go. `SKILL_FLEET_RETENTION=on` lets the rest go.",
        r.Mode.OFF: "Retention is **off**: nothing goes.",
    }
    return "\n".join([head[survey.mode], "", *lines])


def _found(found: r.Found) -> str:
    if not found.rows:
        return f"older than {found.days} days: none"
    examples = ", ".join(f"`{job}`" for job in found.examples)
    since = f", oldest {found.oldest:%Y-%m-%d %H:%M} UTC" if found.oldest else ""
    return f"older than {found.days} days: {found.rows} of {found.jobs} jobs{since} {examples}".rstrip()


def _went(gone: r.Gone | None) -> str:
    if gone is None:
        return ""
    trouble = f"; stopped: `{' '.join(gone.error.replace('`', chr(39)).split())}`" if gone.error else ""
    kept = f"; {gone.kept} could not go" if gone.kept else ""
    files = f", {gone.folders} folders" if gone.folders else ""
    return f". Went: {gone.rows} rows, {gone.jobs} jobs{files}{kept}{trouble}"
