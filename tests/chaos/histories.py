"""What workflows applied, read from their histories in Temporal: the witness that no code of ours can lean on."""

import json
from uuid import UUID

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

TAKING = frozenset({"take_answer", "park_prompt", "remind", "reopen_prompt"})
"""Steps that may come back with an answer to go on with."""


def taken(history: WorkflowHistory) -> list[UUID]:
    """The prompts whose answer a step brought back, once for each time it did."""
    asked = {event.event_id: event for event in history.events if _type(event) in TAKING}
    found = []
    for event in history.events:
        done = event.activity_task_completed_event_attributes
        if done.scheduled_event_id in asked:
            result = json.loads(done.result.payloads[0].data)
            if result["action"] is not None:
                found.append(UUID(result["interaction_id"]))
    return found


def _type(event: HistoryEvent) -> str:
    return str(event.activity_task_scheduled_event_attributes.activity_type.name)
