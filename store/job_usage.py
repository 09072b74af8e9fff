"""What a job's model calls cost, step by step and model by model, as the ledger tells it."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.budget import Spend, left
from domain.job import Usage
from domain.job_usage import JobUsage, PartUsage
from store import calls, jobs
from store.base import Json
from store.tables import StepResult

REMOVED = "removed"
"""Step of the calls whose rows retention has removed; only their sums are known."""

_FIRST = func.split_part(StepResult.key, "/", 1)
_STEP = case((_FIRST == "try", func.concat("try/", func.split_part(StepResult.key, "/", 2))), else_=_FIRST)
"""How a key of the ledger begins: what is asked for; of tried cases also with the skill or without."""


async def in_parts(session: AsyncSession, job_id: UUID) -> JobUsage:
    """The whole and its parts, beside the budget."""
    row = await jobs.get(session, job_id)
    parts = await _parts(session, job_id, row.past_usage if row else None)
    whole = await calls.usage(session, job_id)
    budget = jobs.effective(row.options, row.budget).budget if row else None
    spent = Spend(calls=whole.calls, tokens=whole.input_tokens + whole.output_tokens, usd=whole.usd)
    return JobUsage(
        **whole.model_dump(),
        unpriced=sum(part.unpriced for part in parts),
        usd_known=sum(part.usd or 0.0 for part in parts),
        seconds=sum(part.seconds for part in parts),
        by_step=_added(parts, by_step=True),
        by_model=_added(parts, by_step=False),
        budget=budget,
        left=left(budget, spent) if budget else None,
    )


async def _parts(session: AsyncSession, job_id: UUID, past: Json | None) -> list[PartUsage]:
    """A part for each step and model, split into what has a price and what has none; in the order they began."""
    priced = StepResult.usd.is_not(None)
    query = (
        select(
            _STEP,
            StepResult.model,
            func.count(),
            func.sum(StepResult.input_tokens),
            func.sum(StepResult.output_tokens),
            func.sum(StepResult.usd),
            func.count().filter(~priced),
            func.sum(StepResult.latency),
        )
        .where(StepResult.job_id == job_id)
        .group_by(_STEP, StepResult.model, priced)
        .order_by(func.min(StepResult.created_at))
    )
    before = [_before(Usage.model_validate(past))] if past else []
    return [*before, *(_part(*row) for row in await session.execute(query))]


def _part(
    step: str, model: str, number: int, tokens_in: int, tokens_out: int, usd: float | None, no_price: int, took: float
) -> PartUsage:
    return PartUsage(
        step=step,
        model=model,
        calls=number,
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        usd=usd,
        unpriced=no_price,
        seconds=took,
    )


def _before(past: Usage) -> PartUsage:
    return PartUsage(
        step=REMOVED,
        model=", ".join(past.models),
        calls=past.calls,
        input_tokens=past.input_tokens,
        output_tokens=past.output_tokens,
        usd=past.usd,
        unpriced=past.calls if past.usd is None else 0,
    )


def _added(parts: Iterable[PartUsage], *, by_step: bool) -> list[PartUsage]:
    """The parts of one step, or of one model, as one; an unknown price makes theirs unknown."""
    found: dict[str, list[PartUsage]] = {}
    for part in parts:
        found.setdefault(part.step if by_step else part.model, []).append(part)
    return [_sum(name, some, by_step) for name, some in found.items()]


def _sum(name: str, some: list[PartUsage], by_step: bool) -> PartUsage:
    no_price = sum(part.unpriced for part in some)
    return PartUsage(
        step=name if by_step else "",
        model=", ".join(dict.fromkeys(part.model for part in some)) if by_step else name,
        calls=sum(part.calls for part in some),
        input_tokens=sum(part.input_tokens for part in some),
        output_tokens=sum(part.output_tokens for part in some),
        usd=None if no_price else sum(part.usd or 0.0 for part in some),
        unpriced=no_price,
        seconds=sum(part.seconds for part in some),
    )
