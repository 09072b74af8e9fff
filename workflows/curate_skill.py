"""Curate a skill: roll back, deprecate, yank, restore, name and unname; files and rows together, or not at all."""

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    import workflows.library_messages as lib
    from workflows.library_steps import Curator
    from workflows.steps import FILES


@workflow.defn(name="CurateSkill")
class CurateSkill:
    """One change, `curate-skill:{change_id}`."""

    @workflow.run
    async def run(self, request: lib.CurateRequest) -> lib.Curated:
        """Decide, then files, then rows; files go back if the rows fail."""
        curated = await workflow.execute_activity_method(
            Curator.decide_curation, request, summary=f"{request.kind} {request.name}", **FILES
        )
        if not curated.done:
            await self.change(curated)
        return curated

    async def change(self, curated: lib.Curated) -> None:
        """Files first, because they can go back; rows second, because agents read what they list."""
        try:
            await workflow.execute_activity_method(
                Curator.curate_files, curated, summary=f"files of {curated.path}", **FILES
            )
            await workflow.execute_activity_method(Curator.curate_rows, curated, summary="rows", **FILES)
        except ActivityError:
            await workflow.execute_activity_method(
                Curator.undo_curation, curated, summary="back to what the rows say", **FILES
            )
            raise
