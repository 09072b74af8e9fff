"""Check the library: rows and files are compared, and on request brought to agree."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import workflows.library_messages as lib
    from domain.library.curation import LibraryReport
    from workflows.library_steps import WHOLE, Keeper

WORKFLOW = "check-library"
"""Id: one check at a time."""


@workflow.defn(name="CheckLibrary")
class CheckLibrary:
    """One check, `check-library`."""

    @workflow.run
    async def run(self, request: lib.CheckRequest) -> LibraryReport:
        """One step: what was mended before a crash is found to be in order by the next try."""
        return await workflow.execute_activity_method(
            Keeper.check_library, request, summary="repair the library" if request.repair else "look", **WHOLE
        )
