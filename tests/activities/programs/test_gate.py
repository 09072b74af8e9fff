"""The gate before a provider: places, an even rate, pauses, and waits that may be cancelled."""

import asyncio
import time

import pytest

from activities.programs.gate import Gate


async def begun(gate: Gate, count: int) -> list[float]:
    """When each of these calls began, in the order in which they came."""
    times: dict[int, float] = {}

    async def one(number: int) -> None:
        async with gate.place():
            times[number] = time.monotonic()

    await asyncio.gather(*(one(number) for number in range(count)))
    return [times[number] for number in range(count)]


async def test_no_more_are_in_flight_than_there_are_places() -> None:
    gate, inside, most = Gate(2), 0, 0

    async def one() -> None:
        nonlocal inside, most
        async with gate.place():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(one() for _ in range(9)))
    assert most == 2


async def test_a_rate_is_spread_evenly_over_the_minute_and_who_came_first_goes_first() -> None:
    started = time.monotonic()
    times = await begun(Gate(8, per_minute=1_200), 6)
    assert times == sorted(times)
    assert all(at - started >= number * 0.05 for number, at in enumerate(times))


async def test_turns_that_nobody_used_are_not_saved_up_for_a_burst() -> None:
    gate = Gate(8, per_minute=1_200)
    await begun(gate, 1)
    await asyncio.sleep(0.2)
    started = time.monotonic()
    assert all(at - started >= number * 0.05 for number, at in enumerate(await begun(gate, 3)))


async def test_a_pause_holds_whoever_has_not_begun_also_those_that_wait_already() -> None:
    gate = Gate(8, per_minute=600)
    await begun(gate, 1)
    waiting = asyncio.create_task(begun(gate, 2))
    await asyncio.sleep(0)
    gate.pause(0.3)
    until = time.monotonic() + 0.3
    assert min(await waiting) >= until - 0.001


async def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    gate = Gate(8)
    gate.pause(0.2)
    until = time.monotonic() + 0.2
    gate.pause(0.01)
    assert (await begun(gate, 1))[0] >= until - 0.001


async def test_a_provider_that_asks_for_hours_is_asked_again_after_the_longest_pause() -> None:
    gate = Gate(8, longest_pause=0.05)
    gate.pause(36_000)
    async with asyncio.timeout(5):
        await begun(gate, 1)


@pytest.mark.parametrize("gate", [Gate(1), Gate(1, per_minute=1)], ids=["for a place", "for a turn"])
async def test_a_cancelled_wait_leaves_its_place_and_its_turn_to_others(gate: Gate) -> None:
    await begun(gate, 1)

    async def holds() -> None:
        async with gate.place():
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(holds()) for _ in range(3)]
    await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    gate._opens = 0.0  # the minute is over
    async with asyncio.timeout(5):
        await begun(gate, 1)
