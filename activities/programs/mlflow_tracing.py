"""Sends what dspy does to a tracking server of MLflow: the prompts, the answers, and how long each part took.

Loaded only where such a server is configured: it takes 25 MB. The server may be away: spans are sent by a thread of
their own, given up soon, and dropped when too many wait, so that no job waits or fails for it. Prompts and answers go
there as they are; keys are no part of them.
"""

import logging
import time

import mlflow
import mlflow.dspy
from mlflow import environment_variables as limits
from mlflow.entities.trace_location import MlflowExperimentLocation

EXPERIMENT = "0"
"""MLflow's own default experiment. Named, because mlflow-tracing 3.17 cannot look it up (it lacks a part of MLflow)."""

LIMITS = (
    (limits.MLFLOW_ENABLE_ASYNC_TRACE_LOGGING, True),
    (limits.MLFLOW_ASYNC_TRACE_LOGGING_MAX_WORKERS, 1),
    (limits.MLFLOW_ASYNC_TRACE_LOGGING_MAX_QUEUE_SIZE, 200),
    (limits.MLFLOW_ASYNC_TRACE_LOGGING_RETRY_TIMEOUT, 30),
    (limits.MLFLOW_HTTP_REQUEST_TIMEOUT, 5),
    (limits.MLFLOW_HTTP_REQUEST_MAX_RETRIES, 1),
)
"""Traces that wait to be sent (some 50 KB each), and seconds: MLflow's own are 1,000 traces, 500 and 120 seconds and 7
retries, and would keep much in the worker's memory for long while a server is away."""

LOUD = ("mlflow.tracing.export.mlflow_v3", "mlflow.tracing.export.async_export_queue", "mlflow.tracing.fluent")
"""Loggers that tell of each trace that could not be sent."""

QUIET = 60.0
"""Seconds between two lines in the log that say that traces cannot be sent."""


class Seldom(logging.Filter):
    """Lets one record pass in so many seconds: a server that is away would leave a line for each call."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._next = 0.0

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - whatever it says
        """Whether this one may pass."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True


def send_to(uri: str) -> None:
    """Send all traces of this process there from now on. Asks nothing of the server."""
    for limit, value in LIMITS:
        limit.set(value)  # type: ignore[no-untyped-call]  # MLflow's own
    for name in LOUD:
        logging.getLogger(name).addFilter(Seldom(QUIET))
    mlflow.set_tracking_uri(uri)
    mlflow.tracing.set_destination(MlflowExperimentLocation(EXPERIMENT))
    mlflow.dspy.autolog(silent=True)
