"""Model calls side by side: when one fails, those in flight end first, so that what they cost is kept."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar, overload

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
T = TypeVar("T")


@overload
async def together(first: Awaitable[A], second: Awaitable[B], /) -> tuple[A, B]: ...


@overload
async def together(first: Awaitable[A], second: Awaitable[B], third: Awaitable[C], /) -> tuple[A, B, C]: ...


@overload
async def together(*works: Awaitable[T]) -> tuple[T, ...]: ...


async def together(*works: Awaitable[Any]) -> tuple[Any, ...]:
    """The results, in order. Raises the first error once all have ended; cancelled, it cancels all."""
    results = await asyncio.gather(*works, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return tuple(results)
