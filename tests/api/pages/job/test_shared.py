"""Fifty who ask at once cost two readings, and nobody is given what was read before they asked."""

import asyncio

import pytest

from api.pages.job.shared import Shared


class Table:
    """Something that is read slowly: each reading waits until it is let go."""

    def __init__(self) -> None:
        self.value = 0
        self.readings = 0
        self.gate = asyncio.Event()

    async def read(self) -> int:
        self.readings += 1
        value = self.value
        await self.gate.wait()
        return value


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_many_at_once_share_the_reading_that_begins_after_they_asked() -> None:
    shared: Shared[str, int] = Shared()
    table = Table()
    first = asyncio.create_task(shared.read("job", table.read))
    await settle()
    table.value = 1
    others = [asyncio.create_task(shared.read("job", table.read)) for _ in range(50)]
    await settle()
    table.gate.set()
    assert await first == 0
    assert await asyncio.gather(*others) == [1] * 50
    assert (table.readings, len(shared)) == (2, 0)


async def test_one_who_leaves_takes_the_reading_from_nobody() -> None:
    shared: Shared[str, int] = Shared()
    table = Table()
    stays, leaves = (asyncio.create_task(shared.read("job", table.read)) for _ in range(2))
    await settle()
    leaves.cancel()
    await settle()
    table.gate.set()
    assert await stays == 0
    assert (leaves.cancelled(), table.readings, len(shared)) == (True, 1, 0)


async def test_what_goes_wrong_is_told_to_all_and_kept_from_the_next() -> None:
    shared: Shared[str, int] = Shared()

    async def broken() -> int:
        raise OSError("away")

    found = await asyncio.gather(*(shared.read("job", broken) for _ in range(2)), return_exceptions=True)
    assert [str(error) for error in found] == ["away", "away"]
    table = Table()
    table.gate.set()
    assert await shared.read("job", table.read) == 0


async def test_jobs_do_not_wait_for_each_other() -> None:
    shared: Shared[str, int] = Shared()
    slow, quick = Table(), Table()
    quick.gate.set()
    waiting = asyncio.create_task(shared.read("one", slow.read))
    await settle()
    async with asyncio.timeout(5):
        assert await shared.read("other", quick.read) == 0
    waiting.cancel()
    slow.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
