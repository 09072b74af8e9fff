"""Phases are on record before the step that brings them does anything, and only once however often it is tried."""

from uuid import UUID

import pytest
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from activities.entering import Entering
from activities.records import DatabaseRecords
from domain.job import Phase
from store.session import Database
from tests.activities.test_edge import Innermost, Work
from tests.support.rows import kinds, make_job, row_of
from workflows import messages as m

JOB = UUID(int=7)


def entered(job: UUID, *phases: Phase) -> m.ForJob:
    return m.ForJob(job_id=job, entered=[m.Entered(job_id=job, phase=phase, message=phase) for phase in phases])


async def run(chain: ActivityInboundInterceptor, work: Work, given: object) -> object:
    taken = ExecuteActivityInput(fn=work, args=[given], executor=None, headers={})
    return await ActivityEnvironment().run(chain.execute_activity, taken)


async def test_phases_are_entered_in_order_before_the_step_begins() -> None:
    happened: list[str] = []

    async def enter(phase: m.Entered) -> None:
        happened.append(phase.phase)

    async def work() -> str:
        happened.append("work")
        return "done"

    chain = Entering(enter).intercept_activity(Innermost(work))
    assert await run(chain, work, entered(JOB, Phase.TDD_REFACTOR, Phase.PREVIEW)) == "done"
    assert await run(chain, work, m.Taken(interaction_id=JOB)) == "done"
    assert happened == ["tdd_refactor", "preview", "work", "work"]


async def test_a_step_that_is_tried_again_enters_its_phases_once(database: Database) -> None:
    job = await make_job(database)

    async def work() -> None:
        raise OSError("disk full")

    chain = Entering(DatabaseRecords(database).enter_phase).intercept_activity(Innermost(work))
    for _ in range(2):
        with pytest.raises(OSError, match="disk full"):
            await run(chain, work, entered(job, Phase.PLANNING))
    assert (await kinds(database, job)).count("phase") == 1
    assert (await row_of(database, job)).current_phase == Phase.PLANNING
