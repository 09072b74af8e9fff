"""Keeps parts running: starts them, starts them again when they die, stops them in order. Knows no part by name."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from typing import Any

from deploy.errors import StackError
from deploy.logs import trim
from deploy.part import Part
from deploy.process import Process, last_lines

SPACING = 0.6
"""Seconds between two starts of a part that keeps dying: a restart comes within 1 s, and a loop of them stays cheap."""
POLL = 0.1
"""Seconds between two questions whether a starting part is ready."""
STEADY = 10.0
"""A part that lived this long was well; its next death is news and is told in full."""
TOLD_IN_FULL = 3
"""Deaths in a row that are told with the end of the log; the rest of a loop gets one line each."""

Say = Callable[[str], None]


class Supervisor:
    """Runs parts until told to stop. Lives in the main thread's event loop (see `deploy.process`)."""

    def __init__(self, say: Say, changed: Callable[[], None]) -> None:
        """`say` takes lines for the person; `changed` is called after each start, before the process can serve."""
        self._say = say
        self._changed = changed
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._processes: dict[str, Process] = {}
        self._ready: dict[str, asyncio.Event] = {}
        self._parts: dict[str, Part] = {}
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Fails when the supervision of a part itself does, a fault of this program. Whoever runs it waits for it."""

    def start(self, part: Part) -> None:
        """Begin to keep a part running."""
        self._parts[part.name] = part
        self._ready[part.name] = asyncio.Event()
        keeper = asyncio.create_task(self._keep(part), name=f"keep {part.name}")
        keeper.add_done_callback(self._ended)
        self._keepers[part.name] = keeper

    def pid(self, name: str) -> int | None:
        """The process of a part now, or None when it is not part of this stack or has not been started."""
        process = self._processes.get(name)
        return None if process is None else process.pid

    async def wait_ready(self, names: Iterable[str], within: float) -> set[str]:
        """Wait until these parts are ready, `within` seconds at most; returns those that are not."""
        waits = {asyncio.create_task(self._ready[name].wait(), name=name) for name in names}
        try:
            _, pending = await asyncio.wait(waits, timeout=within) if waits else (set(), set())
            return {task.get_name() for task in pending}
        finally:
            await cancelled(waits)

    async def stop(self, order: Iterable[str]) -> None:
        """Stop the parts one after the other, each to its end; `order` may name parts that never started."""
        for name in order:
            if keeper := self._keepers.pop(name, None):
                await cancelled([keeper])
            process = self._processes.pop(name, None)
            if process is not None:
                part = self._parts[name]
                await process.stop(part.stop_signal, part.stop_grace)

    def _ended(self, keeper: asyncio.Task[None]) -> None:
        error = None if keeper.cancelled() else keeper.exception()
        if error is not None and not self.broken.done():
            self.broken.set_exception(error)

    async def _keep(self, part: Part) -> None:
        deaths = 0
        while True:
            process = await self._spawn(part)
            if process is not None:
                code = await self._live(part, process)
                deaths = 1 if process.age > STEADY else deaths + 1
                self._tell(part, process, code, deaths)
            await asyncio.sleep(SPACING if process is None else max(0.0, SPACING - process.age))

    async def _spawn(self, part: Part) -> Process | None:
        try:
            await part.prepare()
            trim(part.log)
            process = Process.start(part.command(), part.log)
        except (OSError, StackError) as error:
            self._say(f"{part.name} cannot be started: {error}. Trying on.")
            return None
        self._processes[part.name] = process
        self._changed()
        return process

    async def _live(self, part: Part, process: Process) -> int:
        """See a process to its end, telling when it is ready."""
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(self._watch(part, process))
            code = await process.wait()
            watch.cancel()
        return code

    async def _watch(self, part: Part, process: Process) -> None:
        while not await part.ready():  # noqa: ASYNC110 - the event happens in another process
            await asyncio.sleep(POLL)
        again = " again" if self._ready[part.name].is_set() else ""
        self._say(f"{part.name} is ready{again} ({process.age:.1f} s)")
        self._ready[part.name].set()

    def _tell(self, part: Part, process: Process, code: int, deaths: int) -> None:
        how = f"exit {code}" if code >= 0 else f"signal {-code}"
        self._say(f"{part.name} died ({how}, after {process.age:.1f} s) and is started again. Log: {part.log}")
        if deaths <= TOLD_IN_FULL and (lines := last_lines(part.log)):
            self._say(lines)


async def cancelled(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they are gone."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
