# mypy: ignore-errors
# The group `bench` is not installed in ordinary checks, and without it every decorator and base here is unknown.
"""DBOS on the same PostgreSQL: one workflow, a step for each model call, `recv` for the answer.

As its documentation shows it: async steps started in a fixed order and gathered, `set_event` to tell the outside,
`DBOSClient` to send from outside; on launch it recovers by itself what its process had left.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from dbos import DBOS, DBOSClient, SetWorkflowID

from tests.bench.peers.front import Options, Peer, main
from tests.bench.peers.job import ATTEMPTS, SHAPES, Name, ask

PATIENCE = 7 * 24 * 3600.0
"""Seconds a person may take, as with us."""
CLIENTS: list[httpx.AsyncClient] = []
"""DBOS finds workflows and steps as functions of a module, so what they need is of the module too."""


@DBOS.step(retries_allowed=True, max_attempts=ATTEMPTS)
async def ask_model(job: str, link: int, number: int) -> str:
    """One model call."""
    return await ask(CLIENTS[0], job, link, number)


@DBOS.workflow()
async def do_job(job: str, shape: Name) -> None:
    """Chain, person, chain."""
    before, after = SHAPES[shape].before, SHAPES[shape].after
    for link, side_by_side in enumerate(before):
        await do_link(job, link, side_by_side)
    await DBOS.set_event_async("waiting", True)
    await DBOS.recv_async("answer", timeout_seconds=PATIENCE)
    for link, side_by_side in enumerate(after, len(before)):
        await do_link(job, link, side_by_side)


async def do_link(job: str, link: int, side_by_side: int) -> None:
    """Calls side by side; a lone one is awaited plainly."""
    if side_by_side == 1:
        await ask_model(job, link, 0)
        return
    calls = [asyncio.create_task(ask_model(job, link, number)) for number in range(side_by_side)]
    for result in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


class Dbos(Peer):
    """The library inside one process."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        CLIENTS.append(self.http)
        DBOS(
            config={
                "name": "bench",
                "system_database_url": self.options.database,
                "log_level": "ERROR",
            }
        )
        DBOS.launch()
        yield
        DBOS.destroy()

    async def start(self, job: str, shape: Name) -> None:
        with SetWorkflowID(job):
            await DBOS.start_workflow_async(do_job, job, shape)

    async def answer(self, job: str) -> None:
        await DBOS.send_async(job, True, "answer")

    async def until_waiting(self, job: str) -> None:
        await DBOS.get_event_async(job, "waiting", timeout_seconds=3600)

    async def until_done(self, job: str) -> None:
        handle = await DBOS.retrieve_workflow_async(job)
        await handle.get_result()


def send(options: Options, job: str) -> None:
    """Send from outside."""
    client = DBOSClient(system_database_url=options.database)
    client.send(job, True, "answer")
    client.destroy()


if __name__ == "__main__":
    main(Dbos, send)
