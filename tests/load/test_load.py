"""The short form of the load run: forty jobs wait, the worker is killed, all are answered, and none is missing."""

from pathlib import Path

import pytest

from domain.job import JobStatus
from tests.load.scenes import crowded, spread, waiting

JOBS = 40

pytestmark = [pytest.mark.integration, pytest.mark.slow]


async def test_every_one_of_many_waiting_jobs_goes_on_after_the_worker_was_killed(tmp_path: Path) -> None:
    async with crowded(tmp_path) as (crowd, client):
        seen = await waiting(crowd, client, JOBS, answered=JOBS, quiet=0.5)
    assert len(seen.taken_up) == len(seen.asked_again) == JOBS
    assert {status: count for status, count in seen.by_status.items() if count} == {JobStatus.PENDING_HITL: JOBS}
    assert not seen.refused


def test_a_sample_is_spread_from_the_first_job_to_the_last() -> None:
    jobs = [str(number) for number in range(10)]
    assert spread(jobs, 3) == ["0", "3", "6"]
    assert spread(jobs, 10) == jobs == spread(jobs, 99)[:10]
