"""What runs side by side ends side by side: no work is left alone by another's failure, and a cancel reaches all."""

import asyncio

import pytest

from activities.programs.together import together


async def test_the_first_error_is_raised_once_all_have_ended() -> None:
    ended: list[str] = []

    async def fails() -> str:
        raise ValueError("the provider is down")

    async def goes_on(goes: asyncio.Event) -> str:
        await goes.wait()
        ended.append("kept")
        return "kept"

    goes = asyncio.Event()
    both = asyncio.create_task(together(fails(), goes_on(goes)))
    await asyncio.sleep(0)
    assert not both.done()
    goes.set()
    with pytest.raises(ValueError, match="down"):
        await both
    assert ended == ["kept"]


async def test_results_come_in_order() -> None:
    async def after(turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return turns

    assert await together(*(after(turns) for turns in (3, 1, 2))) == (3, 1, 2)


async def test_a_cancel_reaches_all() -> None:
    works = [asyncio.Event().wait() for _ in range(2)]
    both = asyncio.create_task(together(*works))
    await asyncio.sleep(0)
    both.cancel()
    with pytest.raises(asyncio.CancelledError):
        await both
