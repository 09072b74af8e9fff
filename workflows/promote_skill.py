"""Promote a skill: its draft moves into the taxonomy, rows and files together, or not at all. Safe to run twice."""

from uuid import UUID

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    import workflows.messages as m
    import workflows.promote_messages as pm
    from domain.job import JobStatus
    from workflows.library_messages import Commit
    from workflows.library_steps import Keeper
    from workflows.steps import FILES, Library

RETRY = "retry the job"
"""The advice at the end of a step's errors (`activities/edge.py`)."""


@workflow.defn(name="PromoteSkill")
class PromoteSkill:
    """One promotion, `promote-skill:{job_id}`."""

    @workflow.run
    async def run(self, request: pm.PromoteRequest) -> m.Outcome:
        """Decide the place, put the files there, then make the rows say so; files are taken back if the rows fail."""
        placed = await workflow.execute_activity_method(Library.place, request, summary="decide where it goes", **FILES)
        if not placed.done:
            await self.publish(pm.Move(request=request, placed=placed))
        return m.Outcome(job_id=request.job_id, status=JobStatus.COMPLETED, path=placed.path, revision=placed.revision)

    async def publish(self, move: pm.Move) -> None:
        """Files first, because they can be taken back; rows second, because agents read what they list."""
        workflow.set_current_details(f"Publishing revision {move.placed.revision} as `{move.placed.path}`")
        try:
            await workflow.execute_activity_method(
                Library.publish_files, move, summary=f"write {move.placed.path}", **FILES
            )
            await workflow.execute_activity_method(Library.publish_rows, move, summary="list it", **FILES)
        except ActivityError as failure:
            undone = move.model_copy(update={"error": _told(failure, move.request.job_id)})
            await workflow.execute_activity_method(Library.undo, undone, summary="take the files back", **FILES)
            raise
        if move.placed.commit:
            await self.commit(move)

    async def commit(self, move: pm.Move) -> None:
        """Into the library's git history, if the settings ask for it. What is published stays so whatever happens."""
        placed, request = move.placed, move.request
        told = Commit(
            job_id=request.job_id, path=placed.path, version=placed.version, digest=placed.digest, by=request.by
        )
        try:
            await workflow.execute_activity_method(Keeper.commit_skill, told, summary="commit it, if wanted", **FILES)
        except ActivityError as failure:
            workflow.logger.warning("the version is published, and not committed to git: %s", failure.cause)


def _told(failure: ActivityError, job_id: UUID) -> str:
    """Why it was undone. A job that has ended cannot be retried, as most steps advise: it is promoted again."""
    cause = failure.cause
    why = cause.message if isinstance(cause, ApplicationError) else str(cause or failure)
    return why.replace(RETRY, f"promote it again: `skill-fleet promote {job_id}`")
