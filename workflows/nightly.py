"""When retention runs. Never loaded by a workflow."""

from datetime import time, timedelta

from temporalio import workflow
from temporalio.client import Client, ScheduleActionStartWorkflow

with workflow.unsafe.imports_passed_through():
    from workflows.retention import Retention
    from workflows.schedules import Nightly
    from workflows.steps import WORKFLOWS

SCHEDULE = "retention"
"""Id of the schedule; the workflows it starts are called so too, with the time behind."""

OFF = "SKILL_FLEET_RETENTION=off"
"""Note on a schedule that the setting has paused."""

AT = time(3, 17)
"""Every night, in UTC."""

LONGEST = timedelta(hours=6)
"""A night that takes longer is ended: what it did stays done, and the next one goes on."""


async def keep_schedule(client: Client, *, off: bool) -> None:
    """Make the schedule, or bring it up to date; paused when retention is off. Raises RPCError."""
    action = ScheduleActionStartWorkflow(
        Retention.run,
        id=SCHEDULE,
        task_queue=WORKFLOWS,
        execution_timeout=LONGEST,
        static_summary="Retention: what is too old",
    )
    await Nightly(action, AT, OFF).keep(client, off=off)
