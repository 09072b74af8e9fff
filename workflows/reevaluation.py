"""When published skills are evaluated again. Never loaded by a workflow."""

from datetime import time, timedelta

from temporalio import workflow
from temporalio.client import Client, ScheduleActionStartWorkflow

with workflow.unsafe.imports_passed_through():
    from workflows.evaluate_library import EvaluateLibrary
    from workflows.schedules import Nightly
    from workflows.steps import WORKFLOWS

SCHEDULE = "reevaluate"
"""Id of the schedule; the workflows it starts are called so too, with the time behind."""

OFF = "SKILL_FLEET_REEVALUATE=off"
"""Note on a schedule that the setting has paused."""

AT = time(1, 43)
"""Every night, in UTC: well before retention."""

LONGEST = timedelta(hours=20)
"""A night that takes longer is ended; the evaluation under way goes on, and the rest is due the next night."""


async def keep_reevaluation(client: Client, *, off: bool) -> None:
    """Make the schedule, or bring it up to date; paused when the setting is off. Raises RPCError."""
    action = ScheduleActionStartWorkflow(
        EvaluateLibrary.run,
        id=SCHEDULE,
        task_queue=WORKFLOWS,
        execution_timeout=LONGEST,
        static_summary="Evaluate skills again: the agent's model has changed",
    )
    await Nightly(action, AT, OFF).keep(client, off=off)
