"""Shows how much of a long download has come: a bar at a terminal, a plain line for each tenth elsewhere.

Writes to standard error only, because standard output belongs to the result (`python -m deploy.weights` prints a path).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

Moved = Callable[[int], None]
"""Called with the number of bytes that have come so far; may repeat itself or fall back after a damaged part."""


@contextmanager
def meter(console: Console, total: int) -> Iterator[Moved]:
    """A way to report progress towards `total` bytes, drawn as fits `console`."""
    if console.is_terminal:
        with bar(console, total) as moved:
            yield moved
    else:
        yield Lines(console, total)


@contextmanager
def bar(console: Console, total: int) -> Iterator[Moved]:
    """A live bar with speed and time left."""
    columns = (TextColumn("local model"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=total)
        yield lambda done: progress.update(task, completed=done)


class Lines:
    """One line for each tenth that is reached, so that a log stays short and still shows life."""

    def __init__(self, console: Console, total: int) -> None:
        self._console, self._total, self._tenths = console, total, 0

    def __call__(self, done: int) -> None:
        """Say the tenth that `done` bytes reach, once."""
        tenths = 10 * done // self._total
        if tenths > self._tenths:
            self._tenths = tenths
            self._console.print(f"local model: {tenths * 10} % of {self._total / 1e9:.2f} GB", highlight=False)
