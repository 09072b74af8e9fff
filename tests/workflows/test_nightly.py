"""The schedule of retention: made once, brought up to date, and left alone where a person has paused it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.client import (
    Client,
    ScheduleActionStartWorkflow,
    ScheduleDescription,
    ScheduleOverlapPolicy,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.testing import WorkflowEnvironment

from tests.support.nights import unscheduled
from workflows.nightly import SCHEDULE, keep_schedule
from workflows.steps import WORKFLOWS


@pytest.fixture
async def client(temporal: WorkflowEnvironment) -> AsyncIterator[Client]:
    """A server without the schedule, before and after."""
    async with unscheduled(temporal.client) as client:
        yield client


async def standing(client: Client) -> ScheduleDescription:
    return await client.get_schedule_handle(SCHEDULE).describe()


async def test_it_runs_every_night_one_at_a_time_and_makes_up_for_one_missed_night_only(client: Client) -> None:
    await keep_schedule(client, off=False)
    made = await standing(client)
    action, policy = made.schedule.action, made.schedule.policy
    assert isinstance(action, ScheduleActionStartWorkflow)
    assert (action.workflow, action.id, action.task_queue) == ("Retention", "retention", WORKFLOWS)
    assert action.execution_timeout == timedelta(hours=6)
    assert (policy.overlap, policy.catchup_window) == (ScheduleOverlapPolicy.SKIP, timedelta(hours=12))
    assert not made.schedule.state.paused
    first, second = made.info.next_action_times[:2]
    assert timedelta(hours=23) < second - first < timedelta(hours=25)
    assert (first.hour, first.minute // 10) in ((3, 1), (3, 2))


async def test_a_release_that_wants_it_otherwise_changes_the_one_that_stands(client: Client) -> None:
    await keep_schedule(client, off=False)

    def older(found: ScheduleUpdateInput) -> ScheduleUpdate:
        schedule = found.description.schedule
        schedule.policy.catchup_window = timedelta(days=300)
        schedule.spec.jitter = None
        action = schedule.action
        assert isinstance(action, ScheduleActionStartWorkflow)
        action.task_queue = "of the last release"
        return ScheduleUpdate(schedule=schedule)

    await client.get_schedule_handle(SCHEDULE).update(older)
    await keep_schedule(client, off=False)
    now = await standing(client)
    assert isinstance(now.schedule.action, ScheduleActionStartWorkflow)
    assert now.schedule.action.task_queue == WORKFLOWS
    assert now.schedule.policy.catchup_window == timedelta(hours=12)
    assert now.schedule.spec.jitter == timedelta(minutes=10)


async def test_off_pauses_it_and_any_other_setting_lets_it_go_on(client: Client) -> None:
    for off in (True, False, True, True, False):
        await keep_schedule(client, off=off)
        assert (await standing(client)).schedule.state.paused is off


async def test_a_pause_that_a_person_set_stays(client: Client) -> None:
    await keep_schedule(client, off=False)
    await client.get_schedule_handle(SCHEDULE).pause(note="until the audit is over")
    for off in (False, True, False):
        await keep_schedule(client, off=off)
        state = (await standing(client)).schedule.state
        assert (state.paused, state.note) == (True, "until the audit is over")


async def test_workers_that_start_at_once_make_one(client: Client) -> None:
    await asyncio.gather(*(keep_schedule(client, off=False) for _ in range(5)))
    assert [one.id async for one in await client.list_schedules()].count(SCHEDULE) <= 1
    assert not (await standing(client)).schedule.state.paused
