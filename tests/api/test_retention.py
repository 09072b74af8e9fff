"""Operators see what the last night counted before they switch anything on, and may begin a night themselves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.retention import DatabaseRetention
from domain.retention import Kind, Mode, RetentionView
from store import retention
from store.session import Database
from tests.support import old_rows as old
from tests.support.nights import unscheduled
from worker import Step
from workflows.nightly import keep_schedule
from workflows.retention import Retention
from workflows.steps import WORKFLOWS

URL = "/api/v1/retention"


@pytest.fixture
async def line(temporal: WorkflowEnvironment) -> AsyncIterator[Client]:
    """A server without the schedule, before and after."""
    async with unscheduled(temporal.client) as client:
        yield client


async def view(client: httpx.AsyncClient) -> RetentionView:
    answer = await client.get(URL)
    assert answer.status_code == 200
    return RetentionView.model_validate(answer.json())


async def until(client: httpx.AsyncClient, holds: Callable[[RetentionView], bool]) -> RetentionView:
    async with asyncio.timeout(60):
        while True:
            if holds(seen := await view(client)):
                return seen
            await asyncio.sleep(0.05)


async def ended(client: httpx.AsyncClient, *, after: str = "") -> RetentionView:
    return await until(client, lambda seen: seen.run != after and not seen.running)


def worker(client: Client, database: Database, mode: Mode) -> Worker:
    """A worker whose retention removes rows only: the files have tests of their own."""
    steps = DatabaseRetention(database, Path("/nowhere"), old.KEEP.model_copy(update={"mode": mode}))
    activities: list[Step] = [steps.survey, steps.forget, steps.overdue]
    return Worker(client, task_queue=WORKFLOWS, workflows=[Retention], activities=activities)


async def test_before_any_worker_has_started_nothing_is_scheduled(line: Client, client: httpx.AsyncClient) -> None:
    assert await view(client) == RetentionView(scheduled=False)
    refused = await client.post(URL)
    assert (refused.status_code, refused.json()["code"]) == (409, "retention_off")
    assert "skill-fleet worker" in refused.json()["detail"]


async def test_an_operator_sees_the_counts_of_a_dry_run(
    line: Client, client: httpx.AsyncClient, database: Database
) -> None:
    await keep_schedule(line, off=False)
    assert (await view(client)).report is None
    job = await old.full(database)
    async with worker(line, database, Mode.DRY_RUN):
        begun = await client.post(URL)
        assert begun.status_code == 202
        seen = await ended(client)
    assert seen.report is not None and seen.next_run is not None and seen.run.startswith("retention-")
    found = {one.kind: one for one in seen.report.survey.found}
    assert (found[Kind.DRAFTS].jobs, found[Kind.DRAFTS].examples) == (1, [job])
    assert (seen.report.survey.mode, seen.report.gone) == (Mode.DRY_RUN, [])
    assert await old.count(database, "revision_files", job) == 1


async def test_while_a_night_is_under_way_the_one_before_it_is_still_to_be_read(
    line: Client, client: httpx.AsyncClient, database: Database
) -> None:
    await keep_schedule(line, off=False)
    async with worker(line, database, Mode.DRY_RUN):
        await client.post(URL)
        first = await ended(client)
    await asyncio.sleep(1)  # nights are named by the second
    await client.post(URL)  # no worker takes it up
    seen = await until(client, lambda seen: seen.running)
    assert seen.report == first.report
    assert seen.run != first.run
    async with worker(line, database, Mode.DRY_RUN):
        await ended(client, after=first.run)


async def test_a_night_that_failed_is_said(line: Client, client: httpx.AsyncClient) -> None:
    await keep_schedule(line, off=False)
    await client.post(URL)
    seen = await until(client, lambda seen: seen.running)
    await line.get_workflow_handle(seen.run).terminate(reason="an operator's decision")
    failed = await ended(client)
    assert (failed.report, failed.error) == (None, "an operator's decision")


async def test_a_paused_schedule_begins_no_night_and_says_what_to_do(line: Client, client: httpx.AsyncClient) -> None:
    await keep_schedule(line, off=True)
    assert (await view(client)).paused
    refused = await client.post(URL)
    assert (refused.status_code, refused.json()["code"]) == (409, "retention_off")
    assert "SKILL_FLEET_RETENTION" in refused.json()["detail"]


async def test_only_the_machines_owner_begins_a_night(line: Client, client: httpx.AsyncClient) -> None:
    await keep_schedule(line, off=False)
    refused = await client.post(URL, headers={"X-User-Id": "eve"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert not (await view(client)).run


async def test_a_job_whose_old_things_are_gone_can_still_be_read_and_followed_to_its_end(
    client: httpx.AsyncClient, database: Database
) -> None:
    job = await old.full(database)
    for kind in (Kind.DRAFTS, Kind.MODEL_ANSWERS, Kind.EVENTS, Kind.ANSWER_DRAFTS, Kind.NOTIFICATIONS):
        async with database.transaction() as session:
            before = await retention.cutoff(session, old.KEEP.age(kind))
            assert await retention.forget(session, kind, job, before, 1_000) > 0
    api = f"/api/v1/jobs/{job}"
    for url in (api, f"{api}/status", f"{api}/revisions", f"{api}/interactions", f"{api}/evaluation", f"/jobs/{job}"):
        assert (await client.get(url)).status_code == 200, url
    assert (await client.get(f"{api}/usage")).json()["usd"] == 0.5
    assert (await client.get(api)).json()["result"]["usage"]["calls"] == 1
    for seen in ("0", "2"):  # one from the beginning, one from what is gone
        stream = await asyncio.wait_for(client.get(f"{api}/events", headers={"Last-Event-ID": seen}), 20)
        types = [line.removeprefix("event: ") for line in stream.text.splitlines() if line.startswith("event: ")]
        assert types == ["state", "failed", "draft_removed"]
    again = await client.post("/api/v1/skills", json={"from_job": str(job)})
    assert (again.status_code, list(again.json()["errors"])) == (422, ["from_job"])
    promoted = await client.post(f"/api/v1/drafts/{job}/promote", json={})
    assert (promoted.status_code, promoted.json()["code"]) == (409, "nothing_to_promote")


async def test_temporal_that_is_away_is_said(cut_off: httpx.AsyncClient) -> None:
    answer = await cut_off.get(URL)
    assert (answer.status_code, answer.json()["code"]) == (503, "temporal_unavailable")
