"""A whole job whose writing can be watched: the words of each section reach whoever listens; the job is the same."""

import asyncio

from domain.job import JobStatus
from store.notifications import Look, listen
from tests.support.fleet import Fleet
from tests.support.provider import FaultKind


async def test_the_sections_are_seen_while_they_are_written(fleet: Fleet, database_url: str) -> None:
    looks: list[Look] = []
    listening = asyncio.Event()

    async def watch() -> None:
        async for hint in listen(database_url):
            listening.set()
            if isinstance(hint, Look):
                looks.append(hint)

    watching = asyncio.create_task(watch())
    await listening.wait()
    fleet.provider.fail(FaultKind.SLOW_STREAM, times=None, seconds=0.03)

    job_id = await fleet.start(auto_approve=True)
    outcome = await fleet.outcome(job_id, within=120)
    watching.cancel()

    assert outcome.status is JobStatus.COMPLETED
    assert {look.job_id for look in looks} == {job_id}
    assert {"writing: workflow", "writing: rules", "writing: checks"} <= {look.label for look in looks}
    streamed = [call for call in fleet.provider.calls() if call.stream]
    assert streamed and all(call.outcome == "answered" for call in streamed)
