"""Executions whose workflow tasks fail again and again: what a bad build does to jobs. Changes nothing.

Temporal flags them (`TemporalReportedProblems`) where its dynamic config says after how many failures; a server that
does not is asked about the executions themselves.
"""

import asyncio

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from workflows.attributes import FAILING, RUNNING

MOST = 500
"""Executions that are asked about one by one (measured: 2 ms each); with more, the flag alone must do."""
AT_ONCE = 20
TWICE = 3
"""The attempt that runs after two failures in a row; one alone may be a worker that was killed."""


async def failing(client: Client) -> set[str]:
    """Their workflow ids."""
    try:
        flagged = {execution.id async for execution in client.list_workflows(FAILING)}
    except RPCError as error:
        if error.status is not RPCStatusCode.INVALID_ARGUMENT:
            raise
        flagged = set()  # a server that does not know the attribute
    return flagged or await looked_at(client)


async def looked_at(client: Client) -> set[str]:
    """Of the first `MOST` executions, those at their third attempt or later."""
    some = [execution async for execution in client.list_workflows(RUNNING, limit=MOST)]
    gate = asyncio.Semaphore(AT_ONCE)

    async def attempt(workflow_id: str) -> int:
        async with gate:
            described = await client.get_workflow_handle(workflow_id).describe()
        return described.raw_description.pending_workflow_task.attempt

    attempts = await asyncio.gather(*(attempt(execution.id) for execution in some))
    return {execution.id for execution, number in zip(some, attempts, strict=True) if number >= TWICE}
