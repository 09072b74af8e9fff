"""The schedule of re-evaluation: paused or not as the setting says, and left alone where a person has paused it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.client import Client, ScheduleActionStartWorkflow, ScheduleDescription, ScheduleOverlapPolicy
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from workflows.nightly import SCHEDULE as RETENTION
from workflows.reevaluation import OFF, SCHEDULE, keep_reevaluation
from workflows.steps import WORKFLOWS


@pytest.fixture
async def client(temporal: WorkflowEnvironment) -> AsyncIterator[Client]:
    """A server without the schedule, before and after."""
    await forget(temporal.client)
    yield temporal.client
    await forget(temporal.client)


async def forget(client: Client) -> None:
    try:
        await client.get_schedule_handle(SCHEDULE).delete()
    except RPCError:
        return


async def standing(client: Client) -> ScheduleDescription:
    return await client.get_schedule_handle(SCHEDULE).describe()


async def test_it_runs_every_night_one_at_a_time_and_not_when_retention_does(client: Client) -> None:
    await keep_reevaluation(client, off=False)
    made = await standing(client)
    action = made.schedule.action
    assert isinstance(action, ScheduleActionStartWorkflow)
    assert (action.workflow, action.id, action.task_queue) == ("EvaluateLibrary", "reevaluate", WORKFLOWS)
    assert made.schedule.policy.overlap is ScheduleOverlapPolicy.SKIP
    first, second = made.info.next_action_times[:2]
    assert timedelta(hours=23) < second - first < timedelta(hours=25)
    assert first.hour == 1
    assert SCHEDULE != RETENTION


async def test_the_setting_pauses_it_and_lets_it_go_on(client: Client) -> None:
    for off in (True, False, True, True, False):
        await keep_reevaluation(client, off=off)
        state = (await standing(client)).schedule.state
        assert state.paused is off
        assert (state.note == OFF) is off


async def test_a_pause_that_a_person_set_stays(client: Client) -> None:
    await keep_reevaluation(client, off=False)
    await client.get_schedule_handle(SCHEDULE).pause(note="until the bill is paid")
    for off in (False, True, False):
        await keep_reevaluation(client, off=off)
        state = (await standing(client)).schedule.state
        assert (state.paused, state.note) == (True, "until the bill is paid")
