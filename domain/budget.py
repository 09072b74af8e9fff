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


class Left(Shape):
    """What a budget still allows; None where nothing limits it, or where money cannot be counted."""

    calls: int | None = None
    tokens: int | None = None
    usd: float | None = None


def exhausted(limit: Budget, spent: Spend, coming: int = 1) -> str | None:
    """Why one more call does not fit, in words; None when it does. `coming` counts it, and those in flight before it.

    The limit of calls is kept exactly. Tokens and money of a call are known only afterwards: those in flight count as
    the job's mean call, and the call that is expected to reach a limit is the last one.
    """
    flying = coming - 1
    if limit.calls is not None and spent.calls + coming > limit.calls:
        begun = min(flying, max(limit.calls - spent.calls, 0))
        way = f" and {begun} {'is' if begun == 1 else 'are'} under way" if begun else ""
        return f"{spent.calls} of {limit.calls} model calls are spent{way}"
    more = f", and calls in flight ({flying}) are expected to take the rest" if flying else ""
    if limit.tokens is not None and expected(spent.tokens, spent.calls, flying) >= limit.tokens:
        return f"{spent.tokens} of {limit.tokens} tokens are spent{more if spent.tokens < limit.tokens else ''}"
    if limit.usd is None:
        return None
    if priceless(spent):
        return "a limit in US dollars cannot be kept, because the model's price is unknown: a raise drops that limit"
    usd = spent.usd or 0.0
    if expected(usd, spent.calls, flying) < limit.usd:
        return None
    return f"{usd:.2f} of {limit.usd:.2f} US dollars are spent{more if usd < limit.usd else ''}"


def expected(spent: float, calls: int, more: int) -> float:
    """What it comes to with so many calls more, each as much as the mean of those before; the first ones count 0."""
    return spent + more * spent / calls if calls else spent


def left(limit: Budget, spent: Spend) -> Left:
    """What may still be spent."""
    uncounted = limit.usd is None or priceless(spent)
    return Left(
        calls=None if limit.calls is None else max(limit.calls - spent.calls, 0),
        tokens=None if limit.tokens is None else max(limit.tokens - spent.tokens, 0),
        usd=None if uncounted else max((limit.usd or 0.0) - (spent.usd or 0.0), 0.0),
    )


def priceless(spent: Spend) -> bool:
    """Whether money cannot be counted: something was asked of a model whose price is unknown."""
    return spent.usd is None and spent.calls > 0


def raised(limit: Budget, by: Budget) -> Budget:
    """The limit after a person raised it: what `by` names is the new total, the rest stays."""
    return limit.model_copy(update=by.model_dump(exclude_none=True))
