"""The answers that requests got under their `Idempotency-Key` (Stripe's rules), and who is still at work under one.

Times are the database's own, so that the clocks of several api processes need not agree.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.shape import Shape
from store.tables import IdempotencyKey


class RequestKey(Shape):
    """Whose request it is, what it asks for (`POST /api/v1/…`), and the key its sender gave it (≤ 255 characters)."""

    user_id: str
    route: str
    key: str


class KeptAnswer(Shape):
    """An answer as it was sent; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Begun(Shape):
    """How a request stands under its key.

    `lease` set: it is ours to do, and the lease is what we release. Else `answer` is the one it got before, or nobody
    has answered yet and `remaining` seconds of the other's lease are left. `same`: its body is that of the first one.
    """

    lease: datetime | None = None
    same: bool = True
    answer: KeptAnswer | None = None
    remaining: float = 0.0


async def begin(session: AsyncSession, key: RequestKey, digest: str, lease: timedelta) -> Begun:
    """Take a request to work for as long as `lease`, unless it was answered or is at work.

    A lease that is over belongs to a process that died: whoever sends the same body again takes it over.
    """
    row = insert(IdempotencyKey).values(**key.model_dump(), request_digest=digest, locked_until=func.now() + lease)
    taken = await session.scalar(
        row.on_conflict_do_update(
            index_elements=[IdempotencyKey.user_id, IdempotencyKey.route, IdempotencyKey.key],
            set_={"locked_until": row.excluded.locked_until},
            where=(
                IdempotencyKey.status.is_(None)
                & (IdempotencyKey.locked_until < func.now())
                & (IdempotencyKey.request_digest == row.excluded.request_digest)
            ),
        ).returning(IdempotencyKey.locked_until)
    )
    return Begun(lease=taken) if taken is not None else await _standing(session, key, digest)


async def finish(session: AsyncSession, key: RequestKey, answer: KeptAnswer) -> None:
    """Keep the answer; the first one stays."""
    query = update(IdempotencyKey).where(_is(key), IdempotencyKey.status.is_(None))
    await session.execute(query.values(**answer.model_dump()))


async def release(session: AsyncSession, key: RequestKey, lease: datetime) -> None:
    """Forget a request whose answer is not kept, so that it can be sent again at once, mended or not."""
    mine = IdempotencyKey.locked_until == lease
    await session.execute(delete(IdempotencyKey).where(_is(key), IdempotencyKey.status.is_(None), mine))


async def _standing(session: AsyncSession, key: RequestKey, digest: str) -> Begun:
    remaining = func.extract("epoch", IdempotencyKey.locked_until - func.now())
    found = (await session.execute(select(IdempotencyKey, remaining).where(_is(key)))).first()
    if found is None:  # released between our two looks
        return Begun()
    row, left = found[0], float(found[1])
    same = row.request_digest == digest
    if row.status is None:
        return Begun(same=same, remaining=left)
    return Begun(same=same, answer=KeptAnswer(status=row.status, headers=row.headers or {}, body=row.body or b""))


def _is(key: RequestKey) -> ColumnElement[bool]:
    return (
        (IdempotencyKey.user_id == key.user_id) & (IdempotencyKey.route == key.route) & (IdempotencyKey.key == key.key)
    )
