"""The pool of connections and what it tells: how many are in use, how long a checkout and a transaction took.

Its listeners see every connection the engine hands out, also one taken around the scope in `store/session.py`. Must not
know what a transaction is for.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from sqlalchemy import Connection, event
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor, ExecutionContext
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry, PoolProxiedConnection

log = logging.getLogger(__name__)

SLOW_TRANSACTION = 1.0
"""Seconds after which a transaction is logged and counted; no repository call may take as long (scenario H)."""

RECENT = 1_000
"""Checkouts over which `/health/db` takes its percentiles; Prometheus takes its own from the histogram."""

CHECKOUT_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Seconds. Fine around 0.1, the goal for the 99th percentile (scenario H); 30 is when waiting for one is given up."""

TRANSACTION_BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 10, 30, 60)
"""Seconds. 1 is the most a repository call may take (scenario H); at 60 of idling the server ends a transaction."""

SHOWN = 120
"""Characters of a slow transaction's last statement in the log; values of people are never in it."""


class TimedPool(AsyncAdaptedQueuePool):
    """The pool, which tells how long each checkout took: waiting, connecting and the ping; failed ones too."""

    tell: Callable[[float], None] | None = None

    def connect(self) -> PoolProxiedConnection:
        """A connection; every checkout comes through here, and no event of SQLAlchemy tells of its beginning."""
        asked = time.perf_counter()
        try:
            return super().connect()
        finally:
            if self.tell is not None:
                self.tell(time.perf_counter() - asked)

    def recreate(self) -> "TimedPool":
        """The same again; what `dispose` leaves behind."""
        again = super().recreate()
        assert isinstance(again, TimedPool)
        again.tell = self.tell
        return again


@dataclass(frozen=True)
class PoolState:
    """The pool at one moment; times in seconds. `overflow`: connections beyond `size`, closed as soon as returned."""

    size: int
    active: int
    idle: int
    overflow: int
    limit: int
    checkout_p50: float = 0.0
    checkout_p99: float = 0.0

    @property
    def exhausted(self) -> bool:
        """True when the next query would have to wait for a connection."""
        return self.active >= self.limit


class PoolMeter:
    """Watches one engine. `registry` holds its numbers for Prometheus, and nobody else's."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.registry = CollectorRegistry()
        self._engine = engine
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._gauges()
        self._checkouts = Histogram(
            "skill_fleet_db_checkout_seconds",
            "Time until a connection was there: waiting, connecting, ping.",
            buckets=CHECKOUT_BUCKETS,
            registry=self.registry,
        )
        self._transactions = Histogram(
            "skill_fleet_db_transaction_seconds",
            "Time a transaction kept its connection, COMMIT included.",
            buckets=TRANSACTION_BUCKETS,
            registry=self.registry,
        )
        self._slow = Counter(
            "skill_fleet_db_slow_transactions",
            f"Transactions of more than {SLOW_TRANSACTION:g} s.",
            registry=self.registry,
        )
        self._listen()

    def state(self) -> PoolState:
        """How the pool is now. Needs no connection, so that it answers when there is none."""
        ordered = sorted(self._recent)
        p50, p99 = _percentile(ordered, 0.5), _percentile(ordered, 0.99)
        return replace(self._counts(), checkout_p50=p50, checkout_p99=p99)

    def _counts(self) -> PoolState:
        """The connections alone; the worker's numbers are served by another thread."""
        pool = self._engine.pool
        assert isinstance(pool, TimedPool)
        return PoolState(
            size=pool.size(),
            active=pool.checkedout(),
            idle=pool.checkedin(),
            overflow=max(0, pool.overflow()),
            limit=pool.size() + pool._max_overflow,
        )

    def _gauges(self) -> None:
        """One value each, read when it is asked for."""
        for part, text in (
            ("active", "Connections in use."),
            ("idle", "Connections ready for use."),
            ("overflow", "Connections beyond the pool's size."),
            ("limit", "Most connections of this process."),
        ):
            gauge = Gauge(f"skill_fleet_db_connections_{part}", text, registry=self.registry)
            gauge.set_function(partial(self._part, part))

    def _part(self, name: str) -> float:
        return float(getattr(self._counts(), name))

    def _listen(self) -> None:
        pool = self._engine.pool
        assert isinstance(pool, TimedPool)
        pool.tell = self._checked_out
        event.listen(self._engine.sync_engine, "checkout", _begun)
        event.listen(self._engine.sync_engine, "before_cursor_execute", _stated)
        event.listen(self._engine.sync_engine, "checkin", self._returned)

    def _checked_out(self, seconds: float) -> None:
        self._recent.append(seconds)
        self._checkouts.observe(seconds)

    def _returned(self, _connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        """A transaction is over when its connection comes back: SQLAlchemy's commit event comes before the COMMIT."""
        since, statement = entry.info.pop("since", None), entry.info.pop("statement", "")
        if since is None:
            return  # it never was handed out: the server had cut it
        took = time.perf_counter() - since
        self._transactions.observe(took)
        if took > SLOW_TRANSACTION:
            self._slow.inc()
            last = " ".join(statement.split())[:SHOWN]
            log.warning("a transaction took %.2f s; nothing slow may happen inside one. It ended with: %s", took, last)


def _begun(_connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
    entry.info["since"] = time.perf_counter()


def _stated(
    connection: Connection,
    _cursor: DBAPICursor,
    statement: str,
    _parameters: object,
    _context: ExecutionContext | None,
    _many: bool,
) -> None:
    connection.info["statement"] = statement


def _percentile(ordered: list[float], share: float) -> float:
    return ordered[int(len(ordered) * share)] if ordered else 0.0
