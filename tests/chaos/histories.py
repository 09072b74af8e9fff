"""What workflows applied, read from their histories in Temporal: the witness that no code of ours can lean on."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

TAKING = frozenset({"take_answer", "park_prompt", "remind", "reopen_prompt"})
"""Steps that may come back with an answer to go on with."""

HANDED_OUT = frozenset({EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED, EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED})

LOCAL = "core_local_activity"
"""The marker by which the SDK records a step that was done in the worker that has the job."""


def taken(history: WorkflowHistory) -> list[UUID]:
    """The prompts whose answer a step brought back, once for each time it did."""
    results = (json.loads(data) for step, data in results_of(history) if step in TAKING)
    return [UUID(result["interaction_id"]) for result in results if result.get("action") is not None]


def results_of(history: WorkflowHistory) -> Iterator[tuple[str, bytes]]:
    """What every step that succeeded gave back, by its name, in order; wherever it was done."""
    asked = {event.event_id: _type(event) for event in history.events}
    for event in history.events:
        marker = event.marker_recorded_event_attributes
        if event.HasField("activity_task_completed_event_attributes"):
            done = event.activity_task_completed_event_attributes
            yield asked[done.scheduled_event_id], done.result.payloads[0].data
        elif marker.marker_name == LOCAL and not marker.HasField("failure"):
            step = json.loads(marker.details["data"].payloads[0].data)["activity_type"]
            yield step, marker.details["result"].payloads[0].data


def handed_out(history: WorkflowHistory) -> list[datetime]:
    """When Temporal handed a piece of this job to a worker: a step, or the workflow's own next move."""
    return [event.event_time.ToDatetime(UTC) for event in history.events if event.event_type in HANDED_OUT]


def last_events(history: WorkflowHistory, count: int = 8) -> list[str]:
    """The last events of a job that is stuck, and each failure of its workflow's code."""
    events = list(history.events)
    failed = [event for event in events if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED]
    told = [
        f"event {event.event_id} at {event.event_time.ToDatetime(UTC):%H:%M:%S.%f}: "
        f"{EventType.Name(event.event_type).removeprefix('EVENT_TYPE_')}"
        for event in events[-count:]
    ]
    return told + [
        f"event {event.event_id}: {event.workflow_task_failed_event_attributes.failure.message[:600]}"
        for event in failed[-2:]
    ]


def _type(event: HistoryEvent) -> str:
    return str(event.activity_task_scheduled_event_attributes.activity_type.name)
