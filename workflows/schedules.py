"""What the schedules have in common: a workflow once a night, made or brought up to date. Never loaded by a workflow.

Temporal owns a schedule; a pause that somebody set by hand stays.
"""

from datetime import time, timedelta
from typing import NamedTuple

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

CATCH_UP = timedelta(hours=12)
"""A night that was missed, with Temporal down, is made up for within this time; older ones are not."""

JITTER = timedelta(minutes=10)
"""Give or take: many stacks on one machine shall not begin at once."""


class Nightly(NamedTuple):
    """One schedule: its id is that of the workflows it starts, `at` is in UTC. `note` stands on it while a setting
    pauses it: such a one goes on when the setting changes."""

    action: ScheduleActionStartWorkflow
    at: time
    note: str

    async def keep(self, client: Client, *, off: bool) -> None:
        """Make the schedule, or bring it up to date; paused when its setting is off. Raises RPCError."""
        wanted = self.schedule(off=off)
        try:
            await client.create_schedule(self.action.id, wanted)
        except ScheduleAlreadyRunningError:
            await client.get_schedule_handle(self.action.id).update(lambda standing: self._updated(standing, wanted))

    def schedule(self, *, off: bool) -> Schedule:
        """The schedule as this release wants it."""
        hour, minute = ScheduleRange(self.at.hour), ScheduleRange(self.at.minute)
        return Schedule(
            action=self.action,
            spec=ScheduleSpec(calendars=[ScheduleCalendarSpec(hour=[hour], minute=[minute])], jitter=JITTER),
            policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
            state=ScheduleState(paused=off, note=self.note if off else None),
        )

    def _updated(self, standing: ScheduleUpdateInput, wanted: Schedule) -> ScheduleUpdate:
        state = standing.description.schedule.state
        if state.paused and state.note != self.note:
            wanted.state = state
        return ScheduleUpdate(schedule=wanted)
