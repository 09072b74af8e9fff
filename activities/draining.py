"""Steps of a worker that stops: what does not end in time is handed back, and another worker goes on with it at once.

`Stop` hears that the worker shall end; `Draining` is an interceptor around all others, so that no step needs to know of
it. Must not cut a step short for any other reason.
"""

import asyncio
import os
import signal
import threading
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from workflows.steps import PLACE_TROUBLE

LAST_MOMENT = 0.5
"""Seconds a step gets to end by itself once it is told to; a database that is frozen would keep it for ever."""

AT_ONCE = timedelta(milliseconds=1)
"""Until the step is tried elsewhere; without it the wait would be that of the next retry, a minute at the last."""

LAST = timedelta(seconds=1.6)
"""After DRAIN the process ends within this time, whatever still runs: hand-backs are sent, connections closed."""

HANDED_BACK = (
    "The worker was stopped amid this step. Nothing is lost: another worker goes on with it; if none does, start one "
    "(`skill-fleet status`), then retry the job."
)


class Draining(Interceptor):
    """Hands the steps of a stopping worker back."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Wrap the next interceptor."""
        return _Inbound(super().intercept_activity(next))


class _Inbound(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: ANN401 - Temporal's signature
        step = asyncio.ensure_future(super().execute_activity(input))
        try:
            return await asyncio.shield(step)
        except asyncio.CancelledError:
            step.cancel()
            if not _worker_stops():
                return await step
            await asyncio.wait([step], timeout=LAST_MOMENT)
            if step.done() and not step.cancelled():
                return step.result()
            raise handed_back() from None


def handed_back() -> ApplicationError:
    """What a step raises that its worker, which stops, leaves to another."""
    return ApplicationError(HANDED_BACK, type=PLACE_TROUBLE, next_retry_delay=AT_ONCE)


def _worker_stops() -> bool:
    """Whether this step was cancelled because its worker ends, and not because of its job."""
    details = activity.cancellation_details()
    return details is not None and details.worker_shutdown


class Stop:
    """SIGTERM or SIGINT: the first asks the worker to drain, the second ends it at once."""

    def __init__(self, drain: timedelta) -> None:
        """Listen from now on; needs the running loop."""
        self.asked = asyncio.Event()
        self._within = (drain + LAST).total_seconds()
        for sign in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(sign, self._ask, sign)

    def _ask(self, sign: signal.Signals) -> None:
        if self.asked.is_set():
            os._exit(128 + sign)
        self.asked.set()
        # A thread, so that not even a loop that hangs outlasts it.
        end = threading.Timer(self._within, os._exit, (0,))
        end.daemon = True
        end.start()
