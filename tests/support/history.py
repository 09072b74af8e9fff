"""What Temporal has recorded of a job: what it was started with, and the signals it was sent."""

from uuid import UUID

from pydantic import JsonValue
from temporalio.client import Client

from domain.job import StartJob


async def started_with(client: Client, job_id: UUID | str) -> StartJob:
    """The input of a job's workflow."""
    history = await client.get_workflow_handle(f"create-skill:{job_id}").fetch_history()
    given = history.events[0].workflow_execution_started_event_attributes.input.payloads
    [start] = await client.data_converter.decode(given, [StartJob])
    assert isinstance(start, StartJob)
    return start


async def signals(client: Client, job_id: UUID | str) -> list[tuple[str, JsonValue]]:
    """The signals a job was sent, in order, each with its argument."""
    history = await client.get_workflow_handle(f"create-skill:{job_id}").fetch_history()
    sent = [event.workflow_execution_signaled_event_attributes for event in history.events]
    found: list[tuple[str, JsonValue]] = []
    for signal in sent:
        if signal.signal_name:
            [argument] = await client.data_converter.decode(signal.input.payloads)
            found.append((signal.signal_name, argument))
    return found
