"""The ledger of model calls: each answer is kept as it arrives, in its own short transaction, and never paid twice."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.budget import Spend
from domain.job import Usage
from domain.model_call import ModelCall
from store.tables import StepResult


async def find(session: AsyncSession, job_id: UUID, key: str) -> ModelCall | None:
    """The answer kept under this key, if any."""
    row = await session.get(StepResult, (job_id, key))
    return None if row is None else ModelCall.model_validate(row, from_attributes=True)


async def keep(session: AsyncSession, job_id: UUID, call: ModelCall) -> ModelCall:
    """Keep an answer and return what stands: of two overlapping attempts the first one's."""
    row = insert(StepResult).values(job_id=job_id, **call.model_dump())
    await session.execute(row.on_conflict_do_nothing())
    standing = await find(session, job_id, call.key)
    return standing or call


async def usage(session: AsyncSession, job_id: UUID, without: Collection[str] = ()) -> Usage:
    """What a job's model calls cost so far, `without` those of these keys. `usd`: None once a price is unknown."""
    query = select(
        func.count(),
        func.coalesce(func.sum(StepResult.input_tokens), 0),
        func.coalesce(func.sum(StepResult.output_tokens), 0),
        func.sum(StepResult.usd),
        func.count(StepResult.usd),
        func.array_agg(StepResult.model.distinct()),
    ).where(StepResult.job_id == job_id, StepResult.key.not_in(without))
    calls, tokens_in, tokens_out, usd, priced, models = (await session.execute(query)).one()
    return Usage(
        calls=calls,
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        usd=usd if calls and priced == calls else None,
        models=sorted(models or []),
    )


async def spent(session: AsyncSession, job_id: UUID, without: Collection[str] = ()) -> Spend:
    """What a job's model calls cost so far, as its budget counts it; `without` those of these keys."""
    used = await usage(session, job_id, without)
    return Spend(calls=used.calls, tokens=used.input_tokens + used.output_tokens, usd=used.usd)
