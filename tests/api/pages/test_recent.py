"""What is kept for some seconds: as long as it says, for who asked the same, and not more than it may."""

import pytest

from api.pages.recent import Recent


class Counter:
    """Answers how often it was asked; its clock stands until it is moved."""

    def __init__(self) -> None:
        self.asked = 0
        self.now = 0.0
        self.broken = False

    async def ask(self) -> int:
        if self.broken:
            raise OSError("away")
        self.asked += 1
        return self.asked

    def clock(self) -> float:
        return self.now


async def test_an_answer_stands_for_some_seconds_and_no_longer() -> None:
    counter = Counter()
    recent: Recent[str, int] = Recent(5.0, clock=counter.clock)
    assert [await recent.get("a", counter.ask) for _ in range(3)] == [1, 1, 1]
    counter.now = 4.9
    assert await recent.get("a", counter.ask) == 1
    counter.now = 5.0
    assert await recent.get("a", counter.ask) == 2
    assert await recent.get("b", counter.ask) == 3


async def test_what_went_wrong_is_not_kept() -> None:
    counter = Counter()
    recent: Recent[str, int] = Recent(5.0, clock=counter.clock)
    counter.broken = True
    with pytest.raises(OSError, match="away"):
        await recent.get("a", counter.ask)
    counter.broken = False
    assert await recent.get("a", counter.ask) == 1


async def test_only_so_many_are_kept_and_the_oldest_go_first() -> None:
    counter = Counter()
    recent: Recent[int, int] = Recent(5.0, entries=2, clock=counter.clock)
    for key in range(3):
        await recent.get(key, counter.ask)
    assert len(recent) == 2
    assert await recent.get(2, counter.ask) == 3
    assert await recent.get(0, counter.ask) == 4
