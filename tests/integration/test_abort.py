"""Cancelling a job aborts the model call in flight within a second, whether it hangs or is being streamed."""

import time
from datetime import datetime

import pytest

from domain.job import CancelRequest, JobStatus
from tests.support.fleet import Fleet
from tests.support.provider import FaultKind
from workflows.create_skill import CreateSkill

WITHIN = 1.0
"""Seconds from the person's cancel to the moment at which the provider sees the connection close."""


@pytest.mark.parametrize("moment", [0.0, 0.35, 0.7])
@pytest.mark.parametrize("fault", [FaultKind.HANG, FaultKind.STALLED_STREAM])
async def test_the_model_call_in_flight_is_aborted_within_a_second(
    fleet: Fleet, fault: FaultKind, moment: float
) -> None:
    fleet.provider.when(field="steps").fail(fault, times=1)
    job_id = await fleet.start(auto_approve=True)
    calls = await fleet.provider.until(
        lambda calls: any(call.outcome == "open" and "steps" in call.fields for call in calls), 30
    )
    await fleet.provider.until(lambda _: _age(calls[-1].started_at) > moment)  # at any point between two heartbeats

    cancelled = time.time()
    await fleet.handle(job_id).signal(CreateSkill.cancel, CancelRequest(reason="not needed", by="ada"))
    ended = await fleet.provider.until(lambda calls: any(call.disconnected for call in calls), 5)

    [aborted] = [call.ended_at for call in ended if call.disconnected and call.fault is fault]
    assert aborted is not None
    assert aborted.timestamp() - cancelled < WITHIN
    assert (await fleet.outcome(job_id)).status is JobStatus.CANCELLED


def _age(moment: datetime) -> float:
    return time.time() - moment.timestamp()
