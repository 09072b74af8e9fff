"""The gate looks at every job that runs, and only at those; it says no more of a failure than a person needs."""

import asyncio

from deploy.release import Pace, Release
from deploy.replay import AT_ONCE, Broken, reason, running, verdict
from deploy.routing import Routing
from tests.deploy.builds import DEPLOYMENT, Careless, Patched, Wait, at_work, begun, temporal, waiting
from workflows.create_skill import CreateSkill
from workflows.promote_skill import PromoteSkill
from workflows.registered import ALL

MANY = AT_ONCE + 3
WRAPPED = 'Failure { failure: Some(Failure { message: "no field \\"x\\"\n  here", source: "", stack_trace: "…" }) }'


async def test_every_one_of_many_running_jobs_is_replayed_and_those_that_break_are_named() -> None:
    async with temporal() as client:
        async with at_work(client, "one", Wait):
            await Release(client, Routing(client, DEPLOYMENT), "one", Pace(), print).run(passes, lambda: None)
            handles = await waiting(client, MANY)
            await asyncio.gather(*(begun(handle) for handle in handles))
            await handles[0].signal("go_on")
            await handles[0].result()
        [_] = await waiting(client, 1)  # nobody has begun it: there is nothing to replay
        assert (await verdict(running(client), [Patched])).broken == ()
        found = await verdict(running(client), [Careless])
        assert found.replayed == MANY - 1
        assert {one.workflow_id for one in found.broken} == {f"wait-{number}" for number in range(1, MANY)}
        gone = await verdict(running(client), [CreateSkill])
        assert Broken("wait-1", gone.broken[0].why) in gone.broken
        assert "Wait is not registered" in gone.broken[0].why


async def passes() -> None:
    """A gate that lets everything through."""


def test_of_a_failure_that_the_sdk_wraps_only_its_message_is_told() -> None:
    assert reason(RuntimeError(WRAPPED)) == 'no field \\"x\\" here'
    assert reason(RuntimeError("plain\n words")) == "plain words"
    assert len(reason(RuntimeError("x" * 1000))) == 300


def test_the_gate_knows_what_workers_run() -> None:
    assert {CreateSkill, PromoteSkill} <= set(ALL)
