"""The edge of every activity: what is tried again and when, what is not, and that it heartbeats while it works."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from activities import edge
from activities.edge import LONGEST_WAIT, MOST_GIVEN, OVERSIZE, PROGRAMMING_ERROR, Edge, translated
from domain import errors
from workflows import messages as m
from workflows.messages import ForJob
from workflows.steps import BUDGET_EXHAUSTED, FILES, MODEL, PLACE_TROUBLE, PROVIDER_PROBLEM, PROVIDER_TROUBLE, RECORD

Work = Callable[[], Awaitable[object]]


class Innermost(ActivityInboundInterceptor):
    """Where the chain of interceptors ends: it does the work."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        return await self.work()


Told = list[tuple[UUID, str, str]]


async def behind_the_edge(
    work: Work, environment: ActivityEnvironment | None = None, told: Told | None = None, given: object = None
) -> object:
    async def tell(job_id: UUID, key: str, message: str) -> None:
        (told if told is not None else []).append((job_id, key, message))

    chain = Edge(tell).intercept_activity(Innermost(work))
    taken = ExecuteActivityInput(fn=work, args=[] if given is None else [given], executor=None, headers={})
    return await (environment or ActivityEnvironment()).run(chain.execute_activity, taken)


async def failure(error: BaseException) -> BaseException:
    async def work() -> None:
        raise error

    with pytest.raises(type(error) if isinstance(error, ApplicationError) else ApplicationError) as caught:
        await behind_the_edge(work)
    return caught.value


SENT: list[tuple[Exception, str, bool]] = [
    (errors.ProviderRateLimited("slow down", 3), PROVIDER_TROUBLE, False),
    (errors.ProviderRateLimited("slow down"), PROVIDER_TROUBLE, False),
    (errors.ProviderUnavailable("down"), PROVIDER_TROUBLE, False),
    (errors.ProviderRefused("no credit"), PROVIDER_PROBLEM, True),
    (errors.NoProvider("no model"), PROVIDER_PROBLEM, True),
    (errors.Unparsable("no form"), PROVIDER_PROBLEM, True),
    (errors.ProviderError("something"), PROVIDER_PROBLEM, True),
    (errors.BudgetExhausted("3 of 3 model calls are spent"), BUDGET_EXHAUSTED, True),
    (errors.SkillFileError("bom", "a mark"), "SkillFileError", True),
    (errors.InvalidAnswer("no"), "InvalidAnswer", True),
    (errors.AnswerConflict("no"), "AnswerConflict", True),
    (errors.JobEnded("over"), "JobEnded", True),
    (errors.NotFound("no job"), "NotFound", True),
    (errors.PromotionRefused("not yet"), "PromotionRefused", True),
    (errors.LibraryConflict("taken"), "LibraryConflict", True),
    (errors.SkillFleetError("root"), "SkillFleetError", True),
    (OperationalError("SELECT 1", {}, Exception("server closed")), PLACE_TROUBLE, False),
    (InterfaceError("SELECT 1", {}, Exception("closed")), PLACE_TROUBLE, False),
    (PoolTimeout("the pool is full"), PLACE_TROUBLE, False),
    (OSError(28, "No space left on device"), PLACE_TROUBLE, False),
    (PermissionError(13, "denied"), PLACE_TROUBLE, False),
    (TimeoutError("slow disk"), PLACE_TROUBLE, False),
    (ProgrammingError("SELECT x", {}, Exception("no column x")), PROGRAMMING_ERROR, True),
    (KeyError("prompt"), PROGRAMMING_ERROR, True),
    (AssertionError("report_id"), PROGRAMMING_ERROR, True),
    (ValueError("odd"), PROGRAMMING_ERROR, True),
]


@pytest.mark.parametrize(("error", "kind", "final"), SENT, ids=lambda value: type(value).__name__)
def test_each_error_becomes_a_failure_that_temporal_retries_or_not(error: Exception, kind: str, final: bool) -> None:
    failed = translated(error)
    assert (failed.type, failed.non_retryable) == (kind, final)
    assert failed.message


def test_every_error_of_ours_is_in_the_table_above() -> None:
    ours = {made for made in vars(errors).values() if isinstance(made, type) and issubclass(made, Exception)}
    assert ours == {type(error) for error, _, _ in SENT} & ours


@pytest.mark.parametrize("options", [RECORD, MODEL, FILES], ids=["record", "model", "files"])
def test_what_passes_is_tried_again_and_what_the_sdk_cannot_send_is_not(options: dict[str, Any]) -> None:
    assert list(options["retry_policy"].non_retryable_error_types) == ["PayloadsTooLarge"]


@pytest.mark.parametrize(
    ("asked", "waited"),
    [(None, None), (0, 0.0), (2.5, 2.5), (LONGEST_WAIT, LONGEST_WAIT), (86_400, LONGEST_WAIT)],
)
def test_a_rate_limit_waits_as_long_as_the_provider_says_but_five_minutes_at_most(
    asked: float | None, waited: float | None
) -> None:
    delay = translated(errors.ProviderRateLimited("slow down", asked)).next_retry_delay
    assert delay == (None if waited is None else timedelta(seconds=waited))


def test_what_a_person_reads_is_what_happened_and_what_to_do() -> None:
    assert translated(errors.ProviderRefused("no credit left")).message == "no credit left"
    assert "No space left on device" in translated(OSError(28, "No space left on device")).message
    assert "retry the job" in translated(OperationalError("SELECT 1", {}, Exception("closed"))).message


def test_an_accident_is_named_to_people_by_its_class_and_to_operators_by_its_words() -> None:
    failed = translated(KeyError("a text of a person"))
    assert "KeyError" in failed.message
    assert "a text of a person" not in failed.message
    assert failed.details == ("'a text of a person'",)


async def trouble(error: Exception, given: object) -> Told:
    async def work() -> None:
        raise error

    told: Told = []
    with pytest.raises(ApplicationError):
        await behind_the_edge(work, told=told, given=given)
    return told


async def test_people_are_told_what_a_step_waits_for_once_an_attempt() -> None:
    job = ForJob(job_id=uuid4())
    [(told_of, key, message)] = await trouble(errors.ProviderUnavailable("the provider is down"), job)
    assert (told_of, message) == (job.job_id, "the provider is down")
    assert key.endswith(":1")


@pytest.mark.parametrize(
    ("error", "given"),
    [
        (errors.ProviderUnavailable("down"), None),
        (errors.ProviderUnavailable("down"), "no job"),
        (errors.ProviderRefused("no credit"), ForJob(job_id=uuid4())),
        (OperationalError("SELECT 1", {}, Exception("closed")), ForJob(job_id=uuid4())),
    ],
)
async def test_nobody_is_told_of_what_has_no_job_or_does_not_pass_by_itself(error: Exception, given: object) -> None:
    assert await trouble(error, given) == []


async def test_a_step_that_raises_is_translated_and_keeps_its_cause() -> None:
    error = errors.NotFound("no job")
    failed = await failure(error)
    assert isinstance(failed, ApplicationError)
    assert (failed.type, failed.non_retryable, failed.__cause__) == ("NotFound", True, error)


async def test_a_programming_error_is_not_tried_again() -> None:
    failed = await failure(AttributeError("no such thing"))
    assert isinstance(failed, ApplicationError)
    assert (failed.type, failed.non_retryable) == (PROGRAMMING_ERROR, True)


async def test_a_failure_that_speaks_temporals_language_already_passes_as_it_is() -> None:
    error = ApplicationError("as it is", type="Mine", non_retryable=True)
    assert await failure(error) is error


async def test_what_a_step_returns_comes_through() -> None:
    async def work() -> str:
        return "done"

    assert await behind_the_edge(work) == "done"


async def test_a_result_that_no_history_should_hold_is_an_error_in_words_and_not_tried_again() -> None:
    async def gives(size: int) -> str:
        return "x" * (size - 2)  # two quotes around it

    assert await behind_the_edge(partial(gives, MOST_GIVEN))
    with pytest.raises(ApplicationError, match=r"gave 100,001 bytes to carry; at most 100,000") as caught:
        await behind_the_edge(partial(gives, MOST_GIVEN + 1))
    assert (caught.value.type, caught.value.non_retryable) == (OVERSIZE, True)


async def test_what_counts_is_the_size_in_bytes_as_it_travels_not_in_characters() -> None:
    async def gives() -> m.Planned:
        return m.Planned(name="é" * (MOST_GIVEN // 2), path="")

    environment = ActivityEnvironment()
    environment.payload_converter = pydantic_data_converter.payload_converter
    with pytest.raises(ApplicationError, match="to carry"):
        await behind_the_edge(gives, environment)


def around(cause: Exception) -> Exception:
    """A short error that was caused by this one."""
    error = RuntimeError("short")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("error", [ValueError("x" * 10_000), around(ValueError("x" * 10_000))], ids=["itself", "cause"])
async def test_an_error_of_many_words_is_carried_with_its_first_ones_and_logged_whole(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    failed = await failure(error)
    carried = Failure()
    DataConverter.default.failure_converter.to_failure(failed, DataConverter.default.payload_converter, carried)
    assert carried.ByteSize() < MOST_GIVEN // 5
    assert carried.cause.application_failure_info.type == type(error).__name__
    assert "test_edge.py" in carried.cause.stack_trace
    assert "x" * 10_000 in caplog.text


def beating(every: float | None) -> tuple[ActivityEnvironment, asyncio.Queue[None]]:
    environment, beats = ActivityEnvironment(), asyncio.Queue[None]()
    timeout = None if every is None else timedelta(seconds=every)
    environment.info = dataclasses.replace(environment.info, heartbeat_timeout=timeout)
    environment.on_heartbeat = lambda *_: beats.put_nowait(None)
    return environment, beats


async def test_a_step_heartbeats_as_long_as_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "HEARTBEAT", 0.001)
    environment, beats = beating(every=6)

    async def until_three_beats() -> int:
        async with asyncio.timeout(5):
            for _ in range(3):
                await beats.get()
        return 3

    tasks = asyncio.all_tasks()
    assert await behind_the_edge(until_three_beats, environment) == 3
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == tasks


async def test_heartbeats_end_with_a_step_that_fails() -> None:
    environment, _ = beating(every=6)

    async def fail() -> None:
        await asyncio.sleep(0)
        raise errors.ProviderUnavailable("down")

    tasks = asyncio.all_tasks()
    with pytest.raises(ApplicationError):
        await behind_the_edge(fail, environment)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == tasks


async def test_a_step_that_is_not_expected_to_heartbeat_does_not() -> None:
    environment, beats = beating(every=None)

    async def work() -> None:
        for _ in range(3):
            await asyncio.sleep(0)

    await behind_the_edge(work, environment)
    assert beats.empty()


def test_a_step_heartbeats_well_within_the_time_after_which_its_worker_counts_as_dead() -> None:
    assert MODEL["heartbeat_timeout"].total_seconds() >= edge.HEARTBEAT * 3


async def test_a_cancelled_step_ends_as_cancelled_and_not_as_failed() -> None:
    environment, _ = beating(every=6)
    begun = asyncio.Event()

    async def hang() -> None:
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.ensure_future(behind_the_edge(hang, environment))
    await begun.wait()
    environment.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
