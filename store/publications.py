"""Publications under way: one claim per name, held by a workflow until the library's files and rows agree."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from store.library_tables import Publication


async def claim(session: AsyncSession, wanted: Publication) -> Publication:
    """Take the name, unless somebody has it: returns the claim that stands, to be compared by its `token`.

    The same workflow's claim for other bytes (a run before this one, that nobody cleaned up after) is taken over.
    """
    values = {
        column: getattr(wanted, column)
        for column in ("token", "path", "digest", "version", "kind", "person", "claimed_at")
    }
    row = insert(Publication).values(name=wanted.name, **values)
    stale = (Publication.token == wanted.token) & (Publication.digest != wanted.digest)
    await session.execute(row.on_conflict_do_update(index_elements=[Publication.name], set_=values, where=stale))
    standing = await get(session, wanted.name)
    assert standing is not None, "the claim was made in this transaction, or stood before it"
    return standing


async def get(session: AsyncSession, name: str, *, lock: bool = False) -> Publication | None:
    """Who holds a name. `lock`: until the transaction ends nobody takes it or gives it back."""
    return await session.get(Publication, name, with_for_update=lock or None, populate_existing=True)


async def release(session: AsyncSession, name: str, token: str) -> None:
    """Give a name back; that of another workflow stays."""
    await session.execute(delete(Publication).where(Publication.name == name, Publication.token == token))


async def of_token(session: AsyncSession, token: str) -> Sequence[Publication]:
    """The claims of one workflow."""
    return (await session.scalars(select(Publication).where(Publication.token == token))).all()


async def before(session: AsyncSession, moment: datetime) -> Sequence[Publication]:
    """The claims that were made before a moment, the oldest first."""
    query = select(Publication).where(Publication.claimed_at < moment).order_by(Publication.claimed_at)
    return (await session.scalars(query)).all()
