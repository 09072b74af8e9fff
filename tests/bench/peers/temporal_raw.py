"""Raw Temporal: one plain workflow, an activity for each model call, a signal for the answer. No application.

On the same server as the product, with the product's worker settings (sticky timeout 2 s, 100 activities at once) and
heartbeats, so that a dead worker is noticed as soon. Results travel through the history, as in Temporal's samples.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    import httpx

    from tests.bench.peers.front import Options, Peer, main
    from tests.bench.peers.job import HEARTBEAT, SHAPES, Name, ask

QUEUE = "bench-raw"


@dataclass
class Asking:
    """One model call."""

    job: str
    link: int
    number: int


@dataclass
class Doing:
    """One job."""

    job: str
    shape: Name


class Steps:
    """The activities, with the HTTP client they need."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    @activity.defn
    async def ask_model(self, asking: Asking) -> str:
        beat = asyncio.create_task(_heartbeat())
        try:
            return await ask(self.http, asking.job, asking.link, asking.number)
        finally:
            beat.cancel()


async def _heartbeat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(HEARTBEAT / 6)


@workflow.defn
class RawJob:
    """The job."""

    def __init__(self) -> None:
        self.is_waiting = self.is_answered = False

    @workflow.signal
    def answer(self) -> None:
        self.is_answered = True

    @workflow.update
    async def until_waiting(self) -> None:
        """Return when a person is waited for."""
        await workflow.wait_condition(lambda: self.is_waiting)

    @workflow.run
    async def run(self, doing: Doing) -> None:
        """Chain, person, chain."""
        before, after = SHAPES[doing.shape].before, SHAPES[doing.shape].after
        for link, side_by_side in enumerate(before):
            await self._link(doing.job, link, side_by_side)
        self.is_waiting = True
        await workflow.wait_condition(lambda: self.is_answered)
        for link, side_by_side in enumerate(after, len(before)):
            await self._link(doing.job, link, side_by_side)

    async def _link(self, job: str, link: int, side_by_side: int) -> None:
        await asyncio.gather(
            *[
                workflow.execute_activity_method(
                    Steps.ask_model,
                    Asking(job, link, number),
                    start_to_close_timeout=timedelta(minutes=30),
                    heartbeat_timeout=timedelta(seconds=HEARTBEAT),
                )
                for number in range(side_by_side)
            ]
        )


class RawTemporal(Peer):
    """Client and worker in one process."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.client = await Client.connect(self.options.temporal)
        worker = Worker(
            self.client,
            task_queue=QUEUE,
            workflows=[RawJob],
            activities=[Steps(self.http).ask_model],
            max_concurrent_activities=100,
            sticky_queue_schedule_to_start_timeout=timedelta(seconds=2),
        )
        async with worker:
            yield

    def _handle(self, job: str) -> WorkflowHandle[RawJob, None]:
        return self.client.get_workflow_handle_for(RawJob.run, f"raw-{job}")

    async def start(self, job: str, shape: Name) -> None:
        await self.client.start_workflow(RawJob.run, Doing(job, shape), id=f"raw-{job}", task_queue=QUEUE)

    async def answer(self, job: str) -> None:
        await self._handle(job).signal(RawJob.answer)

    async def until_waiting(self, job: str) -> None:
        await self._handle(job).execute_update(RawJob.until_waiting)

    async def until_done(self, job: str) -> None:
        await self._handle(job).result()


def send(options: Options, job: str) -> None:
    """Signal from outside."""

    async def signal() -> None:
        client = await Client.connect(options.temporal)
        await client.get_workflow_handle(f"raw-{job}").signal("answer")
        await asyncio.sleep(0.2)  # a short client may abort in the interpreter's end (sdk-python#300)

    asyncio.run(signal())


if __name__ == "__main__":
    main(RawTemporal, send)
