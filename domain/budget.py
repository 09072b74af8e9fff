"""What a job may spend, and what it has spent. Shapes, and the one rule that compares them."""

from typing import Annotated

from pydantic import Field

from domain.shape import Shape


class Budget(Shape):
    """The most a job may spend on models; None means no limit. `usd` needs a model whose price is known."""

    calls: Annotated[int | None, Field(ge=1, le=1_000_000, description="Model calls.")] = None
    tokens: Annotated[int | None, Field(ge=1, le=10_000_000_000, description="Input and output tokens together.")] = (
        None
    )
    usd: Annotated[float | None, Field(gt=0, le=1_000_000, description="US dollars at list price.")] = None

    @property
    def limited(self) -> bool:
        """False for a budget that sets no limit at all."""
        return (self.calls, self.tokens, self.usd) != (None, None, None)


class Spend(Shape):
    """What was spent. `usd` is None when a price is unknown."""

    calls: int = 0
    tokens: int = 0
    usd: float | None = None


def exhausted(limit: Budget, spent: Spend, coming: int = 1) -> str | None:
    """Why `coming` more calls do not fit, in words; None when they do.

    Tokens and money of a call are known only afterwards, so the call that reaches those limits is the last one.
    """
    if limit.calls is not None and spent.calls + coming > limit.calls:
        return f"{spent.calls} of {limit.calls} model calls are spent"
    if limit.tokens is not None and spent.tokens >= limit.tokens:
        return f"{spent.tokens} of {limit.tokens} tokens are spent"
    if limit.usd is None:
        return None
    if priceless(spent):
        return "a limit in US dollars cannot be kept, because the model's price is unknown: a raise drops that limit"
    return f"{spent.usd:.2f} of {limit.usd:.2f} US dollars are spent" if (spent.usd or 0) >= limit.usd else None


def priceless(spent: Spend) -> bool:
    """Whether money cannot be counted: something was asked of a model whose price is unknown."""
    return spent.usd is None and spent.calls > 0


def raised(limit: Budget, by: Budget) -> Budget:
    """The limit after a person raised it: what `by` names is the new total, the rest stays."""
    return limit.model_copy(update=by.model_dump(exclude_none=True))
