"""A build on its way to all jobs: first boot, a good one, a bad one, one whose worker never comes."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from temporalio.client import Client

from deploy.errors import StackError
from deploy.failing import failing, looked_at
from deploy.release import Pace, Release, Released, take_back
from deploy.routing import QUEUES, Deployment, Routing, Standing
from tests.deploy.builds import DEPLOYMENT, Careless, Patched, Wait, at_work, begun, temporal, waiting

QUICK = Pace(steps=(50.0,), pause=0, appear=20, drain=60)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """Of a server without a past."""
    async with temporal() as client:
        yield client


async def passes() -> None:
    """A gate that lets everything through."""


def alive() -> None:
    """A worker that somebody else started."""


async def release(client: Client, build: str, pace: Pace = QUICK, say: Callable[[str], None] = print) -> Released:
    """Bring a build out."""
    return await Release(client, Routing(client, DEPLOYMENT), build, pace, say).run(passes, alive)


async def known(routing: Routing, build: str) -> None:
    """Until the server has registered its queues, one after the other."""
    async with asyncio.timeout(20):
        while not await routing.knows(build, QUEUES):  # noqa: ASYNC110 - happens in the server
            await asyncio.sleep(0.1)


async def test_the_first_build_is_current_at_once_and_its_workflows_run(client: Client) -> None:
    routing = Routing(client, DEPLOYMENT)
    assert await routing.look() == Deployment()
    async with at_work(client, "one", Wait):
        [handle] = await waiting(client, 1)
        done = await release(client, "one")
        await handle.signal("go_on")
        assert await handle.result() == "older"
        assert (done.previous, done.drained, set(done.seconds)) == (
            "",
            False,
            {"worker polls", "replay gate", "first version"},
        )
        assert (await routing.look()).current == "one"
        again = await release(client, "one")
        assert "ramp" not in again.seconds


async def test_what_waits_goes_on_with_the_new_build_and_the_old_one_drains(client: Client) -> None:
    routing = Routing(client, DEPLOYMENT)
    async with at_work(client, "one", Wait):
        await release(client, "one")
        handles = await waiting(client, 4)
        await asyncio.gather(*(begun(handle) for handle in handles))
        async with at_work(client, "two", Patched):
            done = await release(client, "two")
            assert (done.previous, done.drained) == ("one", True)
            assert (await routing.look()).standing("one") is Standing.DRAINED
            for handle in handles:
                await handle.signal("go_on")
            assert {await handle.result() for handle in handles} == {"newer"}

            assert (await routing.look()).previous == "one"
            await take_back(routing, "one")
            [later] = await waiting(client, 1)
            await later.signal("go_on")
            assert await later.result() == "older"


async def test_a_build_whose_tasks_fail_is_taken_back_and_the_jobs_go_on_with_the_one_before(client: Client) -> None:
    said: list[str] = []
    async with at_work(client, "one", Wait):
        await release(client, "one")
        handles = await waiting(client, 6)
        await asyncio.gather(*(begun(handle) for handle in handles))
        assert await failing(client) == set()
        async with at_work(client, "bad", Careless):
            going = asyncio.create_task(release(client, "bad", Pace((99.0,), 60, 20, 60), said.append))
            async with asyncio.timeout(30):
                while not any("gets 99 %" in text for text in said):  # noqa: ASYNC110 - said by the task
                    await asyncio.sleep(0.05)
            for handle in handles:
                await handle.signal("go_on")
            with pytest.raises(StackError, match=r"tasks of \d jobs fail since this build gets work: wait-\d"):
                await going
            assert (await Routing(client, DEPLOYMENT).look()).current == "one"
            assert await asyncio.gather(*(handle.result() for handle in handles)) == ["older"] * 6
    assert said[-1] == "build one gets all work again"


async def test_executions_that_fail_are_found_where_the_server_flags_none(client: Client) -> None:
    async with at_work(client, "one", Wait):
        await release(client, "one")
        handles = await waiting(client, 2)
        await asyncio.gather(*(begun(handle) for handle in handles))
    routing = Routing(client, DEPLOYMENT)
    async with at_work(client, "bad", Careless):
        await known(routing, "bad")
        await take_back(routing, "bad")
        await handles[0].signal("go_on")
        async with asyncio.timeout(40):
            while not await looked_at(client):  # noqa: ASYNC110 - it fails in the server's own time
                await asyncio.sleep(0.1)
        assert await looked_at(client) == await failing(client) == {"wait-0"}


async def test_a_gate_that_refuses_changes_nothing(client: Client) -> None:
    async def refuses() -> None:
        raise StackError("they would break")

    routing = Routing(client, DEPLOYMENT)
    async with at_work(client, "one", Wait), at_work(client, "bad", Careless):
        await release(client, "one")
        with pytest.raises(StackError, match="they would break"):
            await Release(client, routing, "bad", QUICK, print).run(refuses, alive)
        now = await routing.look()
        assert (now.current, now.ramping, now.standing("bad")) == ("one", "", Standing.IDLE)


async def test_a_build_that_nobody_runs_is_named_with_what_to_set(client: Client) -> None:
    with pytest.raises(StackError, match=r"TEMPORAL_WORKER_BUILD_ID=absent.*Nothing was changed"):
        await release(client, "absent", Pace(appear=0.1))


async def test_a_ramp_of_somebody_else_is_not_run_over(client: Client) -> None:
    routing = Routing(client, DEPLOYMENT)
    async with at_work(client, "one", Wait), at_work(client, "two", Patched), at_work(client, "three", Patched):
        await release(client, "one")
        await known(routing, "two")
        await routing.ramp("two", 10)
        with pytest.raises(StackError, match=r"build two gets 10 % already.*rollback"):
            await release(client, "three")
        assert (await routing.look()).ramping == "two"


async def test_two_rollouts_of_one_build_at_the_same_time_both_bring_it_out(client: Client) -> None:
    routing = Routing(client, DEPLOYMENT)
    async with at_work(client, "one", Wait), at_work(client, "two", Patched):
        await release(client, "one")
        both = await asyncio.gather(release(client, "two"), release(client, "two"))
        assert [done.previous for done in both] == ["one", "one"]
        assert (await routing.look()).current == "two"


async def test_a_build_that_another_rollout_has_made_current_meanwhile_is_not_taken_back(client: Client) -> None:
    routing = Routing(client, DEPLOYMENT)
    said: list[str] = []
    async with at_work(client, "one", Wait), at_work(client, "two", Patched):
        await release(client, "one")
        going = asyncio.create_task(release(client, "two", Pace((10.0, 50.0), 2, 20, 60), said.append))
        async with asyncio.timeout(30):
            while not any("gets 10 %" in text for text in said):  # noqa: ASYNC110 - said by the task
                await asyncio.sleep(0.05)
        await take_back(routing, "two")
        assert (await going).drained
        assert (await routing.look()).current == "two"
        assert not any("gets 50 %" in text for text in said)


async def test_an_interrupt_takes_the_ramp_back(client: Client) -> None:
    routing = Routing(client, DEPLOYMENT)
    said: list[str] = []
    async with at_work(client, "one", Wait), at_work(client, "two", Patched):
        await release(client, "one")
        going = asyncio.create_task(release(client, "two", Pace((10.0,), 60, 20, 60), said.append))
        async with asyncio.timeout(30):
            while not any("gets 10 %" in text for text in said):  # noqa: ASYNC110 - said by the task
                await asyncio.sleep(0.05)
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going
        now = await routing.look()
        assert (now.current, now.ramping) == ("one", "")


async def test_a_build_that_does_not_drain_in_time_stays_and_says_so() -> None:
    async with temporal({}) as client, at_work(client, "one", Wait), at_work(client, "two", Patched):
        await release(client, "one")
        with pytest.raises(StackError, match="build two is current, but one has not drained"):
            await release(client, "two", Pace((), 0, 20, 0.001))
        assert (await Routing(client, DEPLOYMENT).look()).current == "two"
