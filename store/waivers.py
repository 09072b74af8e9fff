"""Waivers: findings on one digest that a person lets stand. Written once; another digest has none."""

from collections.abc import Iterable
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.library.waivers import fingerprint
from domain.shape import Shape
from domain.skill import Finding
from store.base import Json
from store.library_tables import Waiver


class NewWaiver(Shape):
    """Who lets findings on this digest stand, and why."""

    digest: str
    person: str
    reason: str
    job_id: UUID | None = None


async def keep(session: AsyncSession, findings: Iterable[Finding], new: NewWaiver) -> None:
    """Let findings stand; one that is waived already keeps its first waiver."""
    keys = {fingerprint(finding): finding.code for finding in findings}
    rows = [
        {
            "waiver_id": uuid5(NAMESPACE_OID, f"{new.digest}/{key}"),
            "finding": key,
            "code": code,
            **new.model_dump(),
        }
        for key, code in keys.items()
    ]
    if rows:
        await session.execute(insert(Waiver).values(rows).on_conflict_do_nothing())


async def keys(session: AsyncSession, digest: str) -> frozenset[str]:
    """The keys of the findings that are waived on this digest."""
    return frozenset(await session.scalars(select(Waiver.finding).where(Waiver.digest == digest)))


async def on_record(session: AsyncSession, digest: str) -> list[Json]:
    """The waivers of a digest for its provenance: code, person, reason, time."""
    rows = await session.scalars(select(Waiver).where(Waiver.digest == digest).order_by(Waiver.created_at, Waiver.code))
    return [
        {
            "finding": row.finding,
            "code": row.code,
            "person": row.person,
            "reason": row.reason,
            "at": row.created_at.isoformat(),
        }
        for row in rows
    ]
