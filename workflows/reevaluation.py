"""When published skills are evaluated again: the Temporal schedule, made or brought up to date.

Never loaded by a workflow. Paused by the setting, and by nobody's setting where a person has paused it.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleCalendarSpec,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
)

with workflow.unsafe.imports_passed_through():
    from workflows.evaluate_library import EvaluateLibrary
    from workflows.nightly import POLICY, keep
    from workflows.steps import WORKFLOWS

SCHEDULE = "reevaluate"
"""Id of the schedule; the workflows it starts are called so too, with the time behind."""

OFF = "SKILL_FLEET_REEVALUATE=off"
"""Note on a schedule that the setting has paused."""

NIGHTLY = ScheduleSpec(
    calendars=[ScheduleCalendarSpec(hour=[ScheduleRange(1)], minute=[ScheduleRange(43)])],
    jitter=timedelta(minutes=10),
)
"""Every night at 1:43 UTC, give or take."""

LONGEST = timedelta(hours=20)
"""A night that takes longer is ended; the evaluation under way goes on, and the rest is due the next night."""


def wanted(*, off: bool) -> Schedule:
    """The schedule as this release wants it."""
    return Schedule(
        action=ScheduleActionStartWorkflow(
            EvaluateLibrary.run,
            id=SCHEDULE,
            task_queue=WORKFLOWS,
            execution_timeout=LONGEST,
            static_summary="Evaluate skills again: the agent's model has changed",
        ),
        spec=NIGHTLY,
        policy=POLICY,
        state=ScheduleState(paused=off, note=OFF if off else None),
    )


async def keep_reevaluation(client: Client, *, off: bool) -> None:
    """Make the schedule, or bring it up to date; paused when the setting is off. Raises RPCError."""
    await keep(client, SCHEDULE, wanted(off=off), OFF)
