"""Nights of retention as Temporal knows them: the schedule, and what its last runs ended with. Reads rows of nobody.

Temporal keeps the result of a run as long as the namespace's retention says, a day at least: longer than a night.
"""

from temporalio.client import (
    ScheduleActionExecutionStartWorkflow,
    ScheduleDescription,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
)

from api.errors import RetentionOff, WorkflowGone
from api.temporal import RPC, Temporal, bounded
from domain.retention import Report, RetentionView
from workflows.nightly import SCHEDULE
from workflows.retention import Retention

Run = WorkflowHandle[Retention, Report]


class Nights:
    """The schedule of retention, and the runs that Temporal still knows."""

    def __init__(self, temporal: Temporal) -> None:
        """Take the line to Temporal."""
        self._client = temporal.client

    async def view(self) -> RetentionView:
        """How it stands. Raises TemporalUnavailable."""
        try:
            async with bounded():
                schedule = await self._client.get_schedule_handle(SCHEDULE).describe(rpc_timeout=RPC)
        except WorkflowGone:
            return RetentionView(scheduled=False)
        runs = self._runs(schedule)
        ended = RetentionView(
            scheduled=True,
            paused=schedule.schedule.state.paused,
            next_run=next(iter(schedule.info.next_action_times), None),
        )
        for run in runs[:2]:
            ended = await _with(ended, run)
            if ended.report is not None or ended.error:
                break
        return ended

    async def begin(self) -> None:
        """Begin a night now, unless one is under way. Raises RetentionOff, TemporalUnavailable."""
        view = await self.view()
        if not view.scheduled:
            raise RetentionOff("There is no schedule yet: a worker makes it when it starts (`skill-fleet worker`).")
        if view.paused:
            raise RetentionOff(
                "The schedule of retention is paused. By the setting: SKILL_FLEET_RETENTION=dry-run for the worker, "
                f"and restart it. By hand: `temporal schedule toggle --unpause --schedule-id {SCHEDULE}`."
            )
        async with bounded():
            await self._client.get_schedule_handle(SCHEDULE).trigger(rpc_timeout=RPC)

    def _runs(self, schedule: ScheduleDescription) -> list[Run]:
        """Newest first."""
        begun = [done.action for done in reversed(schedule.info.recent_actions)]
        return [
            self._client.get_workflow_handle_for(Retention.run, one.workflow_id, run_id=one.first_execution_run_id)
            for one in begun
            if isinstance(one, ScheduleActionExecutionStartWorkflow)
        ]


async def _with(view: RetentionView, run: Run) -> RetentionView:
    """The view with what this run says; one that runs leaves room for the one before it."""
    try:
        async with bounded():
            found = await run.describe(rpc_timeout=RPC)
            named = {"run": view.run or run.id, "started_at": view.started_at or found.start_time}
            if found.status is WorkflowExecutionStatus.RUNNING:
                return view.model_copy(update={**named, "running": True})
            report = await run.result(rpc_timeout=RPC)
    except WorkflowGone:
        return view  # Temporal has forgotten it
    except WorkflowFailureError as failure:
        return view.model_copy(update={**named, "error": str(failure.cause or failure)})
    return view.model_copy(update={**named, "report": report})
