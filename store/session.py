"""The engine, the one transaction scope, and the numbers that show whether the pool is healthy.

The scope owns the commit: queries take its session and return domain objects. Nobody holds a scope open across a model
call, a stream or a file.
"""

import logging
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

log = logging.getLogger(__name__)

Session = AsyncSession
"""What queries take; only the scope below makes one."""

SLOW_TRANSACTION = 1.0
"""Seconds after which a transaction is logged (architecture: listeners log transactions over 1 s)."""

CHECKOUT_SAMPLES = 1_000
"""Checkouts over which the 99th percentile is taken."""


@dataclass(frozen=True)
class PoolState:
    """The pool at one moment; times in seconds."""

    size: int
    active: int
    idle: int
    limit: int
    checkout_p99: float

    @property
    def exhausted(self) -> bool:
        """True when the next query would have to wait for a connection."""
        return self.active >= self.limit


@dataclass
class Database:
    """One engine and its transaction scope. Create it in a lifespan, `dispose` of it at shutdown.

    `notify`: events made in its transactions are put into the outbox too; every session's `info` says so.
    """

    engine: AsyncEngine
    notify: bool = False
    checkouts: deque[float] = field(default_factory=lambda: deque(maxlen=CHECKOUT_SAMPLES))

    @classmethod
    def connect(
        cls,
        url: str,
        *,
        pool_size: int = 20,
        max_overflow: int = 30,
        name: str = "skill-fleet",
        notify: bool = False,
    ) -> "Database":
        """Make the engine (it connects on first use). The numbers are those the architecture fixes."""
        engine = create_async_engine(
            make_url(url).set(drivername="postgresql+psycopg"),
            poolclass=AsyncAdaptedQueuePool,
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_pre_ping=True,
            pool_recycle=300,
            pool_timeout=30,
            hide_parameters=True,  # texts of people and models do not belong into errors and logs
            connect_args={
                "connect_timeout": 10,
                "application_name": name,
                "options": "-c idle_in_transaction_session_timeout=60000",
            },
        )
        return cls(engine, notify)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One short unit of work: commits when the block ends, rolls back when it raises."""
        async with AsyncSession(self.engine, expire_on_commit=False, info={"notify": self.notify}) as session:
            asked = time.monotonic()
            await session.connection()
            began = time.monotonic()
            self.checkouts.append(began - asked)
            try:
                async with _committed(session):
                    yield session
            finally:
                took = time.monotonic() - began
                if took > SLOW_TRANSACTION:
                    log.warning("a transaction took %.2f s; nothing slow may happen inside one", took)

    async def ping(self) -> None:
        """One round trip; raises SQLAlchemy's OperationalError when the database cannot be reached."""
        async with self.transaction() as session:
            await session.execute(text("SELECT 1"))

    def pool_state(self) -> PoolState:
        """The gauges: connections in use and idle, and how long a checkout took."""
        pool = self.engine.pool
        assert isinstance(pool, AsyncAdaptedQueuePool)
        ordered = sorted(self.checkouts)
        p99 = ordered[int(len(ordered) * 0.99)] if ordered else 0.0
        limit = pool.size() + pool._max_overflow
        return PoolState(pool.size(), pool.checkedout(), pool.checkedin(), limit, p99)

    async def dispose(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def will_pass(error: Exception) -> bool:
    """True when the database is away or the pool is full: waiting helps, and no query was wrong."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError))
    return isinstance(error, PoolTimeout)


@asynccontextmanager
async def _committed(session: AsyncSession) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        await session.rollback()
        raise
    await session.commit()
