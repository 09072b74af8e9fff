"""The ledger of model calls: each answer is kept as it arrives, in its own short transaction, and never paid twice."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.budget import Spend
from domain.evaluation import Arm
from domain.job import Usage
from domain.model_call import ModelCall, Trace
from store import traces
from store.tables import METADATA, Job, StepResult

ROWS = METADATA.tables[StepResult.__tablename__]
"""The bare table: an insert by way of the mapped class costs a millisecond more."""


async def find(session: AsyncSession, job_id: UUID, key: str) -> ModelCall | None:
    """The answer kept under this key, if any."""
    row = await session.get(StepResult, (job_id, key))
    return None if row is None else ModelCall.model_validate(row, from_attributes=True)


async def kept(session: AsyncSession, job_id: UUID, prefix: str) -> dict[str, ModelCall]:
    """Every answer of a job whose key begins so, by key."""
    query = select(StepResult).where(StepResult.job_id == job_id, StepResult.key.startswith(prefix, autoescape=True))
    rows = await session.scalars(query)
    return {row.key: ModelCall.model_validate(row, from_attributes=True) for row in rows}


async def keep(session: AsyncSession, job_id: UUID, call: ModelCall, trace: Trace | None = None) -> ModelCall:
    """Keep an answer, with what led to it, and return what stands: of two overlapping attempts the first one's."""
    row = insert(ROWS).values(job_id=job_id, **call.model_dump()).on_conflict_do_nothing()
    made = await session.execute(row.returning(ROWS.c.key))
    if not made.first():
        return await find(session, job_id, call.key) or call
    if trace is not None:
        await traces.keep(session, job_id, call.key, trace)
    return call


async def usage(session: AsyncSession, job_id: UUID, without: Collection[str] = ()) -> Usage:
    """What a job's model calls cost so far, `without` those of these keys. `usd`: None once a price is unknown.

    Calls whose rows retention has removed count as ever.
    """
    query = select(
        func.count(),
        func.coalesce(func.sum(StepResult.input_tokens), 0),
        func.coalesce(func.sum(StepResult.output_tokens), 0),
        func.sum(StepResult.usd),
        func.count(StepResult.usd),
        func.array_agg(StepResult.model.distinct()),
        select(Job.past_usage).where(Job.job_id == job_id).scalar_subquery(),
    ).where(StepResult.job_id == job_id, StepResult.key.not_in(without))
    calls, tokens_in, tokens_out, usd, priced, models, past = (await session.execute(query)).one()
    present = Usage(
        calls=calls,
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        usd=usd if calls and priced == calls else None,
        models=sorted(models or []),
    )
    return present if past is None else together(Usage.model_validate(past), present)


def together(one: Usage, other: Usage) -> Usage:
    """Both added up; one unknown price makes the sum unknown."""
    if not one.calls or not other.calls:
        return one if one.calls else other
    return Usage(
        calls=one.calls + other.calls,
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        usd=None if one.usd is None or other.usd is None else one.usd + other.usd,
        models=sorted({*one.models, *other.models}),
    )


async def tried(session: AsyncSession, job_id: UUID, arm: Arm, revision: int, cases: Collection[str]) -> int:
    """How many calls are kept that tried these cases in one arm: their keys are `try/ARM/REVISION/CASE/…`."""
    query = select(func.count()).where(
        StepResult.job_id == job_id,
        StepResult.key.startswith(f"try/{arm}/{revision}/", autoescape=True),
        func.split_part(StepResult.key, "/", 4).in_(cases),
    )
    return await session.scalar(query) or 0


async def spent(session: AsyncSession, job_id: UUID, without: Collection[str] = ()) -> Spend:
    """What a job's model calls cost so far, as its budget counts it; `without` those of these keys."""
    used = await usage(session, job_id, without)
    return Spend(calls=used.calls, tokens=used.input_tokens + used.output_tokens, usd=used.usd)
