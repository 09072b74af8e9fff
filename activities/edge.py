"""The edge of every activity: heartbeats while it works, and errors translated into what Temporal retries or not.

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
from store.session import will_pass
from workflows.steps import PLACE_TROUBLE, PROVIDER_PROBLEM, PROVIDER_TROUBLE

HEARTBEAT = 0.5
"""Seconds between heartbeats: the model call of a cancelled job is aborted within that time and a round trip."""

LONGEST_WAIT = 300.0
"""Seconds: a provider that asks for more is asked again after five minutes all the same."""

PROGRAMMING_ERROR = "ProgrammingError"
"""Type of the failure that no retry can mend."""

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
                return await super().execute_activity(input)
        except ApplicationError:
            raise
        except Exception as error:
            failure = translated(error)
            job_id = getattr(input.args[0], "job_id", None) if input.args else None
            if failure.type == PROVIDER_TROUBLE and isinstance(job_id, UUID):
                await self.tell(job_id, f"{activity.info().activity_id}:{activity.info().attempt}", failure.message)
            raise failure from error


def translated(error: Exception) -> ApplicationError:
    """What Temporal is told: type, whether to try again and when."""
    if isinstance(error, ProviderRateLimited):
        wait = None if error.retry_after is None else timedelta(seconds=min(error.retry_after, LONGEST_WAIT))
        return ApplicationError(str(error), type=PROVIDER_TROUBLE, next_retry_delay=wait)
    if isinstance(error, ProviderUnavailable):
        return ApplicationError(str(error), type=PROVIDER_TROUBLE)
    if isinstance(error, ProviderError):
        return ApplicationError(str(error), type=PROVIDER_PROBLEM, non_retryable=True)
    if isinstance(error, SkillFleetError):
        return ApplicationError(str(error), type=type(error).__name__, non_retryable=True)
    if will_pass(error):
        return ApplicationError(DATABASE_AWAY, type(error).__name__, type=PLACE_TROUBLE)
    if isinstance(error, OSError):
        return ApplicationError(DISK_TROUBLE.format(error.strerror or error), type=PLACE_TROUBLE)
    return ApplicationError(
        UNFORESEEN.format(type(error).__name__), str(error), type=PROGRAMMING_ERROR, non_retryable=True
    )


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
        activity.heartbeat()
        await asyncio.sleep(HEARTBEAT)
