"""What models told of their thoughts, beside the answers of the ledger that it led to."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.model_call import Trace, TraceView
from store.evidence_tables import StepTrace
from store.tables import StepResult

Place = tuple[datetime, str]
"""Where a page ended: when the last answer was kept, and its key."""


async def keep(session: AsyncSession, job_id: UUID, key: str, trace: Trace) -> None:
    """Keep what led to the answer under this key; the first one stands."""
    row = insert(StepTrace).values(job_id=job_id, key=key, **trace.model_dump())
    await session.execute(row.on_conflict_do_nothing())


async def page(
    session: AsyncSession, job_id: UUID, *, step: str = "", after: Place | None = None, limit: int = 50
) -> list[TraceView]:
    """Calls of a job in the order in which they were kept, beyond `after`, those without a trace too.

    `step`: how the key begins, in whole parts: `try/with` means `try/with/…` and no `try/without/…`.
    """
    query = (
        select(StepResult, StepTrace.reasoning, StepTrace.messages)
        .outerjoin(StepTrace, (StepTrace.job_id == StepResult.job_id) & (StepTrace.key == StepResult.key))
        .where(StepResult.job_id == job_id)
        .order_by(StepResult.created_at, StepResult.key)
        .limit(limit)
    )
    if step:
        query = query.where(StepResult.key.startswith(f"{step.strip('/')}/", autoescape=True))
    if after is not None:
        query = query.where(tuple_(StepResult.created_at, StepResult.key) > after)
    return [_view(row, reasoning or "", messages) for row, reasoning, messages in await session.execute(query)]


async def forget(session: AsyncSession, job_id: UUID, keys: Collection[str]) -> None:
    """Remove what belongs to these answers of a job."""
    await session.execute(delete(StepTrace).where(StepTrace.job_id == job_id, StepTrace.key.in_(keys)))


async def number(session: AsyncSession, job_id: UUID) -> int:
    """How many traces a job has."""
    return await session.scalar(select(func.count()).where(StepTrace.job_id == job_id)) or 0


def _view(row: StepResult, reasoning: str, messages: list[object] | None) -> TraceView:
    return TraceView.model_validate(
        {
            "key": row.key,
            "step": row.key.partition("/")[0],
            "label": row.label,
            "model": row.model,
            "at": row.created_at,
            "seconds": row.latency,
            "input_tokens": row.input_tokens,
            "output_tokens": row.output_tokens,
            "usd": row.usd,
            "outputs": row.outputs,
            "reasoning": reasoning,
            "messages": messages,
        }
    )
