"""Phases are entered with the step that follows them: on record, and told, before the step does anything.

An interceptor, so that no step needs to know of it. Must sit inside the edge, which translates its errors.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from workflows import messages as m

Enter = Callable[[m.Entered], Awaitable[None]]
"""Puts the entry of a phase on record; the same entry again changes nothing."""


class Entering(Interceptor):
    """Enters the phases that a step brings with it."""

    def __init__(self, enter: Enter) -> None:
        """Take the way to put them on record."""
        self.enter = enter

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Wrap the next interceptor."""
        return _Inbound(super().intercept_activity(next), self.enter)


class _Inbound(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, enter: Enter) -> None:
        super().__init__(next)
        self.enter = enter

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: ANN401 - Temporal's signature
        given = input.args[0] if input.args else None
        if isinstance(given, m.Entering):
            for entered in given.entered:
                await self.enter(entered)
        return await super().execute_activity(input)
