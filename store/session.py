"""The engine and the one transaction scope. What is told of the pool is in `store/pool.py`.

The scope owns the commit: queries take its session and return domain objects. Nobody holds a scope open across a model
call, a stream or a file.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from store.pool import PoolMeter, PoolState, TimedPool

Session = AsyncSession
"""What queries take; only the scope below makes one."""


@dataclass
class Database:
    """One engine and its transaction scope. Create it in a lifespan, `dispose` of it at shutdown.

    `notify`: events made in its transactions are put into the outbox too; every session's `info` says so.
    """

    engine: AsyncEngine
    notify: bool = False
    meter: PoolMeter = field(init=False)

    def __post_init__(self) -> None:
        """Watch the pool from its first connection on."""
        self.meter = PoolMeter(self.engine)

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
            poolclass=TimedPool,
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
        async with (
            AsyncSession(self.engine, expire_on_commit=False, info={"notify": self.notify}) as session,
            _committed(session),
        ):
            await session.connection()
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """The same for many questions about one thing: a row that was read is found by its key without another query
        until the block ends, because somebody holds it."""
        held: list[object] = []
        async with self.transaction() as session:
            event.listen(session.sync_session, "loaded_as_persistent", lambda _session, row: held.append(row))
            yield session

    async def ping(self) -> None:
        """One round trip; raises SQLAlchemy's OperationalError when the database cannot be reached."""
        async with self.transaction() as session:
            await session.execute(text("SELECT 1"))

    def pool_state(self) -> PoolState:
        """Connections in use and idle, and how long a checkout took."""
        return self.meter.state()

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
