"""Ctrl-C at the right moment: what must not be left half done is done first. Must not decide what Ctrl-C means."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def unbroken() -> Iterator[None]:
    """Inside, Ctrl-C waits; it is raised as KeyboardInterrupt at the end. For short things of the main thread."""
    pressed: list[int] = []

    def remember(number: int, _: FrameType | None) -> None:
        pressed.append(number)

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt
