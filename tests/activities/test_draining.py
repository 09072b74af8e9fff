"""Steps of a worker that stops: handed back at once, whatever they do; a job's own cancel is left alone."""

import asyncio
from datetime import timedelta

import pytest
from temporalio import activity
from temporalio.activity import ActivityCancellationDetails
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from activities.draining import AT_ONCE, Draining
from workflows.steps import MODEL, PLACE_TROUBLE, WAITED_OUT

STOPS = ActivityCancellationDetails(worker_shutdown=True)
CANCELLED = ActivityCancellationDetails(cancel_requested=True)


class Doing(ActivityInboundInterceptor):
    """The end of the chain: does what a test says."""

    def __init__(self, step: "Step") -> None:
        self.step = step

    async def execute_activity(self, input: ExecuteActivityInput) -> str:
        return await self.step.run()


class Step:
    """A step that can be cancelled as a worker would; `heeds`: it ends when it is told to."""

    def __init__(self, *, heeds: bool = True, last_words: str | None = None) -> None:
        self.begun, self.over = asyncio.Event(), asyncio.Event()
        self.heeds = heeds
        self.last_words = last_words
        self.told = 0
        self.environment = ActivityEnvironment()

    async def run(self) -> str:
        """Work until told otherwise."""
        self.begun.set()
        while not self.over.is_set():
            try:
                await self.over.wait()
            except asyncio.CancelledError:
                self.told += 1
                if self.last_words is not None:
                    return self.last_words
                if self.heeds:
                    raise
        return "the test is over"

    async def cancelled(self, details: ActivityCancellationDetails) -> str:
        """What a worker is given when the step is cancelled for this reason."""
        inbound = Draining().intercept_activity(Doing(self))
        given = ExecuteActivityInput(fn=self.run, args=[], executor=None, headers={})

        async def step() -> str:
            done: str = await inbound.execute_activity(given)
            return done

        running = asyncio.ensure_future(self.environment.run(activity.defn(step)))
        await self.begun.wait()
        self.environment.cancel(details)
        try:
            return await running
        finally:
            self.over.set()


@pytest.mark.parametrize("heeds", [True, False], ids=["that ends", "that hangs"])
async def test_a_step_is_handed_back_when_its_worker_stops(heeds: bool) -> None:
    step = Step(heeds=heeds)
    with pytest.raises(ApplicationError, match="Nothing is lost") as handed_back:
        await step.cancelled(STOPS)
    assert step.told == 1
    assert not handed_back.value.non_retryable
    assert handed_back.value.next_retry_delay == AT_ONCE < timedelta(milliseconds=200)


async def test_the_last_of_all_tries_parks_the_job_instead_of_failing_it() -> None:
    with pytest.raises(ApplicationError) as handed_back:
        await Step().cancelled(STOPS)
    assert handed_back.value.type == PLACE_TROUBLE
    assert PLACE_TROUBLE in WAITED_OUT
    assert PLACE_TROUBLE not in (MODEL["retry_policy"].non_retryable_error_types or [])


async def test_a_step_that_ends_in_its_last_moment_has_ended() -> None:
    assert await Step(last_words="stored").cancelled(STOPS) == "stored"


async def test_a_cancelled_job_cancels_its_step() -> None:
    step = Step()
    with pytest.raises(asyncio.CancelledError):
        await step.cancelled(CANCELLED)
    assert step.told == 1


async def test_an_error_in_the_last_moment_is_told_as_it_is() -> None:
    class Failing(Step):
        async def run(self) -> str:
            try:
                return await super().run()
            except asyncio.CancelledError:
                raise OSError("disk full") from None

    with pytest.raises(OSError, match="disk full"):
        await Failing().cancelled(STOPS)
