"""A Temporal server without the schedule of retention, so that each test makes its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio.client import Client
from temporalio.service import RPCError

from workflows.nightly import SCHEDULE


@asynccontextmanager
async def unscheduled(client: Client) -> AsyncIterator[Client]:
    """Without it before and after."""
    await forget(client)
    yield client
    await forget(client)


async def forget(client: Client) -> None:
    """Delete the schedule, if there is one."""
    try:
        await client.get_schedule_handle(SCHEDULE).delete()
    except RPCError:
        return
