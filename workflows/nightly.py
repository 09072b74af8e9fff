"""When retention runs: the Temporal schedule, made or brought up to date. Never loaded by a workflow.

Temporal owns the schedule; a pause that somebody set by hand stays.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

with workflow.unsafe.imports_passed_through():
    from workflows.retention import Retention
    from workflows.steps import WORKFLOWS

SCHEDULE = "retention"
"""Id of the schedule; the workflows it starts are called so too, with the time behind."""

OFF = "SKILL_FLEET_RETENTION=off"
"""Note on a schedule that the setting has paused: such a one goes on when the setting changes."""

NIGHTLY = ScheduleSpec(
    calendars=[ScheduleCalendarSpec(hour=[ScheduleRange(3)], minute=[ScheduleRange(17)])],
    jitter=timedelta(minutes=10),
)
"""Every night at 3:17 UTC, give or take: many stacks on one machine shall not begin at once."""

CATCH_UP = timedelta(hours=12)
"""A night that was missed, with Temporal down, is made up for within this time; older ones are not."""

LONGEST = timedelta(hours=6)
"""A night that takes longer is ended: what it did stays done, and the next one goes on."""

POLICY = SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP)


def wanted(*, off: bool) -> Schedule:
    """The schedule as this release wants it."""
    return Schedule(
        action=ScheduleActionStartWorkflow(
            Retention.run,
            id=SCHEDULE,
            task_queue=WORKFLOWS,
            execution_timeout=LONGEST,
            static_summary="Retention: what is too old",
        ),
        spec=NIGHTLY,
        policy=POLICY,
        state=ScheduleState(paused=off, note=OFF if off else None),
    )


async def keep_schedule(client: Client, *, off: bool) -> None:
    """Make the schedule, or bring it up to date; paused when retention is off. Raises RPCError."""
    await keep(client, SCHEDULE, wanted(off=off), OFF)


async def keep(client: Client, name: str, schedule: Schedule, note: str) -> None:
    """Make a schedule as it is wanted, or bring it up to date; `note` is on what a setting has paused. Raises
    RPCError."""
    try:
        await client.create_schedule(name, schedule)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(name).update(lambda standing: _updated(standing, schedule, note))


def _updated(standing: ScheduleUpdateInput, schedule: Schedule, note: str) -> ScheduleUpdate:
    state = standing.description.schedule.state
    if state.paused and state.note != note:
        schedule.state = state
    return ScheduleUpdate(schedule=schedule)
