"""Parts that die are started again within a second; parts are stopped in order."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from deploy.part import Part
from deploy.process import Command
from deploy.supervisor import SPACING, Supervisor

SLEEP = "import time; time.sleep(600)"
TELL_STOP = """
import signal, sys, time
def stop(*_):
    with open(sys.argv[1], "a") as file:
        file.write(sys.argv[2] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("listening", flush=True)
time.sleep(600)
"""


class Program(Part):
    """A part that is some Python code, ready once it has printed something, or at once."""

    def __init__(self, name: str, logs: Path, code: str = SLEEP, *arguments: str, prints: bool = False) -> None:
        self.name = name
        super().__init__(logs)
        self._program = (sys.executable, "-I", "-c", code, *arguments)
        self._prints = prints
        self.refusals = 0

    async def prepare(self) -> None:
        """Refuse as often as told."""
        self.refusals -= 1
        if self.refusals >= 0:
            raise OSError("no room")

    def command(self) -> Command:
        """The code."""
        return Command(self._program, dict(os.environ), Path("/"))

    async def ready(self) -> bool:
        """Whether it has printed."""
        return not self._prints or self.log.stat().st_size > 0


class Watched(Supervisor):
    """A supervisor whose words and changes are kept, with the time."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.changes: list[float] = []
        super().__init__(self.said.append, lambda: self.changes.append(time.monotonic()))


@pytest.fixture
async def supervisor() -> AsyncIterator[Watched]:
    """One that is stopped in the end."""
    made = Watched()
    yield made
    await made.stop(("one", "two", "three"))


async def became(condition: Callable[[], bool], within: float = 5.0) -> float:
    """Seconds until a condition holds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < within
        await asyncio.sleep(0.01)
    return time.monotonic() - began


async def started(supervisor: Watched, part: Part) -> int:
    """Start a part; its pid once it is ready."""
    supervisor.start(part)
    assert await supervisor.wait_ready((part.name,), 5) == set()
    pid = supervisor.pid(part.name)
    assert pid is not None
    return pid


async def test_a_part_that_is_killed_runs_again_within_a_second(supervisor: Watched, tmp_path: Path) -> None:
    pid = await started(supervisor, Program("one", tmp_path))
    for _ in range(3):
        os.kill(pid, signal.SIGKILL)
        assert await became(lambda: supervisor.pid("one") != pid) < 1.0  # noqa: B023 - used before it changes
        pid = supervisor.pid("one") or 0
    assert sum("one died (signal 9" in line for line in supervisor.said) == 3


async def test_a_part_that_dies_at_once_is_tried_on_and_on_with_a_pause(supervisor: Watched, tmp_path: Path) -> None:
    supervisor.start(Program("one", tmp_path, "raise SystemExit('no key')"))
    await became(lambda: len(supervisor.changes) == 5)
    gaps = [b - a for a, b in zip(supervisor.changes, supervisor.changes[1:], strict=False)]
    assert all(SPACING * 0.9 < gap < 1.0 for gap in gaps)


async def test_a_loop_of_deaths_is_told_in_full_only_at_first(supervisor: Watched, tmp_path: Path) -> None:
    supervisor.start(Program("one", tmp_path, "raise SystemExit('no key')"))
    await became(lambda: len(supervisor.changes) == 6)
    assert sum("no key" in text for text in supervisor.said) == 3
    assert sum("one died (exit 1" in text for text in supervisor.said) == 5


async def test_a_part_that_cannot_be_prepared_is_tried_again(supervisor: Watched, tmp_path: Path) -> None:
    part = Program("one", tmp_path)
    part.refusals = 2
    await started(supervisor, part)
    assert sum("cannot be started: no room" in text for text in supervisor.said) == 2


async def test_the_change_is_announced_before_the_part_can_serve(tmp_path: Path) -> None:
    seen: list[tuple[int | None, int]] = []
    part = Program("one", tmp_path, "print('serving', flush=True); import time; time.sleep(600)", prints=True)
    log = part.log
    made = Supervisor(lambda _: None, lambda: seen.append((made.pid("one"), log.stat().st_size)))
    made.start(part)
    await made.wait_ready(("one",), 5)
    assert seen == [(made.pid("one"), 0)]
    await made.stop(("one",))


async def test_parts_that_are_not_ready_in_time_are_named(supervisor: Watched, tmp_path: Path) -> None:
    supervisor.start(Program("one", tmp_path))
    supervisor.start(Program("two", tmp_path, prints=True))
    assert await supervisor.wait_ready(("one", "two"), 0.5) == {"two"}


async def test_parts_stop_in_the_order_given_each_to_its_end(tmp_path: Path) -> None:
    supervisor, told = Watched(), tmp_path / "told"
    for name in ("one", "two", "three"):
        await started(supervisor, Program(name, tmp_path, TELL_STOP, str(told), name, prints=True))
    await supervisor.stop(("three", "absent", "one", "two"))
    assert told.read_text().split() == ["three", "one", "two"]
    assert supervisor.pid("one") is None


async def test_a_part_that_ignores_the_signal_is_killed(tmp_path: Path, alive: Callable[[int], bool]) -> None:
    supervisor = Watched()
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
    part = Program("one", tmp_path, code, prints=True)
    part.stop_grace = 0.3
    pid = await started(supervisor, part)
    await supervisor.stop(("one",))
    assert not alive(pid)


async def test_a_stopped_part_is_not_started_again(tmp_path: Path) -> None:
    supervisor = Watched()
    await started(supervisor, Program("one", tmp_path))
    await supervisor.stop(("one",))
    await asyncio.sleep(2 * SPACING)
    assert len(supervisor.changes) == 1


async def test_a_fault_in_the_supervision_itself_is_not_swallowed(supervisor: Watched, tmp_path: Path) -> None:
    class Broken(Program):
        async def ready(self) -> bool:
            raise ZeroDivisionError

    supervisor.start(Broken("one", tmp_path))
    with pytest.raises(ExceptionGroup):
        await asyncio.wait_for(asyncio.shield(supervisor.broken), 5)
