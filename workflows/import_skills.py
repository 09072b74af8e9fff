"""Import skills from an archive, some at a time; one bad skill never stops the others, a dead worker nothing."""

from temporalio import workflow
from temporalio.exceptions import ActivityError, FailureError, TimeoutError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    import workflows.import_messages as im
    from workflows.import_steps import IMPORT, Importing


@workflow.defn(name="ImportSkills")
class ImportSkills:
    """One import, `import-skills:{import_id}`."""

    @workflow.run
    async def run(self, request: im.ForImport) -> im.Taken:
        """Look at the archive, take its skills batch by batch, close; what fails for good closes the import, too."""
        try:
            taken = await self.all_skills(request)
        except ActivityError as failure:
            if is_cancelled_exception(failure):
                raise
            await self.close(im.ImportEnding(import_id=request.import_id, error=why(failure)))
            return im.Taken(next=0, total=0)
        await self.close(im.ImportEnding(import_id=request.import_id))
        return taken

    async def all_skills(self, request: im.ForImport) -> im.Taken:
        """Every skill of the archive."""
        taken = await workflow.execute_activity_method(
            Importing.open_archive, request, summary="look at the archive", **IMPORT
        )
        while taken.next < taken.total:
            workflow.set_current_details(f"Skill {taken.next + 1} of {taken.total}")
            batch = im.ImportBatch(import_id=request.import_id, first=taken.next)
            taken = await workflow.execute_activity_method(
                Importing.take_skills, batch, summary=f"skills from {batch.first + 1} on", **IMPORT
            )
        return taken

    async def close(self, ending: im.ImportEnding) -> None:
        """Note the end."""
        await workflow.execute_activity_method(Importing.close_import, ending, summary="close the import", **IMPORT)


_GIVEN_UP = (
    "No worker could finish this import, however often it was tried: each died over it or was stopped. Nothing is left "
    "by half. Import its skills in parts, to see which one it is; the workers' logs say more."
)


def why(failure: ActivityError) -> str:
    """What the import's report says of a step that failed for good."""
    if isinstance(failure.cause, TimeoutError):
        return _GIVEN_UP
    return failure.cause.message if isinstance(failure.cause, FailureError) else str(failure)
