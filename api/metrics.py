"""The numbers for Prometheus: the pool of this process, how the work stands in the record, what Temporal says of it.

A part that is away leaves its numbers out, and `skill_fleet_up` says so: a scrape must succeed when something is wrong,
or no alarm could tell of it. Must not hold a connection longer than one look.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from api.dependencies import Services
from api.errors import TemporalUnavailable
from domain.job import JobStatus
from store import health
from store.health import Standing
from workflows.steps import LIBRARY, MODELS, WORKFLOWS

WITHIN = 3.0
"""Seconds for one look; Prometheus itself gives a scrape 10."""

T = TypeVar("T")


@dataclass(frozen=True)
class Engine:
    """What Temporal says: pollers by task queue, and how many workflows fail (None: this server cannot tell)."""

    pollers: dict[str, int]
    failing: int | None


@dataclass(frozen=True, eq=False)  # a registry keeps its collectors as keys
class Work(Collector):
    """How the work stands at one scrape; None: that part did not answer."""

    record: Standing | None
    engine: Engine | None

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The families, as the scraper wants them."""
        answered = {"database": self.record is not None, "temporal": self.engine is not None}
        yield family("skill_fleet_up", "1 when this part answered the scrape.", "part", answered)
        if self.record is not None:
            yield from _of_record(self.record)
        if self.engine is not None:
            yield from _of_engine(self.engine)


async def scraped(parts: Services) -> bytes:
    """All of it in the text format 0.0.4."""
    record, engine = await asyncio.gather(_within(_record(parts)), _within(_engine(parts)))
    passing = CollectorRegistry()
    passing.register(Work(record, engine))
    return generate_latest(parts.database.meter.registry) + generate_latest(passing)


async def _within(look: Coroutine[None, None, T]) -> T | None:
    """What was seen; None when the part is away or hangs. Nobody waits until a look that hangs has noticed its end."""
    task = asyncio.create_task(look)
    task.add_done_callback(_noticed)
    try:
        await asyncio.wait({task}, timeout=WITHIN)
        return task.result() if task.done() else None
    except (SQLAlchemyError, TemporalUnavailable, OSError):
        return None
    finally:
        task.cancel()


def _noticed(task: asyncio.Task[T]) -> None:
    """Take note of how a look ended, so that the loop does not complain of one that was given up."""
    if not task.cancelled():
        task.exception()


async def _record(parts: Services) -> Standing:
    async with parts.database.transaction() as session:
        return await health.standing(session, datetime.now(UTC))


async def _engine(parts: Services) -> Engine:
    queues = (WORKFLOWS, MODELS, LIBRARY)
    polled = await asyncio.gather(*map(parts.temporal.pollers, queues))
    return Engine(dict(zip(queues, polled, strict=True)), await parts.temporal.count_failing_workflows())


def _of_record(record: Standing) -> Iterator[GaugeMetricFamily]:
    by_status = {status.value: record.jobs.get(status, 0) for status in JobStatus}
    yield family("skill_fleet_jobs", "Jobs by status.", "status", by_status)
    told = {"waiting": record.notifications_waiting, "given_up": record.notifications_given_up}
    yield family("skill_fleet_notifications", "Notifications that were not delivered.", "state", told)
    text = "Seconds for which the oldest answer has waited to reach its workflow; 0 when none waits."
    yield GaugeMetricFamily("skill_fleet_oldest_undelivered_answer_seconds", text, record.undelivered_seconds)


def _of_engine(engine: Engine) -> Iterator[GaugeMetricFamily]:
    yield family("skill_fleet_pollers", "Pollers of a task queue in the last minute.", "queue", engine.pollers)
    if engine.failing is not None:
        text = "Running workflows that cannot go on because their workflow task fails."
        yield GaugeMetricFamily("skill_fleet_workflow_task_failures", text, engine.failing)


def family(name: str, text: str, label: str, values: dict[str, int] | dict[str, bool]) -> GaugeMetricFamily:
    """One gauge with one label."""
    made = GaugeMetricFamily(name, text, labels=[label])
    for value, number in values.items():
        made.add_metric([value], float(number))
    return made
