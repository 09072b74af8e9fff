"""The edge of every activity: heartbeats while it works, errors translated into what Temporal retries or not, and
nothing given to Temporal that is larger than a history should hold.

The only place where `domain.errors` become `ApplicationError`s; activities themselves just raise what happened.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from domain.errors import ProviderError, ProviderRateLimited, ProviderUnavailable, SkillFleetError
from domain.text import clipped
from store.session import will_pass
from workflows.steps import PLACE_TROUBLE, PROVIDER_PROBLEM, PROVIDER_TROUBLE

HEARTBEAT = 0.5
"""Seconds between heartbeats: the model call of a cancelled job is aborted within that time and a round trip."""

LONGEST_WAIT = 300.0
"""Seconds: a provider that asks for more is asked again after five minutes all the same."""

PROGRAMMING_ERROR = "ProgrammingError"
"""Type of the failure that no retry can mend."""

MOST_GIVEN = 100_000
"""Bytes of a step's result, as Temporal carries it. Its own end is 2 MB, where a step would be tried for ever; every
result is read again at each replay, so ours comes much sooner."""

MOST_SAID = 4_000
"""Characters of an error that Temporal carries; the whole is in the worker's log."""

OVERSIZE = "Oversize"
"""Type of the failure of a step whose result is over MOST_GIVEN; no retry can mend it."""

OVERSIZED = (
    "The step {} gave {:,} bytes to carry; at most {:,} may travel in a job's history. No retry mends this: start the "
    "job again with less (a shorter task, fewer sources), and tell its operator: texts belong in the database."
)
DATABASE_AWAY = (
    "The database does not answer. Nothing is lost: start it again (`skill-fleet doctor`), then retry the job."
)
DISK_TROUBLE = (
    "A file could not be written ({}). Nothing is lost: mend the disk or the library folder, then retry the job."
)
UNFORESEEN = "An unforeseen error ({}) stopped the job; the worker's log has the details for its operator."


Tell = Callable[[UUID, str, str], Awaitable[None]]
"""Told of a job's passing trouble: the job, a key that is new for each attempt, and what is the matter."""


class Edge(Interceptor):
    """Puts the edge around every activity of a worker; `tell` shows people what is being waited for."""

    def __init__(self, tell: Tell) -> None:
        """Take the way to tell."""
        self.tell = tell

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Wrap the next interceptor."""
        return _Inbound(super().intercept_activity(next), self.tell)


class _Inbound(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, tell: Tell) -> None:
        super().__init__(next)
        self.tell = tell

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: ANN401 - Temporal's signature
        try:
            async with _heartbeats():
                return _carried(await super().execute_activity(input))
        except ApplicationError:
            raise
        except Exception as error:  # noqa: BLE001 - the edge: whatever happened is translated, and raised
            failure = translated(error)
            job_id = getattr(input.args[0], "job_id", None) if input.args else None
            if failure.type == PROVIDER_TROUBLE and isinstance(job_id, UUID):
                await self.tell(job_id, f"{activity.info().activity_id}:{activity.info().attempt}", failure.message)
            raise failure from _brief(error)


def translated(error: Exception) -> ApplicationError:
    """What Temporal is told: type, whether to try again and when."""
    if isinstance(error, ProviderRateLimited):
        wait = None if error.retry_after is None else timedelta(seconds=min(error.retry_after, LONGEST_WAIT))
        return ApplicationError(clipped(str(error), MOST_SAID), type=PROVIDER_TROUBLE, next_retry_delay=wait)
    if isinstance(error, ProviderUnavailable):
        return ApplicationError(clipped(str(error), MOST_SAID), type=PROVIDER_TROUBLE)
    if isinstance(error, ProviderError):
        return ApplicationError(clipped(str(error), MOST_SAID), type=PROVIDER_PROBLEM, non_retryable=True)
    if isinstance(error, SkillFleetError):
        return ApplicationError(clipped(str(error), MOST_SAID), type=type(error).__name__, non_retryable=True)
    if will_pass(error):
        return ApplicationError(DATABASE_AWAY, type(error).__name__, type=PLACE_TROUBLE)
    if isinstance(error, OSError):
        return ApplicationError(DISK_TROUBLE.format(error.strerror or error), type=PLACE_TROUBLE)
    return ApplicationError(
        UNFORESEEN.format(type(error).__name__),
        clipped(str(error), MOST_SAID),
        type=PROGRAMMING_ERROR,
        non_retryable=True,
    )


def _carried(result: object) -> object:
    """The result, if Temporal shall carry it. Raises ApplicationError."""
    size = sum(len(payload.data) for payload in activity.payload_converter().to_payloads([result]))
    if size > MOST_GIVEN:
        message = OVERSIZED.format(activity.info().activity_type, size, MOST_GIVEN)
        raise ApplicationError(message, type=OVERSIZE, non_retryable=True)
    return result


def _brief(error: BaseException) -> BaseException:
    """The error, as the cause that Temporal carries. One of many words, such as a statement with all its values, is
    replaced by its class, its first words and where it was raised; the log has the whole."""
    cause: BaseException | None = error
    while cause is not None:
        if len(str(cause)) > MOST_SAID:
            activity.logger.error("an error of many words", exc_info=error)
            kept = ApplicationError(clipped(str(error), MOST_SAID), type=type(error).__name__)
            kept.__suppress_context__ = True
            return kept.with_traceback(error.__traceback__)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return error


@asynccontextmanager
async def _heartbeats() -> AsyncIterator[None]:
    """Heartbeat in the background if this activity is expected to."""
    if activity.info().heartbeat_timeout is None:
        yield
        return
    beating = asyncio.create_task(_beat())
    try:
        yield
    finally:
        beating.cancel()


async def _beat() -> None:
    while True:
        await asyncio.sleep(HEARTBEAT)  # first: most steps are over before, and each beat is a request
        activity.heartbeat()
